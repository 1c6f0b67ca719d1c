"""Bills of the system before ours in lists: found, summed and sent like our own."""

from collections.abc import Iterator
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from shared.invoices.rows import FIGURES, BillRow, InvoiceFilter, Page, Totals, past_row
from shared.models.customers import Customer
from shared.models.invoices import PastBill
from shared.search import folded

Ts = TypeVarTuple("Ts")

_SORT: dict[str, Any] = {
    **{figure: getattr(PastBill, figure) for figure in FIGURES},
    "month": PastBill.month,
    "invoice_no": PastBill.invoice_no,
    "customer_no": Customer.customer_no,
    "name": PastBill.name,
    "state": PastBill.month,
    "quality": PastBill.month,
}


def find_past_page(
    session: Session, wanted: InvoiceFilter, sort: str, limit: int, offset: int
) -> Page[BillRow]:
    """Return one page of the past bills that a filter finds; they have no state and no quality."""
    rows = session.execute(_sorted(wanted, sort).limit(limit).offset(offset))
    return Page([past_row(*found) for found in rows], count_past(session, wanted))


def each_past(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[BillRow]:
    """Yield every past bill that a filter finds."""
    for found in session.execute(_sorted(wanted, sort).execution_options(yield_per=500)):
        yield past_row(*found)


def past_totals(session: Session, wanted: InvoiceFilter) -> Totals:
    """Return the sums over the past bills that a filter finds."""
    sums = [func.coalesce(func.sum(getattr(PastBill, name)), 0) for name in FIGURES]
    row = session.execute(_narrowed(select(func.count(), *sums), wanted)).one()
    return Totals(row[0], **{name: int(row[place]) for place, name in enumerate(FIGURES, 1)})


def count_past(session: Session, wanted: InvoiceFilter) -> int:
    """Return how many past bills a filter finds."""
    return session.scalar(_narrowed(select(func.count()), wanted)) or 0


def _sorted(wanted: InvoiceFilter, sort: str) -> Select[PastBill, str]:
    key = _SORT[sort.removeprefix("-")]
    query = _narrowed(select(PastBill, Customer.customer_no), wanted)
    return query.order_by(key.desc() if sort.startswith("-") else key, PastBill.invoice_no.desc())


def _narrowed(query: Select[*Ts], wanted: InvoiceFilter) -> Select[*Ts]:
    joined = query.select_from(PastBill).join(Customer, Customer.id == PastBill.customer_id)
    return joined.where(*_conditions(wanted))


def _conditions(wanted: InvoiceFilter) -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each bound that a past bill can meet."""
    if wanted.q:
        mentions = Customer.search_text.contains(folded(wanted.q), autoescape=True)
        yield mentions | PastBill.invoice_no.contains(wanted.q, autoescape=True)
    if wanted.number:
        yield PastBill.invoice_no.contains(wanted.number, autoescape=True)
    if wanted.customer_no is not None:
        yield Customer.customer_no == wanted.customer_no
    if wanted.month is not None:
        yield PastBill.month == wanted.month.first()
    if wanted.min_yen is not None:
        yield PastBill.total_yen >= wanted.min_yen
    if wanted.max_yen is not None:
        yield PastBill.total_yen <= wanted.max_yen
    if wanted.from_day is not None:
        yield PastBill.month >= wanted.from_day.replace(day=1)
    if wanted.to_day is not None:
        yield PastBill.month <= wanted.to_day
    if wanted.picked:
        yield PastBill.invoice_no.in_(wanted.picked)
