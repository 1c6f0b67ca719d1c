"""How long bills keep whom they were issued to, and what becomes of that when it is over (D30).

A bill names its person for the years of the setting `bill_retention_years`, counted from the day
on which it was issued or, later, made void; one of the system before ours from the end of the
second month after its own. Only persons who were erased lose their names: nobody goes without
having asked.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.db import UNSYNCHRONISED
from shared.invoices.drafting import ISSUED, VOID
from shared.invoices.locking import lock_bills
from shared.models.base import Base
from shared.models.customers import Customer
from shared.models.documents import ERASED, InvoiceDocument, InvoicePerson
from shared.models.invoices import Invoice, PastBill
from shared.months import Month, day_of, instant, month_of
from shared.search import search_text
from shared.settings import find_settings


@dataclass(frozen=True, slots=True)
class Kept:
    """A bill that names its person until the end of a day; `is_due` once that day has passed."""

    invoice_no: str
    until: date
    is_due: bool


def find_kept(session: Session, customer_id: int, now: int) -> list[Kept]:
    """Return a customer's bills that still name the person, the longest kept last."""
    years, today = find_settings(session).bill_retention_years, day_of(now)
    bills = session.execute(
        select(Invoice.invoice_no, _issued_on(), Invoice.voided_at).where(
            Invoice.customer_id == customer_id, Invoice.name != ERASED
        )
    )
    past = session.execute(
        select(PastBill.invoice_no, PastBill.month).where(
            PastBill.customer_id == customer_id, PastBill.name != ERASED
        )
    )
    days = [
        (number, issued_on if voided_at is None else max(issued_on, day_of(voided_at)))
        for number, issued_on, voided_at in bills
    ]
    days += [(number, _past_final(month_of(month))) for number, month in past]
    kept = [(number, _years_on(day, years)) for number, day in days]
    found = [Kept(number, until, until < today) for number, until in kept]
    return sorted(found, key=lambda one: (one.until, one.invoice_no))


def find_due(session: Session, now: int) -> list[int]:
    """Return the erased customers of whom something named is past its term, by id."""
    bill, past = Invoice, PastBill
    finals, pasts = _due(session, now)
    is_due = or_(
        exists().where(bill.customer_id == Customer.id, finals),
        exists().where(past.customer_id == Customer.id, pasts),
        and_(
            Customer.name != ERASED,
            ~exists().where(bill.customer_id == Customer.id, bill.name != ERASED),
            ~exists().where(past.customer_id == Customer.id, past.name != ERASED),
        ),
    )
    query = select(Customer.id).where(Customer.erased_at.is_not(None), is_due)
    return list(session.scalars(query.order_by(Customer.id)))


def erase_due(session: Session, customer_id: int, now: int, actor: str) -> int:
    """Take an erased person from the bills whose term is over; return how many; audited.

    With the last of them the customer's own name and address go. Nobody who was not erased loses
    anything, whoever asks.
    """
    lock_bills(session)
    customer = session.get(Customer, customer_id, with_for_update=True)
    if customer is None or customer.erased_at is None:
        return 0
    finals, pasts = _due(session, now)
    ids = session.scalars(
        select(Invoice.id).where(Invoice.customer_id == customer_id, finals)
    ).all()
    _change(session, Invoice, Invoice.id.in_(ids), {"name": ERASED})
    _change(
        session,
        InvoicePerson,
        and_(InvoicePerson.invoice_id.in_(ids), InvoicePerson.erased_at.is_(None)),
        {"name": "", "postal_code": "", "address": "", "erased_at": now},
    )
    _change(
        session,
        InvoiceDocument,
        and_(InvoiceDocument.invoice_id.in_(ids), InvoiceDocument.erased_at.is_(None)),
        {"content": b"", "erased_at": now},
    )
    past = _change(
        session, PastBill, and_(PastBill.customer_id == customer_id, pasts), {"name": ERASED}
    )
    is_last = customer.is_named and not find_kept(session, customer_id, now)
    if is_last:
        customer.name, customer.postal_code, customer.address = ERASED, "", ""
    kana, email = customer.kana, customer.email
    customer.search_text = search_text(customer.customer_no, customer.name, kana, email)
    done = len(ids) + past
    if done or is_last:
        told = {"bills": done, "done": is_last}
        audit.record(session, now, actor, "customer_forgotten", customer.customer_no, told)
    session.flush()
    session.expire_all()
    return done


def _due(session: Session, now: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return which bills, and which of the system before ours, named a person long enough."""
    since = _years_on(day_of(now), -find_settings(session).bill_retention_years)
    finals = and_(
        Invoice.state.in_((ISSUED, VOID)),
        Invoice.name != ERASED,
        _issued_on() < since,
        or_(Invoice.voided_at.is_(None), Invoice.voided_at < instant(since)),
    )
    told_until = month_of(since.replace(day=1)).previous().previous().first()
    return finals, and_(PastBill.name != ERASED, PastBill.month < told_until)


def _issued_on() -> ColumnElement[date]:
    """Return the day of a bill's issue; of one that is not issued, which never is due, its last."""
    return func.coalesce(Invoice.issued_on, Invoice.period_end)


def _past_final(month: Month) -> date:
    return month.next().next().next().first() - timedelta(days=1)


def _years_on(day: date, years: int) -> date:
    """Return the same day some years on; of 29 February the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _change(
    session: Session,
    model: type[Base],
    rows: ColumnElement[bool],
    columns: dict[str, object],
) -> int:
    changed = update(model).where(rows).values(columns)
    return int(session.execute(changed, execution_options=UNSYNCHRONISED).rowcount)  # type: ignore[attr-defined]
