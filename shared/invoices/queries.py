"""Asking for bills; whose they are is a parameter of the question (security.md T7)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from shared.invoices.rows import (
    FIGURES,
    BillRow,
    InvoiceFilter,
    Page,
    Totals,
    bill_row,
    version_of,
)
from shared.models.customers import Customer
from shared.models.invoices import Hold, Invoice
from shared.models.mail import Outbox
from shared.months import Month, month_of
from shared.search import folded

Ts = TypeVarTuple("Ts")

_SORT: dict[str, Any] = {
    **{figure: getattr(Invoice, figure) for figure in FIGURES},
    "month": Invoice.month,
    "invoice_no": Invoice.invoice_no,
    "customer_no": Customer.customer_no,
    "name": Invoice.name,
    "state": Invoice.state,
    "quality": Invoice.quality,
}


def find_invoices(
    session: Session, wanted: InvoiceFilter, sort: str, limit: int, offset: int
) -> Page[BillRow]:
    """Return one page of the bills that a filter finds; `sort` is a key, `-` before it reverses."""
    total = session.scalar(narrowed(select(func.count(Invoice.id)), wanted)) or 0
    key = _SORT[sort.removeprefix("-")]
    query = narrowed(select(Invoice, Customer.customer_no), wanted).order_by(
        key.desc() if sort.startswith("-") else key, Invoice.id.desc()
    )
    rows = session.execute(query.limit(limit).offset(offset))
    return Page([bill_row(invoice, customer_no) for invoice, customer_no in rows], total)


def each_invoice(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[BillRow]:
    """Yield every bill that a filter finds, read from the database piece by piece."""
    key = _SORT[sort.removeprefix("-")]
    query = narrowed(select(Invoice, Customer.customer_no), wanted).order_by(
        key.desc() if sort.startswith("-") else key, Invoice.id.desc()
    )
    for invoice, customer_no in session.execute(query.execution_options(yield_per=500)):
        yield bill_row(invoice, customer_no)


def each_version(
    session: Session, wanted: InvoiceFilter, most: int
) -> Iterator[tuple[BillRow, str]]:
    """Yield up to `most` bills that a filter finds, oldest month first, each with its version."""
    query = narrowed(select(Invoice, Customer.customer_no), wanted).order_by(
        Invoice.month, Invoice.invoice_no
    )
    for invoice, customer_no in session.execute(query.limit(most)):
        yield bill_row(invoice, customer_no), version_of(invoice)


def find_invoice_numbers(session: Session, customer_id: int) -> list[str]:
    """Return the numbers of all bills of a customer."""
    return list(
        session.scalars(select(Invoice.invoice_no).where(Invoice.customer_id == customer_id))
    )


def filter_totals(session: Session, wanted: InvoiceFilter) -> Totals:
    """Return the sums over all that a filter finds, not only the page shown."""
    live = Invoice.state != "void"
    sums = [func.coalesce(func.sum(getattr(Invoice, name)).filter(live), 0) for name in FIGURES]
    row = session.execute(narrowed(select(func.count(Invoice.id), *sums), wanted)).one()
    return Totals(row[0], **{name: int(row[place]) for place, name in enumerate(FIGURES, 1)})


def count_by(session: Session, wanted: InvoiceFilter, column: str) -> dict[str, int]:
    """Return how many bills a filter finds of each `state` or `quality`."""
    group = _SORT[column]
    query = narrowed(select(group, func.count(Invoice.id)), wanted).group_by(group)
    return dict(session.execute(query).all())


def find_months(session: Session, limit: int) -> list[Month]:
    """Return the newest months that have a bill, oldest first."""
    query = select(Invoice.month).distinct().order_by(Invoice.month.desc()).limit(limit)
    return [month_of(first) for first in session.scalars(query)][::-1]


def find_hold_counts(session: Session, state: str = "held") -> dict[str, int]:
    """Return how many bills of a state each reason holds, the commonest first."""
    count = func.count(Hold.invoice_id)
    query = (
        select(Hold.reason, count)
        .join(Invoice, Invoice.id == Hold.invoice_id)
        .where(Invoice.state == state)
        .group_by(Hold.reason)
        .order_by(count.desc(), Hold.reason)
    )
    return dict(session.execute(query).all())


def narrowed(query: Select[*Ts], wanted: InvoiceFilter) -> Select[*Ts]:
    """Join the customer and add a filter's conditions."""
    return query.join(Customer, Customer.id == Invoice.customer_id).where(*_conditions(wanted))


def _conditions(wanted: InvoiceFilter) -> list[ColumnElement[bool]]:
    """Return a condition for each bound that is set."""
    makers: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "q": _mentions,
        "customer_no": lambda number: Customer.customer_no == number,
        "month": lambda month: Invoice.month == month.first(),
        "state": lambda state: Invoice.state == state,
        "quality": lambda quality: Invoice.quality == quality,
        "from_day": _on_or_after,
        "to_day": lambda day: ~_on_or_after(day + timedelta(days=1)),
        "min_yen": lambda least: Invoice.total_yen >= least,
        "max_yen": lambda most: Invoice.total_yen <= most,
        "number": lambda part: Invoice.invoice_no.contains(part, autoescape=True),
        "reason": _is_held_for,
        "undelivered": lambda _yes: _is_undelivered(),
        "picked": Invoice.invoice_no.in_,
    }
    asked = ((make, getattr(wanted, name)) for name, make in makers.items())
    return [make(bound) for make, bound in asked if bound or (bound == 0 and bound is not False)]


def _on_or_after(day: date) -> ColumnElement[bool]:
    """Take an issued bill by its issue date, another by the last day of its period."""
    return or_(
        and_(Invoice.issued_on.is_not(None), Invoice.issued_on >= day),
        and_(Invoice.issued_on.is_(None), Invoice.period_end > day),
    )


def _is_held_for(reason: str) -> ColumnElement[bool]:
    hold = select(Hold.invoice_id).where(Hold.invoice_id == Invoice.id, Hold.reason == reason)
    return and_(Invoice.state.in_(("open", "held")), hold.exists())


def _is_undelivered() -> ColumnElement[bool]:
    """Look for a refused mail; those are few, so that they are asked first."""
    refused = select(Outbox.invoice_id).where(Outbox.state == "refused")
    return Invoice.id.in_(refused)


def count_undelivered(session: Session, wanted: InvoiceFilter) -> int:
    """Return how many bills of a filter have a mail that was refused."""
    query = narrowed(select(func.count(Invoice.id)), replace(wanted, undelivered=True))
    return session.scalar(query) or 0


def _mentions(q: str) -> ColumnElement[bool]:
    """Search number, name, kana and mail, folded; `%` and `_` are themselves."""
    return or_(
        Invoice.invoice_no.contains(q, autoescape=True),
        Customer.search_text.contains(folded(q), autoescape=True),
    )
