"""Each heading of the old system's customer screens, and its twenty customers, on our pages."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.customers.importing import read_customers
from shared.customers.planning import plan_changes
from shared.customers.registering import Registrar, apply_changes
from tests.backoffice.conftest import Office
from tests.backoffice.months import an_office
from tests.data.customer_files import a_file, a_row
from tests.pages import Page, words
from tests.people import KEY, NOW

SEED = json.loads((Path(__file__).parents[1] / "golden.json").read_text("utf-8"))
CUSTOMERS = SEED["customers_seed_page1"]
LIST = ["顧客番号", "氏名", "基本料金", "売電単価", "利用単価", "契約期間", "メールアドレス",
        "請求", "削除"]  # fmt: skip
FORM = ["製造番号", "氏名", "氏名(カナ)", "契約開始日", "契約終了日", "基本料金", "売電単価",
        "利用単価", "各種情報", "認証コード"]  # fmt: skip
BILLS = ["利用月", "請求番号", "顧客番号", "氏名", "基本料金", "発電量", "売電量", "利用量",
         "売電料金", "利用料金", "利用料金合計"]  # fmt: skip


def as_row(one: dict[str, Any]) -> dict[str, str]:
    """Return a printed customer as a row of the import."""
    return a_row(
        1,
        **{
            "顧客番号": one["customer_no"],
            "氏名": one["name"],
            "契約開始日": one["start"] or "",
            "契約終了日": one["end"] or "",
            "基本料金(円)": str(one["base_yen"]),
            "売電単価(円)": one["sell_price"],
            "利用単価(円)": one["use_price"],
            "メールアドレス": one["email"],
        },
    )


def period(one: dict[str, Any]) -> str:
    """Return the contract as the list shows it."""
    if not one["start"]:
        return "未設定"
    return f"{one['start']} 〜 {one['end']}".replace("-", "/")


@pytest.fixture
def desk(engine: Engine) -> Office:
    """Give an office with the seed's twenty customers."""
    content = a_file(*(as_row(one) for one in CUSTOMERS))
    with Session(engine) as session, session.begin():
        sheet = read_customers(content, "seed.csv", "11")
        sheet.problems.check()
        changes = plan_changes(session, sheet.entries, NOW, lock=True)
        apply_changes(session, changes, Registrar(lambda: KEY, NOW, "test"))
    return an_office(engine)


def headings(page: Page) -> str:
    return " ".join(words(one) for one in page.all("th"))


def test_the_list_has_every_column_link_and_search_of_the_old_one(desk: Office) -> None:
    page = desk.as_("admin").get("/office/customers")
    assert all(heading in headings(page) for heading in LIST)
    for told in ("顧客管理 / 一覧", "検索", "新規登録", "全 20 件", "CSV で保存"):
        assert told in page.text
    number = CUSTOMERS[0]["customer_no"]
    for link in ("", "/invoices", "/delete"):
        assert f"/office/customers/{number}{link}" in page.links()


def test_the_twenty_customers_stand_as_the_seed_prints_them(desk: Office) -> None:
    page = desk.as_("viewer").get("/office/customers")
    shown = {row[1]: row[2:8] for row in page.rows() if len(row) > 8}
    assert list(shown) == [one["customer_no"] for one in CUSTOMERS], "in the seed's order"
    for one in CUSTOMERS:
        assert shown[one["customer_no"]] == [
            one["name"],
            str(one["base_yen"]),
            one["sell_price"],
            one["use_price"],
            period(one),
            one["email"],
        ]


@pytest.mark.parametrize("path", ["/office/customers/new", "/office/customers/1120230057/edit"])
def test_the_forms_have_every_field_of_the_old_ones(desk: Office, path: str) -> None:
    page = desk.as_("billing").get(path)
    labels = " ".join(words(one) for one in [*page.all("label"), *page.all("h2")])
    assert all(field in labels for field in FORM)
    if path.endswith("new"):
        assert "11 に続く 8 桁" in page.text
        assert "登録後自動生成" in page.text
    else:
        assert "登録日時" in page.text
        assert "更新日時" in page.text


def test_a_customers_bills_have_every_column_of_the_old_ones(desk: Office) -> None:
    page = desk.as_("viewer").get("/office/customers/1120230057/invoices")
    assert all(heading in headings(page) for heading in BILLS)
    assert "請求一覧" in page.text


def test_the_blank_contract_of_the_seed_says_what_to_do_next(desk: Office) -> None:
    page = desk.as_("billing").get("/office/customers/1120230057")
    assert "契約期間が入っていません" in page.text
    assert date(2024, 2, 28).isoformat() in {one.get("value") for one in page.all("input")}
