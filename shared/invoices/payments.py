"""Which bills are paid, by a person's word or a file's; taken back with a reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from shared import audit
from shared.db import in_chunks, rows_of
from shared.errors import Refused
from shared.invoices.documents import get_invoice
from shared.models.customers import Customer
from shared.models.documents import InvoicePaper
from shared.models.invoices import Invoice
from shared.models.mail import Outbox
from shared.models.payments import Payment
from shared.months import Month, day_of, month_of

PAID: Final = "paid"
TAKEN_BACK: Final = "taken_back"
STATES: Final = ("unpaid", "overdue", "paid", "astray")
"""What a list of payments shows; `astray`: paid, and void by now."""
_CHUNK: Final = 500


def _newest() -> Select[int]:
    return select(func.max(Payment.id)).group_by(Payment.invoice_id)


def find_payments(session: Session, invoice_ids: Iterable[int]) -> dict[int, Payment]:
    """Return the payment of each of some bills that is paid."""
    found: dict[int, Payment] = {}
    for chunk in in_chunks(invoice_ids, _CHUNK):
        newest = _newest().where(Payment.invoice_id.in_(chunk))
        for row in session.scalars(select(Payment).where(Payment.id.in_(newest))):
            if row.kind == PAID:
                found[row.invoice_id] = row
    return found


_OTHER: Final = aliased(Payment)
_PAID_DAYS: Final = (
    select(Invoice.invoice_no, Payment.paid_on)
    .join(Payment, Payment.invoice_id == Invoice.id)
    .where(
        Invoice.invoice_no.in_(bindparam("invoice_nos", expanding=True)),
        Payment.kind == PAID,
        Payment.id
        == select(func.max(_OTHER.id)).where(_OTHER.invoice_id == Invoice.id).scalar_subquery(),
    )
)


def find_paid_days(session: Session, invoice_nos: Sequence[str]) -> dict[str, date]:
    """Return the day on which each of some bills was paid, by its number; unpaid ones are out."""
    return {
        row.invoice_no: row.paid_on
        for chunk in in_chunks(invoice_nos, _CHUNK)
        for row in rows_of(session, _PAID_DAYS, {"invoice_nos": chunk})
    }


def are_in_use(session: Session) -> bool:
    """Say whether payments are recorded at all; else no bill is told to be unpaid."""
    return session.scalar(select(Payment.id).limit(1)) is not None


@dataclass(frozen=True, slots=True)
class Word:
    """Who says something about a payment, and when."""

    now: int
    actor: str


def pay(
    session: Session, invoice_no: str, paid_on: date, word: Word, external_id: str = ""
) -> None:
    """Note that a bill was paid in full; audited.

    Raises NotFound, and Refused where it is not issued, paid already, or the day is to come.
    """
    bill = get_invoice(session, invoice_no)
    if bill.state != "issued" or bill.total_yen is None:
        raise Refused(f"{invoice_no} is {bill.state}: only an issued bill is paid", "pays_issued")
    if paid_on > day_of(word.now):
        raise Refused(f"{invoice_no}: {paid_on} is still to come", "paid_later")
    if bill.id in find_payments(session, [bill.id]):
        raise Refused(f"{invoice_no} is paid already", "paid_already")
    session.add(
        Payment(
            invoice_id=bill.id, kind=PAID, paid_on=paid_on, amount_yen=bill.total_yen,
            external_id=external_id, at=word.now, actor=word.actor,
        )
    )  # fmt: skip
    told = {"paid_on": paid_on.isoformat(), "yen": bill.total_yen, "external_id": external_id}
    audit.record(session, word.now, word.actor, "payment.paid", invoice_no, told)


def take_back(session: Session, invoice_no: str, reason: str, word: Word) -> None:
    """Note that a bill was not paid after all, with the reason; audited.

    Raises NotFound, and Refused where it is not paid.
    """
    bill = get_invoice(session, invoice_no)
    row = find_payments(session, [bill.id]).get(bill.id)
    if row is None:
        raise Refused(f"{invoice_no} is not paid", "not_paid")
    session.add(
        Payment(
            invoice_id=bill.id, kind=TAKEN_BACK, paid_on=row.paid_on, amount_yen=row.amount_yen,
            external_id=row.external_id, reason=reason, at=word.now, actor=word.actor,
        )
    )  # fmt: skip
    audit.record(
        session, word.now, word.actor, "payment.taken_back", invoice_no, {"reason": reason}
    )


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A bill in the list of payments; `reminded_at` is when its last reminder was written."""

    invoice_no: str
    customer_no: str
    name: str
    month: Month
    total_yen: int
    email: str
    due_on: date | None
    paid_on: date | None
    reminded_at: int | None


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What the list of payments is narrowed to; `today` tells what is overdue."""

    state: str
    today: date
    month: Month | None = None
    q: str = ""


def find_payment_rows(
    session: Session, wanted: PaymentFilter, limit: int | None = None, offset: int = 0
) -> list[PaymentRow]:
    """Return the bills that a filter finds, those longest due first."""
    reminded = (
        select(func.max(Outbox.queued_at))
        .where(Outbox.kind == "reminder", Outbox.invoice_id == Invoice.id)
        .scalar_subquery()
    )
    rows = session.execute(
        _joined(select(Invoice, Customer, InvoicePaper.due_on, Payment.paid_on, reminded), wanted)
        .order_by(InvoicePaper.due_on.is_(None), InvoicePaper.due_on, Invoice.invoice_no)
        .limit(limit)
        .offset(offset)
    )
    return [
        PaymentRow(
            bill.invoice_no, customer.customer_no, bill.name, month_of(bill.month),
            bill.total_yen or 0, customer.email, due_on, paid_on, reminded_at,
        )
        for bill, customer, due_on, paid_on, reminded_at in rows
    ]  # fmt: skip


def count_payment_rows(session: Session, wanted: PaymentFilter) -> tuple[int, int]:
    """Return how many bills a filter finds, and how many yen they are."""
    columns = (func.count(Invoice.id), func.coalesce(func.sum(Invoice.total_yen), 0))
    row = session.execute(_joined(select(*columns), wanted)).one()
    return row[0], int(row[1])


def _joined(query: Select[*tuple[Any, ...]], wanted: PaymentFilter) -> Select[*tuple[Any, ...]]:
    paid = (Payment.invoice_id == Invoice.id) & (Payment.kind == PAID) & Payment.id.in_(_newest())
    return (
        query.select_from(Invoice)
        .join(Customer, Customer.id == Invoice.customer_id)
        .outerjoin(InvoicePaper, InvoicePaper.invoice_id == Invoice.id)
        .outerjoin(Payment, paid)
        .where(*_conditions(wanted))
    )


def _conditions(wanted: PaymentFilter) -> list[ColumnElement[bool]]:
    owed = [Invoice.state == "issued", Invoice.total_yen > 0, Payment.id.is_(None)]
    conditions = {
        "unpaid": owed,
        "overdue": [*owed, InvoicePaper.due_on < wanted.today],
        "paid": [Invoice.state == "issued", Payment.id.is_not(None)],
        "astray": [Invoice.state == "void", Payment.id.is_not(None)],
    }[wanted.state]
    if wanted.month:
        conditions = [*conditions, Invoice.month == wanted.month.first()]
    if wanted.q:
        texts = (Invoice.invoice_no, Invoice.name, Customer.customer_no)
        found = or_(*(text.contains(wanted.q, autoescape=True) for text in texts))
        conditions = [*conditions, found]
    return conditions
