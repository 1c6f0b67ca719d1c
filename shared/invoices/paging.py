"""One page of the bills that a filter finds, out of a million as out of ten.

What comes before a page is known from the kept sums where those tell the order, and is else
stepped over in an index, from whichever end is nearer. The rows themselves are read last.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from shared.db import rows_of
from shared.invoices.filtering import conditions
from shared.invoices.queries import SORT, directed, in_order, list_row, select_rows
from shared.invoices.rows import FIGURES, BillRow, InvoiceFilter, Page
from shared.invoices.sums import Sums, count_all, find_sums, is_owned, owner_counts
from shared.models.customers import Customer
from shared.models.invoices import Invoice
from shared.months import month_of

BROAD: Final = 30_000
"""More bills than one sorts for a page; so many lie close enough in the order of any index."""
BY_OWNER: Final = "ix_invoice_customer_id"
WALKED: Final = {
    "customer_no": BY_OWNER, "month": "ix_invoice_list",
    **{key: f"ix_invoice_{key}" for key in ("name", *FIGURES)},
}  # fmt: skip
"""The index in whose order SQLite, which does not know how many bills a filter finds, has to go."""
T = TypeVar("T")


class Window(NamedTuple):
    """Rows of a list: how many come before, and how many are wanted."""

    before: int
    size: int


def find_invoices(
    session: Session, wanted: InvoiceFilter, sort: str, limit: int, offset: int
) -> Page[BillRow]:
    """Return one page of the bills that a filter finds; `sort` is a key, `-` before it reverses."""
    total = count_all(find_sums(session, wanted))
    if offset >= total:
        return Page([], total)
    size = min(limit, total - offset)
    from_end = offset > total // 2
    window = Window(total - offset - size if from_end else offset, size)
    key, down = sort.removeprefix("-"), sort.startswith("-") is not from_end
    ids = ids_of_page(session, wanted, window, key, down=down, broad=total > BROAD)
    page = select_rows(InvoiceFilter()).where(Invoice.id.in_(ids))
    return Page([list_row(row) for row in rows_of(session, in_order(page, sort))], total)


def ids_of_page(  # noqa: PLR0913 - a page's place in a list
    session: Session, wanted: InvoiceFilter, window: Window, key: str, *, down: bool, broad: bool
) -> Select[int]:
    """Select the ids of a page: from among few bills, or stepping over many in their order."""
    where, window, index = _closer(session, wanted, window, key, down=down)
    keys = SORT[key]
    found = select(Invoice.id, *keys[: len(keys) - (keys[-1] is Invoice.id)])
    if key == "customer_no":  # the sum keeps SQLite from reading the bills before the customers
        found = found.join_from(
            Customer, Invoice, Invoice.customer_id == (Customer.id + 0 if broad else Customer.id)
        )
    found = found.where(*conditions(wanted, walked=broad), *where)
    if broad:
        index = index or WALKED.get(key)
        ids = found.with_only_columns(Invoice.id).order_by(*directed(keys, down=down))
        ids = ids.with_hint(Invoice, f"INDEXED BY {index}", "sqlite") if index else ids
    else:
        few = found.cte("few").prefix_with("MATERIALIZED")
        order = [few.c[column.key] for column in keys]
        ids = select(few.c.id).order_by(*directed(order, down=down))
    return ids.limit(window.size).offset(window.before)


def _closer(
    session: Session, wanted: InvoiceFilter, window: Window, key: str, *, down: bool
) -> tuple[list[ColumnElement[bool]], Window, str | None]:
    """Return conditions for a page's bills and few others, its place there, and their index."""
    if key == "customer_no" and is_owned(wanted):
        owners, window = _reach(owner_counts(session, wanted, down=down), window)
        return [Invoice.customer_id.in_(owners)], window, BY_OWNER
    sums = [one for one in find_sums(session, wanted) if one.month]
    if not sums:
        return [], window, None
    if key == "invoice_no":
        groups, window = _reach(_groups(sums, "month", down=down), window)
        months = [month_of(month) for _value, month in groups]
        begin, end = min(months).first(), max(months).next().first()  # with which numbers begin
        where = [Invoice.invoice_no >= f"{begin:%y%m}", Invoice.invoice_no < f"{end:%y%m}"]
        return where, window, None
    if key in {"month", "state", "quality"}:
        groups, window = _reach(_groups(sums, key, down=down), window)
        return [_is_in(groups, key)], window, None
    if wanted.from_day or wanted.to_day:
        return [Invoice.month.in_({one.month for one in sums})], window, None
    return [], window, None


def _groups(sums: Iterable[Sums], key: str, *, down: bool) -> list[tuple[Any, int]]:
    """Return the groups of bills that a key sorts by, in order: its value with the month."""
    counts: Counter[tuple[Any, Any]] = Counter()
    for one in sums:
        counts[getattr(one, key), one.month] += one.bills
    return sorted(counts.items(), key=itemgetter(0), reverse=down)


def _is_in(groups: Sequence[tuple[Any, Any]], key: str) -> ColumnElement[bool]:
    months: dict[Any, list[Any]] = {}
    for value, month in groups:
        months.setdefault(value, []).append(month)
    if key == "month":
        return Invoice.month.in_(months)
    column = getattr(Invoice, key)
    return or_(*(and_(column == value, Invoice.month.in_(of)) for value, of in months.items()))


def _reach(groups: Iterable[tuple[T, int]], window: Window) -> tuple[list[T], Window]:
    """Return the groups of bills in which a page lies, and its place there."""
    chosen: list[T] = []
    skipped = within = 0
    for group, count in groups:
        if chosen and skipped + within >= sum(window):
            break
        if chosen or skipped + count > window.before:
            chosen.append(group)
            within += count
        else:
            skipped += count
    return chosen, Window(window.before - skipped, window.size)
