"""How many bills a filter finds and what they come to: kept by month, day, amount and customer.

The database keeps the sums itself, by triggers (shared/triggers.py), so that a list of a million
bills tells its totals from a few rows. Filters that ask for more take one pass over the bills.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from operator import add
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from shared.db import once, rows_of
from shared.invoices.filtering import beyond_owners, conditions, of_owners
from shared.invoices.rows import FIGURES, InvoiceFilter, Totals
from shared.models.customers import Customer
from shared.models.invoices import BandSum, Invoice, InvoiceSum, OwnerSum
from shared.months import Month, month_of
from shared.tallies import BAND_YEN, UNKNOWN_BAND

COARSE = InvoiceFilter()
"""What a filter is beside the bounds that kept sums answer."""


class Sums(NamedTuple):
    """The bills of a month in one state and quality: how many, and their known figures.

    The month is None where only sums over all months are kept, which is where customers are asked.
    """

    month: date | None
    state: str
    quality: str
    bills: int
    base_yen: int
    pv_wh: int
    export_wh: int
    use_wh: int
    export_yen: int
    use_yen: int
    total_yen: int


def find_sums(session: Session, wanted: InvoiceFilter) -> list[Sums]:
    """Return the sums of what a filter finds, newest month first.

    A session that only reads is asked once for all states and qualities of a filter.
    """
    wide = replace(wanted, state=None, quality=None)
    return [
        sums
        for sums in once(session, wide, lambda: _cheapest(session, wide))
        if wanted.state in (None, "", sums.state) and wanted.quality in (None, "", sums.quality)
    ]


def _cheapest(session: Session, wide: InvoiceFilter) -> list[Sums]:
    if is_coarse(wide):
        return kept_sums(session, wide)
    ranged = replace(wide, month=None, from_day=None, to_day=None, min_yen=None, max_yen=None)
    if ranged == COARSE:
        return banded_sums(session, wide)
    if replace(wide, q="", customer_no=None) == COARSE:
        return owned_sums(session, wide)
    return counted_sums(session, wide)


def is_coarse(wanted: InvoiceFilter) -> bool:
    """Say whether a filter asks for nothing but month, state and quality."""
    return replace(wanted, month=None, state=None, quality=None) == COARSE


def is_owned(wanted: InvoiceFilter) -> bool:
    """Say whether a filter asks for whole customers, and at most a state and quality of theirs."""
    narrow = replace(wanted, q="", customer_no=None, state=None, quality=None)
    return narrow == COARSE and not beyond_owners(wanted)


def kept_sums(session: Session, wanted: InvoiceFilter) -> list[Sums]:
    """Return the sums as the database keeps them, of a month or of all."""
    kept = InvoiceSum
    query = select(*(getattr(kept, name) for name in Sums._fields)).where(kept.bills > 0)
    if wanted.month is not None:
        query = query.where(kept.month == wanted.month.first())
    rows = rows_of(session, query.order_by(kept.month.desc(), kept.state, kept.quality))
    return [Sums(*row) for row in rows]


def banded_sums(session: Session, wanted: InvoiceFilter) -> list[Sums]:
    """Return the sums of some days and amounts: of whole bands as kept, of cut ones counted."""
    kept, asked = BandSum, wanted
    least, most = asked.min_yen, asked.max_yen
    first = None if least is None else -(-least // BAND_YEN)
    last = None if most is None else (most + 1) // BAND_YEN - 1
    if first is not None and last is not None and first > last:
        return counted_sums(session, asked)
    month = None if asked.month is None else asked.month.first()
    rules: list[tuple[object, Callable[[Any], ColumnElement[bool]]]] = [
        (month, kept.month.__eq__),
        (asked.from_day, kept.day.__ge__),
        (asked.to_day, kept.day.__le__),
        (first, kept.band.__ge__),
        (last, lambda band: kept.band.between(UNKNOWN_BAND + 1, band)),
    ]
    where = [rule(bound) for bound, rule in rules if bound is not None]
    found = _added_up(session, kept, (kept.month, kept.state, kept.quality), where)
    if first is not None and least is not None and first * BAND_YEN > least:
        found += counted_sums(session, replace(asked, max_yen=first * BAND_YEN - 1))
    if last is not None and most is not None and most >= (last + 1) * BAND_YEN:
        found += counted_sums(session, replace(asked, min_yen=(last + 1) * BAND_YEN))
    return _merged(found)


def owned_sums(session: Session, wanted: InvoiceFilter) -> list[Sums]:
    """Return the sums of the customers asked for, and of bills of others with such a number."""
    kept = OwnerSum
    where = [kept.customer_id.in_(select(Customer.id).where(*of_owners(wanted)))]
    found = _added_up(session, kept, (kept.state, kept.quality), where)
    for beyond in beyond_owners(wanted):
        found += _counted(session, (Invoice.state, Invoice.quality), beyond)
    return _merged(found)


def owner_counts(
    session: Session, wanted: InvoiceFilter, *, down: bool
) -> Iterator[tuple[int, int]]:
    """Yield the ids of the customers of a filter by their number, with how many bills each has."""
    kept, number = OwnerSum, Customer.customer_no
    query = select(kept.customer_id, func.sum(kept.bills)).join_from(
        kept, Customer, Customer.id == kept.customer_id
    )
    for column, bound in ((kept.state, wanted.state), (kept.quality, wanted.quality)):
        query = query.where(column == bound) if bound else query
    ordered = query.where(*of_owners(wanted)).group_by(kept.customer_id, number)
    for owner, bills in session.execute(ordered.order_by(number.desc() if down else number)):
        yield owner, int(bills)


def counted_sums(session: Session, wanted: InvoiceFilter) -> list[Sums]:
    """Return the sums of what a filter finds, in one pass over the bills."""
    keys = (Invoice.month, Invoice.state, Invoice.quality)
    return _counted(session, keys, conditions(wanted))


def _counted(
    session: Session, keys: Sequence[Any], where: Sequence[ColumnElement[bool]]
) -> list[Sums]:
    sums = [func.sum(getattr(Invoice, name)) for name in FIGURES]
    return _read(session, select(*keys, func.count(Invoice.id), *sums).where(*where), keys)


def _added_up(
    session: Session,
    kept: Any,  # noqa: ANN401 - a table of sums
    keys: Sequence[Any],
    where: Sequence[ColumnElement[bool]],
) -> list[Sums]:
    sums = [func.sum(getattr(kept, name)) for name in ("bills", *FIGURES)]
    return _read(session, select(*keys, *sums).where(*where, kept.bills > 0), keys)


def _read(session: Session, query: Select[*tuple[Any, ...]], keys: Sequence[Any]) -> list[Sums]:
    """Return a query's sums by some keys; a month stands first among them, or there is none."""
    rows = session.execute(query.group_by(*keys).order_by(*(key.desc() for key in keys)))
    head: Any = (None,) * (len(Sums._fields) - len(FIGURES) - 1 - len(keys))
    found = (((*head, *row[: len(keys)]), row[len(keys) :]) for row in rows)
    return [Sums(*named, *(int(cell or 0) for cell in cells)) for named, cells in found]


def _merged(found: Iterable[Sums]) -> list[Sums]:
    """Return sums with one for each month, state and quality."""
    merged: dict[tuple[date | None, str, str], Sums] = {}
    for one in found:
        known = merged.get(one[:3])
        figures = one[3:] if known is None else map(add, known[3:], one[3:])
        merged[one[:3]] = Sums(*one[:3], *figures)
    return list(merged.values())


def filter_totals(session: Session, wanted: InvoiceFilter) -> Totals:
    """Return the sums over all that a filter finds, not only the page shown."""
    found = find_sums(session, wanted)
    live = [sums for sums in found if sums.state != "void"]
    figures = {name: sum(getattr(sums, name) for sums in live) for name in FIGURES}
    return Totals(count_all(found), **figures)


def count_all(found: Iterable[Sums]) -> int:
    """Return how many bills sums are of."""
    return sum(sums.bills for sums in found)


def count_by(session: Session, wanted: InvoiceFilter, column: str) -> dict[str, int]:
    """Return how many bills a filter finds of each `state` or `quality`."""
    counts: dict[str, int] = {}
    for sums in find_sums(session, wanted):
        key = getattr(sums, column)
        counts[key] = counts.get(key, 0) + sums.bills
    return counts


def find_months(session: Session, limit: int) -> list[Month]:
    """Return the newest months that have a bill, oldest first."""
    months = {sums.month for sums in find_sums(session, COARSE) if sums.month}
    return [month_of(first) for first in sorted(months)[-limit:]]
