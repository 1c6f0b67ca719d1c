"""What the databases refuse by themselves."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db import make_engine
from shared.models import Base
from shared.models.customers import Customer, Site, Term
from shared.models.documents import InvoiceDocument, InvoicePaper, InvoicePerson, Logo
from shared.models.invoices import (
    Estimate,
    Hold,
    Invoice,
    InvoiceDay,
    InvoiceEvent,
    InvoiceRegister,
    Proposal,
    Settlement,
)
from shared.models.mail import MailEvent, Outbox
from shared.models.operations import Audit, Setting
from shared.models.payments import Payment
from shared.models.telemetry import Channel, DayValue, ManualRegister, MeterEvent, Reading
from shared.triggers import APPEND_ONLY, ERASABLE

DAY = date(2024, 1, 16)
ISSUED = {"issued_at": 10, "issued_on": DAY, "hash": "00"}
VOIDED = {"state": "void", "voided_at": 20, "voided_by": "operator", "void_reason": "wrong meter"}


@pytest.fixture
def home(session: Session) -> Customer:
    """Give a stored customer 1 at site 1 with the pv channel 1."""
    customer = Customer(
        id=1,
        customer_no="1120230170",
        name="顧客0170",
        code_index=b"i",
        code_sealed=b"s",
        registered_at=0,
        updated_at=0,
    )
    session.add_all([customer, Site(id=1)])
    session.flush()
    session.add(Channel(id=1, site_id=1, quantity="pv"))
    session.commit()
    return customer


@pytest.fixture
def bill(session: Session, home: Customer) -> Invoice:
    """Give a closed bill with one day, one register and one warning."""
    invoice = a_bill()
    session.add(invoice)
    session.flush()
    session.add_all([a_day(invoice), a_register(invoice), Hold(invoice_id=1, reason="no_email")])
    session.add(Outbox(id=1, kind="bill", key="bill:1", recipient="", state="held", queued_at=0))
    session.commit()
    return invoice


def a_bill(number: int = 1, **changed: object) -> Invoice:
    """Return a closed bill of 2024-01."""
    columns = {
        "id": number,
        "customer_id": 1,
        "site_id": 1,
        "month": date(2024, 1, 1),
        "invoice_no": f"24011120230170-{number}",
        "period_start": DAY,
        "period_end": date(2024, 2, 16),
        "state": "closed",
        "quality": "A",
        "name": "顧客0170",
        "total_yen": 2327,
        "inputs": "",
        "snapshot": "{}",
        "computed_at": 0,
    }
    return Invoice(**columns | changed)


def a_day(invoice: Invoice, day: date = DAY) -> InvoiceDay:
    """Return a day of a bill."""
    return InvoiceDay(invoice_id=invoice.id, day=day, quality="A")


def a_register(invoice: Invoice) -> InvoiceRegister:
    """Return a register of a bill."""
    return InvoiceRegister(
        invoice_id=invoice.id,
        quantity="pv",
        seq=0,
        serial="",
        meter_at=0,
        opening_how="exact",
        closing_how="exact",
    )


def a_paper() -> InvoicePaper:
    """Return what bill 1 prints of the settings."""
    words = ("name", "postal_code", "address", "tel", "email")
    operator = {f"operator_{word}": word for word in words}
    return InvoicePaper(
        invoice_id=1, **operator, tax_rate=10, tax_rounding="floor", payment_text=""
    )


def change(row: Base, **columns: object) -> None:
    """Set columns of a row."""
    for name, new in columns.items():
        setattr(row, name, new)


def refused(session: Session, words: str) -> None:
    """Assert that what is pending is refused in those words; nothing of it stays."""
    with pytest.raises(IntegrityError, match=words):
        session.flush()
    session.rollback()


def rows_that_only_grow() -> list[Base]:
    """Return a row of each append-only table."""
    return [
        Audit(at=0, actor="a", action="b", subject="c"),
        DayValue(channel_id=1, day=DAY, source=1, wh=1, hours=24, received_at=0),
        Estimate(channel_id=1, day=DAY, wh=1, reason="r", recorded_at=0, recorded_by="a"),
        InvoiceEvent(invoice_id=1, kind="issued", at=0, actor="a"),
        a_paper(),
        Logo(content=b"", recorded_at=0, recorded_by="a"),
        MailEvent(outbox_id=1, at=0, kind="queued"),
        ManualRegister(channel_id=1, at=0, wh=1, reason="r", recorded_at=0, recorded_by="a"),
        MeterEvent(channel_id=1, at=0, serial="", installed_wh=0, recorded_at=0, recorded_by="a"),
        Payment(invoice_id=1, kind="paid", paid_on=DAY, amount_yen=1, at=0, actor="a"),
        Reading(channel_id=1, at=0, source=1, wh=1, received_at=0),
        Setting(key="k", text="t", valid_from=DAY, recorded_at=0, recorded_by="a"),
        Settlement(invoice_id=1, inputs="", reason="r", at=0, actor="a"),
    ]


CHANGES = dict(
    zip(
        APPEND_ONLY,
        (
            "actor", "hours", "reason", "kind", "payment_text", "recorded_by", "detail", "wh",
            "serial", "reason", "received_at", "text", "reason",
        ),
        strict=True,
    )
)  # fmt: skip


def test_rows_that_only_grow_are_all_tried() -> None:
    assert [row.__tablename__ for row in rows_that_only_grow()] == list(APPEND_ONLY)


@pytest.mark.parametrize("number", range(len(APPEND_ONLY)), ids=APPEND_ONLY)
@pytest.mark.usefixtures("bill")
def test_an_append_only_row_is_neither_changed_nor_deleted(session: Session, number: int) -> None:
    row = rows_that_only_grow()[number]
    session.add(row)
    session.commit()
    column = CHANGES[row.__tablename__]
    change(row, **{column: 5 if isinstance(getattr(row, column), int) else "other"})
    refused(session, "append-only")
    session.delete(row)
    refused(session, "append-only")


def test_sqlite_does_not_replace_past_the_guards(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:
        row = "INTO setting VALUES (1, 'k', 't', '2024-01-01', 0, 'a')"
        connection.execute(text(f"INSERT {row}"))
        with pytest.raises(IntegrityError, match="append-only"):
            connection.execute(text(f"INSERT OR REPLACE {row}"))
    engine.dispose()


@pytest.mark.parametrize("table", [*APPEND_ONLY, *ERASABLE, "term", "invoice", "invoice_day"])
def test_postgresql_does_not_empty_a_guarded_table(postgresql_url: str, table: str) -> None:
    engine = make_engine(postgresql_url)
    with engine.connect() as connection, pytest.raises(IntegrityError, match="emptied"):
        connection.execute(text(f"TRUNCATE {table} CASCADE"))
    engine.dispose()


@pytest.mark.usefixtures("home")
def test_a_term_can_be_withdrawn_once_and_nothing_else(session: Session) -> None:
    term = Term(
        customer_id=1, kind="base_fee", valid_from=DAY, figure=980, recorded_at=0, recorded_by="a"
    )
    session.add(term)
    session.commit()
    change(term, figure=0)
    refused(session, "only be withdrawn")
    change(term, figure=0, withdrawn_at=5)
    refused(session, "only be withdrawn")
    change(term, withdrawn_at=5)
    session.commit()
    for again in (6, None):
        change(term, withdrawn_at=again)
        refused(session, "only be withdrawn")
    session.add(a_bill())
    session.commit()
    session.delete(term)
    refused(session, "with a bill may not be deleted")


@pytest.mark.usefixtures("home")
def test_a_term_that_never_priced_anything_may_go(session: Session) -> None:
    term = Term(customer_id=1, kind="base_fee", valid_from=DAY, recorded_at=0, recorded_by="a")
    session.add(term)
    session.commit()
    session.delete(term)
    session.commit()


def test_a_bill_that_is_not_issued_is_recomputed_and_deleted_freely(
    session: Session, bill: Invoice
) -> None:
    change(bill, total_yen=1, state="held")
    session.execute(text("UPDATE invoice_day SET use_wh = 5"))
    for table in ("hold", "invoice_day", "invoice_register"):
        session.execute(text(f"DELETE FROM {table}"))
    session.delete(bill)
    session.commit()


@pytest.mark.parametrize("state", ["open", "held", "closed"])
def test_void_is_reached_only_from_issued(session: Session, bill: Invoice, state: str) -> None:
    change(bill, state=state)
    session.commit()
    change(bill, **VOIDED)
    refused(session, "only be voided")


@pytest.mark.parametrize(
    "changed",
    [
        {"total_yen": 1},
        {"state": "closed"},
        {"voided_at": 20},
        {**VOIDED, "total_yen": 1},
        {**VOIDED, "void_reason": None},
        {**VOIDED, "voided_by": None},
        {"hash": "01"},
        {"name": "顧客0171"},
    ],
    ids=str,
)
def test_an_issued_bill_is_not_changed(
    session: Session, bill: Invoice, changed: dict[str, object]
) -> None:
    issue(session, bill)
    change(bill, **changed)
    refused(session, "only be voided")
    assert bill.state == "issued"


def test_an_issued_bill_is_voided_once_and_then_given_one_successor(
    session: Session, bill: Invoice
) -> None:
    issue(session, bill)
    change(bill, **VOIDED)
    session.flush()
    session.add_all([a_bill(2), a_bill(3, month=date(2024, 2, 1))])
    session.flush()
    change(bill, successor_id=2)
    session.commit()
    for columns in (
        {"successor_id": 3},
        {"successor_id": None},
        {"state": "issued"},
        {"voided_at": 21},
    ):
        change(bill, **columns)
        refused(session, "only be voided")


@pytest.mark.parametrize("state", ["issued", "void"])
def test_an_issued_or_void_bill_is_not_deleted(session: Session, bill: Invoice, state: str) -> None:
    issue(session, bill)
    if state == "void":
        change(bill, **VOIDED)
        session.commit()
    session.delete(bill)
    refused(session, "may not be deleted")


@pytest.mark.parametrize("state", ["issued", "void"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO hold VALUES (1, 'certificate_unknown', '')",
        "UPDATE hold SET detail = 'x'",
        "DELETE FROM hold",
        "UPDATE invoice_day SET use_wh = 5",
        "UPDATE invoice_day SET invoice_id = 2",
        "DELETE FROM invoice_day",
        "INSERT INTO invoice_day (invoice_id, day, quality) VALUES (1, '2024-01-17', 'A')",
        "UPDATE invoice_register SET energy_wh = 5",
        "DELETE FROM invoice_register",
    ],
)
def test_the_parts_of_an_issued_or_void_bill_stay(
    session: Session, bill: Invoice, state: str, statement: str
) -> None:
    issue(session, bill)
    session.add(a_bill(2, month=date(2024, 2, 1)))
    session.commit()
    if state == "void":
        change(bill, **VOIDED)
        session.commit()
    with pytest.raises(IntegrityError, match="issued or void bill may not be changed"):
        session.execute(text(statement))


def test_a_part_is_not_moved_into_an_issued_bill(session: Session, bill: Invoice) -> None:
    issue(session, bill)
    other = a_bill(2, month=date(2024, 2, 1))
    session.add(other)
    session.flush()
    session.add(a_day(other, date(2024, 2, 16)))
    session.commit()
    with pytest.raises(IntegrityError, match="may not be changed"):
        session.execute(text("UPDATE invoice_day SET invoice_id = 1 WHERE invoice_id = 2"))


@pytest.mark.usefixtures("bill")
def test_a_person_on_a_bill_is_erased_once_and_whole_and_else_never_changed(
    session: Session,
) -> None:
    person = InvoicePerson(invoice_id=1, name="顧客0170", postal_code="100-0000", address="例町1")
    session.add(person)
    session.commit()
    nothing = {"name": "", "postal_code": "", "address": ""}
    for columns in (
        {"name": "顧客0171"},
        {"erased_at": 5},
        {**nothing},
        {"name": "", "erased_at": 5},
    ):
        change(person, **columns)
        refused(session, "only be erased")
    session.delete(person)
    refused(session, "may not be deleted")
    change(person, **nothing, erased_at=5)
    session.commit()
    change(person, name="顧客0170")
    refused(session, "only be erased")


@pytest.mark.usefixtures("bill")
def test_a_kept_document_is_emptied_once_and_else_never_changed(session: Session) -> None:
    kept = InvoiceDocument(
        invoice_id=1, face="issued", sha256="00", content=b"%PDF-", rendered_at=0
    )
    session.add(kept)
    session.commit()
    for columns in ({"content": b"%PDF-2"}, {"content": b""}, {"erased_at": 5}, {"face": "void"}):
        change(kept, **columns)
        refused(session, "only be erased")
    session.delete(kept)
    refused(session, "may not be deleted")
    change(kept, content=b"", erased_at=5)
    session.commit()


def issue(session: Session, bill: Invoice) -> None:
    """Issue the bill."""
    change(bill, state="issued", **ISSUED)
    session.commit()


@pytest.mark.usefixtures("bill")
def test_a_proposal_is_decided_once_and_never_rewritten(session: Session) -> None:
    row = Proposal(invoice_id=1, digest="d", old="{}", new="{}", causes="[]", found_at=0)
    session.add(row)
    session.commit()
    row.new = '{"total_yen": 1}'
    refused(session, "decided, once")
    row.state, row.decided_at, row.decided_by, row.reason = "refused", 1, "a", "r"
    session.commit()
    row.state = "open"
    refused(session, "decided, once")
    session.delete(row)
    refused(session, "append-only")
