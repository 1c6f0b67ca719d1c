"""The books: the journal, the issued documents, and the search that the tax law asks for."""

import io
import zipfile

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.models.customers import Customer
from shared.search import search_text
from shared.verify import verify
from tests.backoffice.conftest import Office
from tests.backoffice.months import BLANK, a_roof, an_office, december_issued
from tests.data.homes import the_bill
from tests.pages import Page, words
from tests.people import PASSWORD

HOMES = ["1120230001", "1120230002", "1120230003"]
UNDATED = "1120230004"


@pytest.fixture
def desk(engine: Engine) -> Office:
    """Give three homes whose December is issued and January closed, and a held one."""
    for number in HOMES:
        a_roof(engine, number)
    a_roof(engine, UNDATED, contract=BLANK)
    december_issued(engine)
    with Session(engine) as session, session.begin():
        for n, customer in enumerate(session.query(Customer).order_by(Customer.id)):
            customer.kana = ("アオキ", "イトウ", "ウエダ", "エノモト")[n]
            customer.search_text = search_text(
                customer.customer_no, customer.name, customer.kana, ""
            )
    return an_office(engine)


def void(desk: Office, number: str) -> None:
    browser = desk.as_("billing")
    page = browser.get(f"/office/invoices/{number}")
    form = {"version": page.all("input", name="version")[0].get("value", ""), "reason": "二重契約"}
    assert (
        browser.post(f"/office/invoices/{number}/void", form | {"password": PASSWORD}).status == 303
    )


def found(page: Page) -> set[str]:
    return {one.get("value", "") for one in page.all("input", name="picked")}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("from=2024-01-20&to=2024-01-20", HOMES),
        ("from=2024-01-21&to=2024-02-14", []),
        ("min=2327&max=2327&state=issued", HOMES),
        ("min=2328&max=9999&state=issued", []),
        ("q=イトウ&state=issued", [HOMES[1]]),
        ("q=いとう&from=2024-01-20&to=2024-01-20&min=2000&max=2400", [HOMES[1]]),
        ("q=いとう&from=2024-01-20&to=2024-01-20&min=2400", []),
        ("q=うえだ&from=2023-12-01&to=2024-01-31&max=2327&state=issued", [HOMES[2]]),
    ],
)
def test_date_amount_and_counterparty_are_searched_by_range_and_together(
    desk: Office, query: str, numbers: list[str]
) -> None:
    page = desk.as_("viewer").get(f"/office/invoices?{query}")
    assert found(page) == {f"2312{number}" for number in numbers}


def test_the_journal_keeps_what_was_taken_back_by_whom_and_why(desk: Office) -> None:
    void(desk, f"2312{HOMES[0]}")
    page = desk.as_("viewer").get("/office/books?month=2023-12")
    rows = [" ".join(map(words, row)) for row in page.all("tr")]
    assert "4,654" in rows[1], "three issued, one taken back"
    assert rows[-1] == (
        f"2024/02/28 取消 2023/12 2312{HOMES[0]} {HOMES[0]} 顧客0001 −2,327  二重契約 "
        "billing@example.jp"
    )
    lines = (
        desk.as_("viewer").get("/office/books.csv?month=2023-12").answer.data.decode("utf-8-sig")
    ).splitlines()
    assert lines[0].startswith("日付,区分,利用月,請求番号,顧客番号,氏名,利用料金合計(円)")
    assert len(lines) == 5


def test_all_issued_documents_of_a_month_are_one_file(desk: Office) -> None:
    void(desk, f"2312{HOMES[0]}")
    answer = desk.as_("viewer").get("/office/invoices.zip?month=2023-12").answer
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = archive.namelist()
        assert set(names) == {
            f"請求書_2312{HOMES[0]}_取消.pdf",
            *(f"請求書_2312{number}.pdf" for number in HOMES[1:]),
        }
        assert all(archive.read(name).startswith(b"%PDF") for name in names)


def test_ticked_bills_are_issued_after_a_look_and_the_others_say_why_not(desk: Office) -> None:
    browser = desk.as_("billing")
    ticked = f"picked=2401{HOMES[0]}&picked=2401{HOMES[1]}&picked=2401{UNDATED}"
    page = browser.get(f"/office/issue?{ticked}")
    assert "2 件、合計 4,654円" in page.text
    assert "締め済でない 1 件" in page.text
    seen = page.all("input", name="seen")[0].get("value", "")
    assert browser.post(f"/office/issue?{ticked}", {"seen": "other"}).status == 409
    result = browser.post(f"/office/issue?{ticked}", {"seen": seen})
    assert "2 件のうち 2 件をしました" in result.text
    states = [the_bill(desk.engine, f"2401{number}")["state"] for number in (*HOMES, UNDATED)]
    assert states == ["issued", "issued", "closed", "held"]
    with Session(desk.engine) as session:
        assert verify(session) == []
