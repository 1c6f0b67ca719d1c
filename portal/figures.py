"""What the homeowner's pages draw: figures laid out, nothing computed that is billed."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from shared.invoices.documents import Document
from shared.invoices.gains import Gains, find_gains
from shared.invoices.live import live_bill
from shared.invoices.own import find_own_bills, live_ones
from shared.invoices.rows import BillRow
from shared.telemetry.today import Today, find_today

BARS = 12
THIRD = 109
"""A third of a ruler of 328."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One month or day of a chart; figures None where nothing was received."""

    label: Any
    used_wh: int | None
    sold_wh: int | None
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """All that the home page shows; `live` is the bill of the month that runs.

    `bills` are those that count, `own` all that the homeowner may see.
    """

    live: Document | None
    bills: list[BillRow]
    bars: list[Bar]
    today: Today
    gains: Gains | None
    own: list[BillRow]

    @property
    def known_days(self) -> list[date]:
        """Return the days of the month that runs whose energy is known."""
        days = self.live["days"] if self.live else []
        return [date.fromisoformat(day["date"]) for day in days if day["use_wh"] is not None]

    @property
    def until(self) -> date | None:
        """Return the last day that is known."""
        return max(self.known_days, default=None)

    @property
    def missing(self) -> list[date]:
        """Return the days before the last known one of which nothing was received."""
        days = self.live["days"] if self.live else []
        unknown = [date.fromisoformat(day["date"]) for day in days if day["use_wh"] is None]
        return [day for day in unknown if self.until and day < self.until]

    @property
    def newest(self) -> BillRow | None:
        """Return the newest issued bill."""
        return self.bills[0] if self.bills else None


def find_home_figures(session: Session, customer_id: int, now: int) -> HomeFigures:
    """Ask for all that the home page of a customer shows."""
    live = live_bill(session, customer_id, now)
    own = find_own_bills(session, customer_id)
    told = live_ones(own)
    bills = [row for row in told if row.state == "issued"]
    months = told[: BARS - 1][::-1]
    bars = [Bar(row.month, row.use_wh, row.export_wh, row.quality == "C") for row in months]
    if live:
        bars.append(Bar(live["month"], live["use_wh"], live["export_wh"]))
    gains = find_gains(session, bills[0]) if bills else None
    return HomeFigures(live, bills, bars, find_today(session, customer_id, now), gains, own)


@dataclass(frozen=True, slots=True)
class Ruler:
    """A billing month as a ruler: x of each tick from 1 to 327, and up to where it counts."""

    start: date
    last: date
    until: date | None
    ticks: list[tuple[float, bool]]
    mark: float

    @property
    def place(self) -> str:
        """Return near which end the mark's day is written."""
        return "is-early" if self.mark < THIRD else "is-late" if self.mark > 2 * THIRD else "is-mid"


def ruler(start: date, end: date, until: date | None) -> Ruler:
    """Lay out a period from `start` to without `end`, counted up to and with the day `until`."""
    days = (end - start).days
    step = 326 / days
    counted = (until - start).days + 1 if until else 0
    ticks = [(round(1 + step * n, 1), n in (0, days // 2, days)) for n in range(days + 1)]
    last = date.fromordinal(end.toordinal() - 1)
    return Ruler(start, last, until, ticks, round(1 + step * max(0, min(counted, days)), 1))


def split(used_wh: int | None, sold_wh: int | None) -> tuple[float, float]:
    """Return the widths of both bars in a drawing of 328, with 3 between them."""
    used, sold = max(0, used_wh or 0), max(0, sold_wh or 0)
    if used + sold == 0:
        return 0.0, 0.0
    width = round(325 * used / (used + sold), 1)
    return width, round(325 - width, 1)


def day_bars(days: list[dict[str, Any]]) -> list[Bar]:
    """Return a bill's days as bars."""
    return [
        Bar(day["date"], day["use_wh"], day["export_wh"], day["quality"] != "measured")
        for day in days
    ]
