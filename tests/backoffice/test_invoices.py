"""The list of bills: every parameter of the address, totals of the filter, files, one bill."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.models.customers import Customer
from tests.backoffice.conftest import Office
from tests.pages import words
from tests.people import CODES, a_bill, a_home

ALL = {"total_yen", "base_yen", "use_yen", "export_yen", "pv_wh", "export_wh", "use_wh"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("month=2024-01", 2),
        ("month=2024-02", 1),
        ("state=held", 1),
        ("state=issued", 2),
        ("quality=B", 3),
        ("quality=A", 0),
        ("min=2327&max=2327", 3),
        ("min=2328", 0),
        ("from=2024-02-20&to=2024-02-20", 2),
        ("from=2024-03-15", 1),
        ("from=2024-03-16", 0),
        ("to=2024-03-14", 2),
        ("q=1120220110", 2),
        ("q=顧客0169", 1),
        ("q=%25", 0),
        ("q=_", 0),
        ("month=2024-1&state=x&quality=Z&min=abc&from=yesterday&sort=drop&page=0&size=-1", 3),
        ("page=99999999999999999999&size=1000", 3),
    ],
)
def test_the_address_narrows_the_list(office: Office, query: str, count: int) -> None:
    page = office.as_("viewer").get(f"/office/invoices?{query}")
    assert page.status == 200
    assert f"全 {count} 件" in page.text


@pytest.mark.parametrize(
    "key",
    [
        "month",
        "invoice_no",
        "customer_no",
        "name",
        "base_yen",
        "pv_wh",
        "export_wh",
        "use_wh",
        "total_yen",
        "state",
    ],
)
def test_the_list_is_sorted_by_its_heads(office: Office, key: str) -> None:
    browser = office.as_("viewer")
    up = _numbers(browser.get(f"/office/invoices?sort={key}").links())
    down = _numbers(browser.get(f"/office/invoices?sort=-{key}").links())
    assert len(up) == 3
    assert set(up) == set(down)


def test_pages_follow_one_another_without_gap(office: Office) -> None:
    browser = office.as_("viewer")
    pages = [browser.get(f"/office/invoices?size=1&page={n}") for n in (1, 2, 3)]
    assert len({_numbers(page.links())[0] for page in pages}) == 3
    assert all("全 3 件" in page.text for page in pages)


def test_the_first_row_sums_the_filter_and_not_the_page(office: Office) -> None:
    page = office.as_("viewer").get("/office/invoices?size=1")
    (row,) = [one for one in page.all("tr") if one.get("class") == "sum"]
    assert "3 件" in words(row)
    assert "6,981" in words(row)


def test_a_row_and_a_page_carry_their_figures(office: Office) -> None:
    browser = office.as_("viewer")
    assert browser.get("/office/invoices").figure(office.bill, "total_yen") == 2327
    page = browser.get(f"/office/invoices/{office.bill}")
    carried = {one.get("data-field") for one in page.all("data", data_invoice=office.bill)}
    assert carried == ALL


def test_the_file_holds_exactly_the_filter(office: Office) -> None:
    answer = office.as_("viewer").get("/office/invoices.csv?month=2024-01&sort=customer_no").answer
    lines = answer.data.decode("utf-8-sig").split("\r\n")
    assert lines[0] == (
        "利用月,請求番号,顧客番号,氏名,基本料金(円),発電量(kWh),売電量(kWh),利用量(kWh),"
        "売電料金(円),利用料金(円),利用料金合計(円),状態,品質"
    )
    assert lines[1] == (
        f"2024/01,{office.bill},1120220110,顧客0170,0,388.20,302.00,86.20,4832,2327,2327,発行済,B"
    )
    assert len(lines) == 4


def test_a_file_for_older_systems(office: Office) -> None:
    answer = office.as_("viewer").get("/office/invoices.csv?encoding=cp932").answer
    assert "利用月" in answer.data.decode("cp932")


def test_held_bills_say_why_and_what_to_do(office: Office) -> None:
    page = office.as_("viewer").get("/office/holds")
    assert office.held_bill in page.text
    assert "契約期間なし" in page.text
    assert page.figure(office.held_bill, "total_yen") == 2327


def test_a_bill_that_does_not_exist_is_not_found(office: Office) -> None:
    assert office.as_("viewer").get("/office/invoices/24019999999999").status == 404


def _numbers(links: list[str]) -> list[str]:
    prefix = "/office/invoices/"
    return [one.removeprefix(prefix) for one in links if one.startswith(prefix)]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("reason=contract_missing", 1),
        ("reason=use_negative", 0),
        ("undelivered=1", 0),
        ("state=past", 0),
        ("min=0&max=0", 0),
    ],
)
def test_more_chips_narrow_the_list(office: Office, query: str, count: int) -> None:
    assert f"全 {count} 件" in office.as_("viewer").get(f"/office/invoices?{query}").text


def test_a_chip_counts_what_it_would_find(office: Office) -> None:
    page = office.as_("viewer").get("/office/invoices?state=held")
    chips = {words(one) for one in page.all("a") if "chip" in (one.get("class") or "")}
    assert {"要確認 ×", "発行済 2", "契約期間なし 1"} <= chips


def test_ticked_bills_alone_are_in_the_file_unless_all_are_meant(office: Office) -> None:
    browser = office.as_("viewer")
    for query, count in ((f"picked={office.bill}", 1), (f"picked={office.bill}&all=1", 3)):
        answer = browser.get(f"/office/invoices.csv?{query}").answer
        assert len(answer.data.decode("utf-8-sig").splitlines()) == 1 + count


def test_the_file_is_named_by_month_and_day(office: Office) -> None:
    answer = office.as_("viewer").get("/office/invoices.csv?month=2024-01").answer
    assert "2024-01_20240228.csv" in answer.headers["Content-Disposition"]


def test_what_an_older_encoding_cannot_hold_is_told_before(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CODES, "1120220199", "QkTcmWqbHdAbCdEf")
    a_home(office.engine, "1120220199", "吉野家𠮷")
    with Session(office.engine) as session:
        owner = session.scalars(select(Customer.id).order_by(Customer.id.desc())).first() or 0
    a_bill(office.engine, owner)
    page = office.as_("viewer").get("/office/download/invoices")
    assert "請求書 4 件" in page.text
    assert "文字が 1 のセルにあります" in page.text
