"""The invoice screens of the original system: their headings, and its 23 invoices to the yen."""

import csv
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.db import make_engine
from shared.energy.quantities import Quantity
from shared.models.customers import Customer
from tests.backoffice.conftest import Office
from tests.backoffice.months import an_office
from tests.data.homes import a_home, billed, issued, registers, terms
from tests.pages import Page, words

HERE = Path(__file__).parents[1]
LIST = ("利用月", "請求番号", "顧客番号", "氏名", "基本料金円", "発電量kWh", "売電量kWh",
        "利用量kWh", "売電料金円", "利用料金円", "利用料金合計円")  # fmt: skip
DAYS = ("利用日", "発電量kWh", "売電量kWh", "利用量kWh", "売電料金円", "利用料金円")
INFO = ("請求番号", "顧客番号", "氏名", "契約期間", "基本料金", "発電量", "売電量", "利用量",
        "売電単価", "利用単価", "売電料金", "利用料金", "利用料金合計")  # fmt: skip
BLANK = {"1120230057", "1120230039", "1120220106"}
TEN = (date(2023, 12, 16), date(2037, 12, 15))
CLIPPED = "1120220110"
"""The bill whose days the original shows without their last column."""
DAILY = {
    CLIPPED: ["36.00 30.60 5.40 489.60", "44.50 34.00 10.50 544.00", "46.30 40.40 5.90 646.40",
              "46.00 35.00 11.00 560.00", "44.20 35.90 8.30 574.40", "13.50 8.20 5.30 131.20",
              "16.20 11.10 5.10 177.60"],
    "1120230057": ["16.00 7.30 8.70 116.80 0.00", "20.60 18.60 2.00 297.60 0.00",
                   "20.60 15.20 5.40 243.20 0.00", "15.30 13.20 2.10 211.20 0.00",
                   "18.30 15.20 3.10 243.20 0.00", "7.00 5.30 1.70 84.80 0.00",
                   "5.60 2.10 3.50 33.60 0.00"],
}  # fmt: skip
"""27 to 21 January 2024: generation, sold, used, and the yen."""


with (HERE / "seed-invoices.csv").open(encoding="utf-8") as file:
    INVOICES = list(csv.DictReader(file))


def wh(text: str) -> int:
    return round(float(text) * 1000)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Office:
    """Give the original's homes, with the registers that make its invoices."""
    path = tmp_path_factory.mktemp("seed") / "ppa.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    with Session(engine) as session, session.begin():
        fill(session)
    billed(engine, "2023-12", "2024-01-20 10:00")
    billed(engine, "2024-01", "2024-02-20 10:00")
    return an_office(engine)


def fill(session: Session) -> None:
    january = {row["顧客番号"]: row for row in INVOICES if row["利用月"] == "2024/01"}
    for number, row in sorted(january.items()):
        days = (None, None) if number in BLANK else TEN
        own = a_home(session, number, contract=days, base_fee=int(row["基本料金"]))
        customer = session.get_one(Customer, own)
        customer.name = row["氏名"]
        if number == "1120230057":
            terms(session, own, date(2023, 12, 21), contract=TEN)
            terms(session, own, date(2023, 12, 22), contract=(None, None))
        registers(session, own, readings(row))


def readings(row: dict[str, str]) -> dict[Quantity, list[tuple[str, str]]]:
    """Return registers that make a bill, its printed days, and the 97 yen of December."""
    number, made = row["顧客番号"], {}
    for quantity, month, place, story in (
        (Quantity.PV, row["発電量"], 0, [100_000, 160_000, 175_600, 511_400]),
        (Quantity.EXPORT, row["売電量"], 1, [50_000, 90_000, 102_000, 331_100]),
    ):
        opening = story[-1] if number == "1120230057" else 500_000
        points = [("2024-01-16", opening)]
        if number == "1120230057":
            days = ("2023-12-16", "2023-12-21", "2023-12-22", "2024-01-16")
            points = list(zip(days, story, strict=True))
        register = opening + 20_000
        for n, day in enumerate(reversed(DAILY.get(number, []))):
            points.append((f"2024-01-{21 + n}", register))
            register += wh(day.split()[place])
        points += [("2024-01-28", register)] if number in DAILY else []
        points.append(("2024-02-16", opening + wh(month)))
        made[quantity] = [(f"{day} 00:00", f"{at / 1000:.3f}") for day, at in points]
    return made


def grouped(text: str) -> str:
    return f"{int(text):,}"


def table_rows(page: Page) -> list[list[str]]:
    return [[words(cell) for cell in row] for row in page.all("tr")]


def test_the_list_has_the_originals_columns_and_every_invoice_to_the_yen(seeded: Office) -> None:
    page = seeded.as_("viewer").get("/office/invoices?size=100")
    rows = table_rows(page)
    heads = [head.removesuffix(" ▼") for head in rows[0][1:12]]
    assert tuple(head.replace(" ▼", "") for head in heads) == LIST
    found = {row[2]: row[1:12] for row in rows[2:]}
    for one in INVOICES:
        assert found[one["請求番号"]] == [
            one["利用月"], one["請求番号"], one["顧客番号"], one["氏名"],
            grouped(one["基本料金"]) + "円", f"{one['発電量']} kWh", f"{one['売電量']} kWh",
            f"{one['利用量']} kWh", *(grouped(one[key]) + "円" for key in
                                   ("売電料金", "利用料金", "利用料金合計")),
        ]  # fmt: skip
    assert words(page.all("nav", class_="crumbs")[0]) == "請求管理 / 一覧"
    assert {"検索"} <= {words(one) for one in page.all("button")}
    assert f"全 {len(rows) - 2} 件" in page.text


@pytest.mark.parametrize("number", sorted(DAILY))
def test_a_bills_page_has_the_originals_headings_and_days(seeded: Office, number: str) -> None:
    browser, bill = seeded.as_("billing"), f"2401{number}"
    for path, crumb in (
        (f"/office/invoices/{bill}", f"請求管理 / 詳細 ({bill})"),
        (f"/office/customers/{number}/invoices/{bill}",
         f"顧客管理 / 請求一覧({number}) / 請求詳細({bill})"),
    ):  # fmt: skip
        page = browser.get(path)
        assert words(page.all("nav", class_="crumbs")[0]) == crumb
        assert {"情報", "グラフ"} <= {words(one) for one in page.all("h2")}
        assert {words(one) for one in page.all("dt")} >= set(INFO)
        (table,) = page.all("table", data_newest_first="")
        rows = [[words(cell) for cell in row] for row in table.iter() if row.tag.endswith("tr")]
        assert tuple(rows[0][:6]) == DAYS
        shown = {row[0]: " ".join(row[1:6]) for row in rows}
        for n, day in enumerate(DAILY[number]):
            assert shown[f"2024/01/{27 - n}"].startswith(day)
        assert "編集" in {words(one) for one in page.all("a")}
        assert "詳細ダウンロード(CSV)" in {words(one) for one in page.all("a")}


def test_the_97_yen_are_on_the_customers_list_with_its_pager(seeded: Office) -> None:
    page = seeded.as_("viewer").get("/office/customers/1120230057/invoices")
    assert page.figure("23121120230057", "use_yen") == 97
    assert page.figure("23121120230057", "total_yen") == 1077
    assert tuple(head.replace(" ▼", "") for head in table_rows(page)[0][:11]) == LIST
    labels = {words(one) for one in page.all("label")}
    assert {"請求番号", "利用月"} <= labels
    (foot,) = [one for one in page.all("nav") if one.get("aria-label") == "ページ"]
    assert words(foot).endswith("◀ 前へ1次へ ▶")
    assert "一覧ダウンロード(CSV)" in {words(one) for one in page.all("a")}


def test_an_issued_bill_offers_to_edit_and_to_delete(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        own = a_home(session, CLIPPED, contract=TEN)
        registers(session, own, readings(next(r for r in INVOICES if r["顧客番号"] == CLIPPED)))
    billed(engine, "2024-01", "2024-02-20 10:00")
    issued(engine, "2024-01", "2024-02-20 10:00")
    page = an_office(engine).as_("billing").get(f"/office/invoices/2401{CLIPPED}")
    assert {"編集", "削除"} <= {words(one) for one in page.all("a")}
