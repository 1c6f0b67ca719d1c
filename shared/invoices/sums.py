"""How many bills a filter finds and what they come to: kept by month, state and quality.

The database keeps the sums itself, by triggers (shared/triggers.py), so that a list of a million
bills tells its totals from a few rows. Filters that ask for more take one pass over the bills.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.db import READ_ONLY
from shared.invoices.filtering import conditions
from shared.invoices.rows import FIGURES, InvoiceFilter, Totals
from shared.models.invoices import Invoice, InvoiceSum
from shared.months import Month, month_of

COARSE = InvoiceFilter()
"""What a filter is beside month, state and quality where the kept sums answer it."""
_MEMO = "sums of bills"


class Sums(NamedTuple):
    """The bills of a month in one state and quality: how many, and their known figures."""

    month: date
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
        for sums in _find_wide(session, wide)
        if wanted.state in (None, "", sums.state) and wanted.quality in (None, "", sums.quality)
    ]


def _find_wide(session: Session, wide: InvoiceFilter) -> Sequence[Sums]:
    reads_only = session.get_bind().get_execution_options().get(READ_ONLY, False)
    known = session.info.get(_MEMO) if reads_only else None
    if known is None or known[0] != wide:
        known = wide, kept_sums(session, wide) if is_coarse(wide) else counted_sums(session, wide)
        session.info[_MEMO] = known
    found: Sequence[Sums] = known[1]
    return found


def is_coarse(wanted: InvoiceFilter) -> bool:
    """Say whether a filter asks for nothing but month, state and quality."""
    return replace(wanted, month=None, state=None, quality=None) == COARSE


def kept_sums(session: Session, wanted: InvoiceFilter) -> list[Sums]:
    """Return the sums as the database keeps them, of a month or of all."""
    kept = InvoiceSum
    query = select(*(getattr(kept, name) for name in Sums._fields)).where(kept.bills > 0)
    if wanted.month is not None:
        query = query.where(kept.month == wanted.month.first())
    rows = session.execute(query.order_by(kept.month.desc(), kept.state, kept.quality))
    return [Sums(*row) for row in rows]


def counted_sums(session: Session, wanted: InvoiceFilter) -> list[Sums]:
    """Return the sums of what a filter finds, in one pass over the bills."""
    group = (Invoice.month, Invoice.state, Invoice.quality)
    sums = [func.coalesce(func.sum(getattr(Invoice, name)), 0) for name in FIGURES]
    query = select(*group, func.count(Invoice.id), *sums).where(*conditions(wanted))
    rows = session.execute(query.group_by(*group).order_by(Invoice.month.desc()))
    return [Sums(*row[:4], *(int(cell) for cell in row[4:])) for row in rows]


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
    query = select(InvoiceSum.month).where(InvoiceSum.bills > 0).distinct()
    newest = session.scalars(query.order_by(InvoiceSum.month.desc()).limit(limit))
    return [month_of(first) for first in newest][::-1]
