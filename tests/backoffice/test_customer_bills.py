"""The bills of one customer: own and past ones, with the page's own search, pager and file."""

import pytest
from sqlalchemy.orm import Session

from shared.models.invoices import PastBill
from shared.months import Month
from tests.backoffice.conftest import HOME, Office
from tests.pages import words
from tests.people import NOW, a_bill

LIST = f"/office/customers/{HOME}/invoices"


@pytest.fixture
def past(office: Office) -> str:
    """Store a bill of the old system and return its number."""
    number = f"2311{HOME}"
    with Session(office.engine) as session, session.begin():
        session.add(
            PastBill(
                invoice_no=number, customer_id=office.customer_id, month=Month(2023, 11).first(),
                name="顧客0170", base_yen=980, pv_wh=411_400, export_wh=281_100, use_wh=130_300,
                export_yen=4498, use_yen=97, total_yen=1077, imported_at=NOW,
            )
        )  # fmt: skip
    return number


def test_the_past_stands_among_the_own_bills_newest_first(office: Office, past: str) -> None:
    page = office.as_("viewer").get(LIST)
    prefix = f"{LIST}/"
    numbers = [one.removeprefix(prefix) for one in page.links() if one.startswith(prefix)]
    assert numbers == [f"2402{HOME}", f"2401{HOME}", past]
    assert "旧システム" in page.text
    (row,) = [one for one in page.all("tr") if one.get("class") == "sum"]
    assert "5,731" in words(row)


def test_a_past_bill_has_a_page_that_says_what_it_is(office: Office, past: str) -> None:
    page = office.as_("viewer").get(f"{LIST}/{past}")
    assert page.figure(past, "total_yen") == 1077
    assert "旧システムから引き継いだ請求書です" in page.text


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("q=2311", 1), (f"q={HOME}", 3), ("q=%25", 0), ("month=2024-01", 1), ("month=x", 3)],
)
def test_its_search_takes_number_and_month(
    office: Office, past: str, query: str, count: int
) -> None:
    assert f"全 {count} 件" in office.as_("viewer").get(f"{LIST}?{query}").text


def test_its_pages_lead_on_and_back(office: Office, past: str) -> None:
    page = office.as_("viewer").get(f"{LIST}?size=1&page=2")
    (foot,) = [one for one in page.all("nav") if one.get("aria-label") == "ページ"]
    text = words(foot)
    assert text.endswith("◀ 前へ123次へ ▶")


def test_its_file_holds_what_its_search_finds(office: Office, past: str) -> None:
    answer = office.as_("viewer").get(f"{LIST}.csv?q=2311").answer
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[1] == (
        f"2023/11,{past},{HOME},顧客0170,980,411.40,281.10,130.30,4498,97,1077,旧システム,"
    )
    assert len(lines) == 2


def test_sorted_upwards_the_oldest_month_stands_first(office: Office, past: str) -> None:
    a_bill(office.engine, office.customer_id, Month(2023, 10))
    page = office.as_("viewer").get(f"{LIST}?sort=month")
    assert page.links().index(f"{LIST}/2310{HOME}") < page.links().index(f"{LIST}/{past}")


def test_nobody_has_the_bills_of_an_unknown_customer(office: Office) -> None:
    for path in ("/office/customers/1199999999/invoices", "/office/customers/1/invoices.csv"):
        assert office.as_("viewer").get(path).status == 404
