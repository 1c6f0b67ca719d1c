"""Asking for bills; whose they are is a parameter of the question (security.md T7)."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from shared.errors import NotFound
from shared.invoices.rows import (
    FIGURES,
    BillRow,
    InvoiceFilter,
    Page,
    Totals,
    bill_row,
)
from shared.models.customers import Customer
from shared.models.invoices import Hold, Invoice, InvoiceDay, InvoiceRegister
from shared.months import Month, month_of
from shared.search import folded
from shared.units import fine_text

BillDocument = dict[str, Any]
"""The dict of `bill show --json` (interfaces.md §3), with what the pages add to it."""

_VISIBLE = ("issued", "void")
_SORT: dict[str, ColumnElement[Any]] = {
    **{figure: getattr(Invoice, figure) for figure in FIGURES},
    "month": Invoice.month,
    "invoice_no": Invoice.invoice_no,
    "customer_no": Customer.customer_no,
    "name": Invoice.name,
    "state": Invoice.state,
    "quality": Invoice.quality,
}


def find_bills_of_customer(session: Session, customer_id: int) -> list[BillRow]:
    """Return what a homeowner may see of the own bills, issued ones, newest first."""
    rows = session.execute(
        select(Invoice, Customer.customer_no)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Invoice.customer_id == customer_id, Invoice.state.in_(_VISIBLE))
        .order_by(Invoice.month.desc(), Invoice.revision.desc())
    )
    return [bill_row(invoice, customer_no) for invoice, customer_no in rows]


def get_bill(session: Session, invoice_no: str, *, customer_id: int | None) -> BillDocument:
    """Return a bill with its days and registers; `customer_id` None asks as the operator.

    Raises NotFound for a bill that does not exist, is another's, or is not issued yet.
    """
    query = (
        select(Invoice, Customer.customer_no)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Invoice.invoice_no == invoice_no)
    )
    if customer_id is not None:
        query = query.where(Invoice.customer_id == customer_id, Invoice.state.in_(_VISIBLE))
    found = session.execute(query).first()
    if found is None:
        raise NotFound(f"there is no invoice {invoice_no}")
    return _document(session, *found)


def _document(session: Session, invoice: Invoice, customer_no: str) -> BillDocument:
    return {
        "invoice_no": invoice.invoice_no,
        "customer_no": customer_no,
        "name": invoice.name,
        "month": str(month_of(invoice.month)),
        "period": {
            "start": invoice.period_start.isoformat(),
            "end": invoice.period_end.isoformat(),
        },
        "state": invoice.state,
        "quality": invoice.quality,
        **{figure: getattr(invoice, figure) for figure in FIGURES},
        "tax_yen": invoice.tax_yen,
        "issued_on": invoice.issued_on and invoice.issued_on.isoformat(),
        "days": _days(session, invoice.id),
        "registers": _registers(session, invoice.id),
        "holds": list(session.scalars(select(Hold.reason).where(Hold.invoice_id == invoice.id))),
        "hash": invoice.hash,
        "explanation": json.loads(invoice.snapshot).get("explanation"),
    }


def _days(session: Session, invoice_id: int) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(InvoiceDay).where(InvoiceDay.invoice_id == invoice_id).order_by(InvoiceDay.day)
    )
    return [
        {
            "date": row.day.isoformat(),
            "pv_wh": row.pv_wh,
            "export_wh": row.export_wh,
            "use_wh": row.use_wh,
            "export_yen": None if row.export_fine is None else fine_text(row.export_fine),
            "use_yen": None if row.use_fine is None else fine_text(row.use_fine),
            "quality": row.quality,
        }
        for row in rows
    ]


def _registers(session: Session, invoice_id: int) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(InvoiceRegister)
        .where(InvoiceRegister.invoice_id == invoice_id)
        .order_by(InvoiceRegister.quantity.desc(), InvoiceRegister.seq)
    )
    return [
        {
            "channel": row.quantity,
            "serial": row.serial,
            "opening_wh": row.opening_wh,
            "opening_at": row.opening_at,
            "closing_wh": row.closing_wh,
            "closing_at": row.closing_at,
            "opening_how": row.opening_how or None,
            "closing_how": row.closing_how or None,
            "how": row.closing_how,
            "energy_wh": row.energy_wh,
        }
        for row in rows
    ]


def live_bill(_session: Session, _customer_id: int, _now: int) -> BillDocument | None:
    """Return the bill of the month that runs, computed as if it ended now; None before any."""
    return None


def find_invoices(
    session: Session, wanted: InvoiceFilter, sort: str, limit: int, offset: int
) -> Page[BillRow]:
    """Return one page of the bills that a filter finds; `sort` is a key, `-` before it reverses."""
    total = session.scalar(_narrowed(select(func.count(Invoice.id)), wanted)) or 0
    key = _SORT[sort.removeprefix("-")]
    query = _narrowed(select(Invoice, Customer.customer_no), wanted).order_by(
        key.desc() if sort.startswith("-") else key, Invoice.id.desc()
    )
    rows = session.execute(query.limit(limit).offset(offset))
    return Page([bill_row(invoice, customer_no) for invoice, customer_no in rows], total)


def each_invoice(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[BillRow]:
    """Yield every bill that a filter finds, read from the database piece by piece."""
    key = _SORT[sort.removeprefix("-")]
    query = _narrowed(select(Invoice, Customer.customer_no), wanted).order_by(
        key.desc() if sort.startswith("-") else key, Invoice.id.desc()
    )
    for invoice, customer_no in session.execute(query.execution_options(yield_per=500)):
        yield bill_row(invoice, customer_no)


def filter_totals(session: Session, wanted: InvoiceFilter) -> Totals:
    """Return the sums over all that a filter finds, not only the page shown."""
    live = Invoice.state != "void"
    sums = [func.coalesce(func.sum(getattr(Invoice, name)).filter(live), 0) for name in FIGURES]
    row = session.execute(_narrowed(select(func.count(Invoice.id), *sums), wanted)).one()
    return Totals(row[0], **{name: int(row[place]) for place, name in enumerate(FIGURES, 1)})


def count_by(session: Session, wanted: InvoiceFilter, column: str) -> dict[str, int]:
    """Return how many bills a filter finds of each `state` or `quality`."""
    group = _SORT[column]
    query = _narrowed(select(group, func.count(Invoice.id)), wanted).group_by(group)
    return {name: count for name, count in session.execute(query)}


def find_months(session: Session, limit: int) -> list[Month]:
    """Return the newest months that have a bill, oldest first."""
    query = select(Invoice.month).distinct().order_by(Invoice.month.desc()).limit(limit)
    return [month_of(first) for first in session.scalars(query)][::-1]


def find_hold_counts(session: Session) -> dict[str, int]:
    """Return how many held bills each reason holds, the commonest first."""
    count = func.count(Hold.invoice_id)
    query = (
        select(Hold.reason, count)
        .join(Invoice, Invoice.id == Hold.invoice_id)
        .where(Invoice.state == "held")
        .group_by(Hold.reason)
        .order_by(count.desc(), Hold.reason)
    )
    return {reason: held for reason, held in session.execute(query)}


def find_holds(session: Session) -> list[tuple[BillRow, list[str]]]:
    """Return every held bill with its reasons, the oldest month first."""
    bills = session.execute(
        select(Invoice, Customer.customer_no)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Invoice.state == "held")
        .order_by(Invoice.month, Invoice.invoice_no)
    ).all()
    reasons: dict[int, list[str]] = {invoice.id: [] for invoice, _ in bills}
    query = select(Hold).join(Invoice, Invoice.id == Hold.invoice_id)
    for hold in session.scalars(query.where(Invoice.state == "held").order_by(Hold.reason)):
        reasons[hold.invoice_id].append(hold.reason)
    return [(bill_row(invoice, number), reasons[invoice.id]) for invoice, number in bills]


def _narrowed(query: Select[Any], wanted: InvoiceFilter) -> Select[Any]:
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
    }
    asked = ((make, getattr(wanted, name)) for name, make in makers.items())
    return [make(bound) for make, bound in asked if bound not in (None, "")]


def _on_or_after(day: date) -> ColumnElement[bool]:
    """An issued bill counts by its issue date, another by the last day of its period."""
    return or_(
        and_(Invoice.issued_on.is_not(None), Invoice.issued_on >= day),
        and_(Invoice.issued_on.is_(None), Invoice.period_end > day),
    )


def _mentions(q: str) -> ColumnElement[bool]:
    """Search number, name, kana and mail, folded; `%` and `_` are themselves."""
    return or_(
        Invoice.invoice_no.contains(q, autoescape=True),
        Customer.search_text.contains(folded(q), autoescape=True),
    )
