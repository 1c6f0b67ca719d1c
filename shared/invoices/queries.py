"""Asking for bills; whose they are is a parameter of the question (security.md T7)."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any, Final, NamedTuple, TypeVarTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from shared.invoices.filtering import conditions
from shared.invoices.rows import FIGURES, BillRow, InvoiceFilter, Page, bill_row, version_of
from shared.invoices.sums import (
    Sums,
    count_all,
    count_by,
    filter_totals,
    find_months,
    find_sums,
)
from shared.models.customers import Customer
from shared.models.invoices import Hold, Invoice
from shared.months import month_of

__all__ = [
    "Window", "count_by", "count_undelivered", "each_invoice", "each_version",
    "filter_totals", "find_hold_counts", "find_invoice_numbers", "find_invoices", "find_months",
    "narrowed",
]  # fmt: skip

READ_AT_ONCE: Final = 2000
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

LINE: Final = ("month", "invoice_no", "name", *FIGURES, "state", "quality")
"""What a bill's line in a file is made of."""
_ROW = (
    "month", *(f.name for f in fields(BillRow) if f.name not in ("month", "customer_no")),
)  # fmt: skip


def find_invoices(
    session: Session, wanted: InvoiceFilter, sort: str, limit: int, offset: int
) -> Page[BillRow]:
    """Return one page of the bills that a filter finds; `sort` is a key, `-` before it reverses."""
    sums = find_sums(session, wanted)
    total = count_all(sums)
    if offset >= total:
        return Page([], total)
    window = Window(offset, min(limit, total - offset), total)
    query = _select_rows(wanted)
    if sort.removeprefix("-") == "month":
        months, window = _months_of(sums, window, newest_first=sort.startswith("-"))
        query = query.where(Invoice.month.in_(months))
    # From whichever end is nearer: the database steps over all that comes before.
    from_end = window.offset > window.total // 2
    before = window.total - window.offset - window.size if from_end else window.offset
    rows = session.execute(
        query.order_by(*_order(sort, reverse=from_end)).limit(window.size).offset(before)
    ).all()
    return Page([_bill_row(row) for row in (reversed(rows) if from_end else rows)], total)


class Window(NamedTuple):
    """Rows of a list: how many come before, how many are wanted, how many there are."""

    offset: int
    size: int
    total: int


def _months_of(
    sums: Sequence[Sums], window: Window, *, newest_first: bool
) -> tuple[list[date], Window]:
    """Return the months in which a page's bills lie, and the page's place among theirs."""
    counts: dict[date, int] = {}
    for one in sums:
        counts[one.month] = counts.get(one.month, 0) + one.bills
    months: list[date] = []
    begin = within = 0
    for month in sorted(counts, reverse=newest_first):
        if not months and begin + counts[month] <= window.offset:
            begin += counts[month]
        elif begin + within < window.offset + window.size:
            months.append(month)
            within += counts[month]
    return months, Window(window.offset - begin, window.size, within)


def each_invoice(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[BillRow]:
    """Yield every bill that a filter finds, read from the database piece by piece."""
    query = _select_rows(wanted).order_by(*_order(sort))
    for row in session.execute(query.execution_options(yield_per=READ_AT_ONCE)):
        yield _bill_row(row)


def each_line(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of LINE and the customer's number of every bill that a filter finds.

    They come as the database tells them, since a file may hold all bills there are.
    """
    query = narrowed(
        select(*(getattr(Invoice, name) for name in LINE), Customer.customer_no), wanted
    )
    ordered = query.order_by(*_order(sort)).execution_options(yield_per=READ_AT_ONCE)
    for part in session.execute(ordered).partitions():
        yield from map(tuple, part)


def _select_rows(wanted: InvoiceFilter) -> Select[*tuple[Any, ...]]:
    """Select the columns of a list's rows, not whole bills: a snapshot is longer than all else."""
    return narrowed(
        select(*(getattr(Invoice, name) for name in _ROW), Customer.customer_no), wanted
    )


def _order(sort: str, *, reverse: bool = False) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Order by a key, the newest bill first among equals; or the other way round."""
    key = _SORT[sort.removeprefix("-")]
    first = key.desc() if sort.startswith("-") is not reverse else key.asc()
    return first, Invoice.id.asc() if reverse else Invoice.id.desc()


def _bill_row(row: Any) -> BillRow:  # noqa: ANN401 - a row of _ROW and the customer's number
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
    return dict(session.execute(query).all())


def narrowed(query: Select[*Ts], wanted: InvoiceFilter) -> Select[*Ts]:
    """Join the customer and add a filter's conditions."""
    return query.join(Customer, Customer.id == Invoice.customer_id).where(*conditions(wanted))


def count_undelivered(session: Session, wanted: InvoiceFilter) -> int:
    """Return how many bills of a filter have a mail that was refused."""
    query = narrowed(select(func.count(Invoice.id)), replace(wanted, undelivered=True))
    return session.scalar(query) or 0
