"""Asking for bills; whose they are is a parameter of the question (security.md T7)."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, Final, TypeVarTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from shared.db import rows_of
from shared.invoices.filtering import conditions
from shared.invoices.rows import FIGURES, BillRow, InvoiceFilter, bill_row, version_of
from shared.invoices.sums import count_by, filter_totals, find_months, find_sums
from shared.models.customers import Customer
from shared.models.invoices import Hold, Invoice
from shared.models.mail import Outbox
from shared.months import month_of

__all__ = [
    "count_by", "count_undelivered", "directed", "each_invoice", "each_version", "filter_totals",
    "find_hold_counts", "find_invoice_numbers", "find_months", "in_order", "list_row", "narrowed",
    "select_rows",
]  # fmt: skip

READ_AT_ONCE: Final = 2000
Ts = TypeVarTuple("Ts")

SORT: dict[str, tuple[Any, ...]] = {
    **{figure: (getattr(Invoice, figure), Invoice.id) for figure in FIGURES},
    "month": (Invoice.month, Invoice.id),
    "invoice_no": (Invoice.invoice_no,),
    "customer_no": (Customer.customer_no, Invoice.id),
    "name": (Invoice.name, Invoice.id),
    "state": (Invoice.state, Invoice.month, Invoice.id),
    "quality": (Invoice.quality, Invoice.month, Invoice.id),
}
"""What each key sorts by, as there are indexes for it (shared/models/invoices.py)."""

LINE: Final = ("month", "invoice_no", "name", *FIGURES, "state", "quality")
"""What a bill's line in a file is made of."""
_ROW = (
    "month", *(f.name for f in fields(BillRow) if f.name not in ("month", "customer_no")),
)  # fmt: skip


def each_invoice(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[BillRow]:
    """Yield every bill that a filter finds, read from the database piece by piece."""
    query = in_order(select_rows(wanted), sort)
    for row in session.execute(query.execution_options(yield_per=READ_AT_ONCE)):
        yield list_row(row)


def each_line(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of LINE and the customer's number of every bill that a filter finds.

    They come as the database tells them, since a file may hold all bills there are.
    """
    query = narrowed(
        select(*(getattr(Invoice, name) for name in LINE), Customer.customer_no), wanted
    )
    ordered = in_order(query, sort).execution_options(yield_per=READ_AT_ONCE)
    for part in session.execute(ordered).partitions():
        yield from map(tuple, part)


def select_rows(wanted: InvoiceFilter) -> Select[*tuple[Any, ...]]:
    """Select the columns of a list's rows, not whole bills: a snapshot is longer than all else."""
    return narrowed(
        select(*(getattr(Invoice, name) for name in _ROW), Customer.customer_no), wanted
    )


def in_order(query: Select[*Ts], sort: str) -> Select[*Ts]:
    """Order bills by a key of SORT_KEYS, and equals by their ids; `-` before it reverses both."""
    return query.order_by(*directed(SORT[sort.removeprefix("-")], down=sort.startswith("-")))


def directed(keys: Iterable[ColumnElement[Any]], *, down: bool) -> list[ColumnElement[Any]]:
    """Return what to order by, all of it in one direction."""
    return [key.desc() if down else key.asc() for key in keys]


def list_row(row: Any) -> BillRow:  # noqa: ANN401 - a row of select_rows
    """Return a row of a list."""
    month, *cells = row
    return BillRow(cells[0], cells.pop(), cells[1], month_of(month), *cells[2:])


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


def find_hold_counts(session: Session, state: str = "held") -> dict[str, int]:
    """Return how many bills of a state each reason holds, the commonest first."""
    count = func.count(Hold.invoice_id)
    months = {sums.month for sums in find_sums(session, InvoiceFilter(state=state))}
    query = (
        select(Hold.reason, count)
        .join(Invoice, Invoice.id == Hold.invoice_id)
        .where(Invoice.month.in_(months), Invoice.state == state)
        .group_by(Hold.reason)
        .order_by(count.desc(), Hold.reason)
    )
    return dict(rows_of(session, query))


def narrowed(query: Select[*Ts], wanted: InvoiceFilter) -> Select[*Ts]:
    """Join the customer and add a filter's conditions."""
    return query.join(Customer, Customer.id == Invoice.customer_id).where(*conditions(wanted))


_REFUSED: Final = select(Outbox.invoice_id).where(Outbox.state == "refused").distinct().subquery()
_UNDELIVERED: Final = select(func.count()).join_from(
    _REFUSED, Invoice, Invoice.id == _REFUSED.c.invoice_id
)


def count_undelivered(session: Session, wanted: InvoiceFilter) -> int:
    """Return how many bills of a filter have a mail that was refused; those are few."""
    return rows_of(session, _UNDELIVERED.where(*conditions(wanted)))[0][0]
