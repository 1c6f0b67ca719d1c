"""Which roof was a homeowner's on which days: every look at energy goes through these dates."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shared.db import once, rows_of
from shared.models.customers import Occupancy
from shared.months import Period


@dataclass(frozen=True, slots=True)
class Stay:
    """Days of one customer at one site, from `period.start` up to and without its end."""

    site_id: int
    period: Period


_STAYS: Final = (
    select(Occupancy.site_id, Occupancy.from_day, Occupancy.to_day)
    .where(Occupancy.customer_id == bindparam("customer_id"))
    .order_by(Occupancy.id)
)


def find_stays(session: Session, customer_id: int, period: Period) -> list[Stay]:
    """Return where a customer lived in a period, in order; a buyer never has the seller's days."""
    asked = {"customer_id": customer_id}
    rows = once(session, ("stays", customer_id), lambda: rows_of(session, _STAYS, asked))
    stays = [Stay(row.site_id, _inside(period, row.from_day, row.to_day)) for row in rows]
    return sorted((stay for stay in stays if len(stay.period) > 0), key=_begin)


def find_site_on(session: Session, customer_id: int, day: date) -> int | None:
    """Return the customer's site of a day, or None where nothing was theirs."""
    stays = find_stays(session, customer_id, Period(day, day + timedelta(days=1)))
    return stays[-1].site_id if stays else None


def _inside(period: Period, first: date | None, last: date | None) -> Period:
    start = max(period.start, first or period.start)
    end = period.end if last is None else min(period.end, last + timedelta(days=1))
    return Period(start, max(start, end))


def _begin(stay: Stay) -> date:
    return stay.period.start
