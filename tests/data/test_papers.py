"""What a bill's document prints of settings and person stays as it was at issue."""

from datetime import date

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from shared.db import make_engine
from shared.invoices.issuing import Act
from shared.invoices.revising import revise
from shared.models.customers import Customer
from shared.models.documents import InvoicePaper, InvoicePerson
from shared.models.invoices import Invoice
from shared.triggers import drop
from shared.verify import verify
from tests.data.homes import NOW, issued, terms, the_bill
from tests.data.papers import JANUARY, OPERATOR, a_billed_home, setting

KEY = "a secret for auth codes, in tests only"


def papers(engine: Engine, number: str) -> tuple[dict[str, object], tuple[str, str, str]]:
    """Return what is kept of a bill: its paper, and its person."""
    with Session(engine) as session:
        invoice_id = session.scalars(select(Invoice.id).where(Invoice.invoice_no == number)).one()
        paper = session.get_one(InvoicePaper, invoice_id)
        person = session.get_one(InvoicePerson, invoice_id)
        told = {
            column.name: getattr(paper, column.name) for column in InvoicePaper.__table__.columns
        }
        return told, (person.name, person.postal_code, person.address)


def test_an_issue_keeps_operator_and_person_and_later_changes_change_nothing(
    engine: Engine,
) -> None:
    setting(engine, **OPERATOR)
    customer_id = a_billed_home(engine)
    issued(engine, "2024-01", "2024-02-20 10:00")
    before = papers(engine, JANUARY)
    assert before[0]["operator_name"] == "例エネルギー株式会社"
    assert (before[0]["t_number"], before[0]["tax_rate"]) == ("T7123456789012", 10)
    assert before[0]["due_on"] == date(2024, 3, 27)
    assert before[1] == ("顧客0170", "150-0000", "東京都渋谷区例町4-5")
    bill = the_bill(engine, JANUARY)
    setting(engine, operator_name="別の会社", t_number="T7010705000725", due_day="5")
    with Session(engine) as session, session.begin():
        session.get_one(Customer, customer_id).address = "転居先"
    assert papers(engine, JANUARY) == before
    assert the_bill(engine, JANUARY) == bill
    with Session(engine) as session:
        assert verify(session) == []


def test_what_is_not_issued_keeps_nothing(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    a_billed_home(engine)
    with Session(engine) as session:
        assert session.scalar(select(func.count(InvoicePaper.invoice_id))) == 0
    assert the_bill(engine, JANUARY)["paper"] is None


def test_a_number_set_after_the_run_counts_for_figure_and_document_of_the_issue(
    engine: Engine,
) -> None:
    a_billed_home(engine, use="86.20")
    assert the_bill(engine, JANUARY)["tax_yen"] is None
    setting(engine, t_number="T7123456789012", tax_rounding="half_up")
    issued(engine, "2024-01")
    bill = the_bill(engine, JANUARY)
    assert (bill["tax_yen"], bill["paper"]["t_number"]) == (212, "T7123456789012")
    assert bill["paper"]["tax_rounding"] == "half_up"
    with Session(engine) as session:
        assert verify(session) == []


def test_a_correction_keeps_what_counts_when_it_is_issued(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    customer_id = a_billed_home(engine)
    issued(engine, "2024-01", "2024-02-20 10:00")
    setting(engine, operator_tel="03-9999-9999")
    with Session(engine) as session, session.begin():
        terms(session, customer_id, date(2024, 1, 16), use_price=2000)
        revise(session, JANUARY, "単価の訂正", Act("test", NOW, NOW, KEY), apply=True)
    old, new = (papers(engine, number)[0] for number in (JANUARY, f"{JANUARY}-2"))
    assert (old["operator_tel"], new["operator_tel"]) == ("03-0000-0000", "03-9999-9999")
    assert new["due_on"] == date(2026, 2, 27)


@pytest.mark.parametrize(
    ("use", "t_number", "rounding", "tax"),
    [
        ("86.20", "T7123456789012", "floor", 211),
        ("86.20", "T7123456789012", "half_up", 212),
        ("86.20", "", "floor", None),
        ("0.00", "T7123456789012", "ceil", 0),
    ],
)
def test_tax_is_told_once_and_only_with_a_number(
    engine: Engine, use: str, t_number: str, rounding: str, tax: int | None
) -> None:
    setting(engine, operator_name="例電力", t_number=t_number, tax_rounding=rounding)
    a_billed_home(engine, use=use)
    issued(engine, "2024-01")
    assert the_bill(engine, JANUARY)["tax_yen"] == tax


def test_a_changed_paper_breaks_the_chain(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    setting(engine, **OPERATOR)
    a_billed_home(engine)
    issued(engine, "2024-01")
    with engine.begin() as connection:
        drop(connection)
        connection.exec_driver_sql("UPDATE invoice_paper SET due_on = '2099-01-01'")
    with Session(engine) as session:
        assert [found.invariant for found in verify(session)] == ["I6"]
    engine.dispose()
