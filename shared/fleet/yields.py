"""Homes that give less than they should, against the fleet's own weather and their own past (N14).

A day's yield per kW of panels is set against the fleet's median of that day, which takes the
weather out; the home's own usual share of it takes roof and shadow out. All ratios are in
thousandths.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_low
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.models import customers, telemetry

RECENT_DAYS: Final = 5
PAST_DAYS: Final = 28
WEAK_PERMILLE: Final = 750
"""A home is weak where its recent share is below three quarters of its usual one."""
LEAST_RECENT: Final = 3
LEAST_PAST: Final = 7
LEAST_FLEET: Final = 5
"""Fewer days, or fewer homes on a day, say nothing."""
EVEN: Final = 1000

DayYields = Mapping[int, Mapping[date, int]]
"""By site: generation of days in Wh per kW of panels."""


@dataclass(frozen=True, slots=True)
class Weak:
    """A home's recent share of the fleet's yield beside its usual one, in thousandths."""

    site_id: int
    recent: int
    usual: int
    days: int

    @property
    def lost_percent(self) -> int:
        """Return by how many per cent it gives less than usual."""
        return 100 - self.recent * 100 // self.usual


def find_weak(session: Session, today: date) -> list[Weak]:
    """Return the homes that gave too little for the last days, the weakest first."""
    since = today - timedelta(days=RECENT_DAYS + PAST_DAYS)
    return weak_of(find_yields(session, since, today), today)


def weak_of(yields: DayYields, today: date) -> list[Weak]:
    """Return the weak homes of some yields; the newest day is the one before `today`."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for days in yields.values():
        for day, per_kw in days.items():
            by_day[day].append(per_kw)
    fleet = {
        day: median_low(told)
        for day, told in by_day.items()
        if len(told) >= LEAST_FLEET and median_low(told) > 0
    }
    border = today - timedelta(days=RECENT_DAYS)
    found = [_weak(site_id, days, fleet, border) for site_id, days in yields.items()]
    weak = [one for one in found if one is not None]
    return sorted(weak, key=lambda one: one.recent * EVEN // one.usual)


def _weak(
    site_id: int, days: Mapping[date, int], fleet: Mapping[date, int], border: date
) -> Weak | None:
    shares = {day: days[day] * EVEN // fleet[day] for day in days if day in fleet}
    recent = [share for day, share in shares.items() if day >= border]
    past = [share for day, share in shares.items() if day < border]
    if len(recent) < LEAST_RECENT:
        return None
    usual = median_low(past) if len(past) >= LEAST_PAST else EVEN
    share = median_low(recent)
    if usual <= 0 or share * EVEN >= usual * WEAK_PERMILLE:
        return None
    return Weak(site_id, share, usual, len(recent))


def find_yields(session: Session, since: date, until: date) -> dict[int, dict[date, int]]:
    """Return each site's generation of the days from `since` to before `until`, per kW of panels.

    Sites whose panels are unknown are left out; a day without both its boundaries is no day.
    """
    table, channel, site = telemetry.Boundary, telemetry.Channel, customers.Site
    rows = session.execute(
        select(channel.site_id, site.panel_w, table.day, table.ledger_wh)
        .join(channel, channel.id == table.channel_id)
        .join(site, site.id == channel.site_id)
        .where(
            channel.quantity == Quantity.PV.value,
            site.panel_w > 0,
            table.day >= since,
            table.day <= until,
        )
        .order_by(channel.site_id, table.day)
    )
    return _per_kw((row.site_id, row.panel_w or 0, row.day, row.ledger_wh) for row in rows)


def _per_kw(rows: Iterable[tuple[int, int, date, int]]) -> dict[int, dict[date, int]]:
    found: dict[int, dict[date, int]] = defaultdict(dict)
    before: tuple[int, date, int] | None = None
    for site_id, panel_w, day, ledger_wh in rows:
        if before is not None and before[0] == site_id and (day - before[1]).days == 1:
            found[site_id][before[1]] = (ledger_wh - before[2]) * 1000 // panel_w
        before = (site_id, day, ledger_wh)
    return found
