"""The one function that decides which register stands for a day's 00:00 JST (decision 4)."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from shared.energy.judging import SMALL_STEP_WH
from shared.energy.ledger import Ledger
from shared.energy.readings import MANUAL, Point
from shared.months import day_of, instant
from shared.units import take_down

NIGHT_BEFORE_S = 4 * 3600
"""20:00 JST: after the latest sunset anywhere in Japan."""
NIGHT_AFTER_S = 3 * 3600 + 1800
"""03:30 JST: before the earliest sunrise anywhere in Japan."""


class How(StrEnum):
    """How a boundary register was had, in the order of decision 4."""

    EXACT = "exact"
    NIGHT = "night"
    STILL = "still"
    INTERPOLATED = "interpolated"
    FIRST = "first"
    MANUAL = "manual"
    ESTIMATED = "estimated"
    DAYS = "days"


MEASURED = frozenset({How.EXACT, How.NIGHT, How.STILL, How.FIRST, How.DAYS})


class Boundary(NamedTuple):
    """The register at a day's 00:00 JST.

    `wh` is the raw register, `ledger` the channel's energy up to it, `read_at` when it was read,
    `until_at` the newest reading it rests on, `doubts` the reasons of readings beside it that were
    set aside.
    """

    day: date
    wh: int
    ledger: int
    meter_at: int
    how: How
    read_at: int
    until_at: int
    doubts: tuple[str, ...] = ()


def boundary(ledger: Ledger, day: date) -> Boundary | None:
    """Return the register that stands for a day's 00:00 JST, or None where none is known.

    The rules apply in this order: exact, night (where the night is flat), still, interpolated.
    A register typed by a person makes the boundary `manual` where it decides alone.
    """
    at = instant(day)
    n = bisect_right(ledger.points, (at, float("inf"))) - 1
    before = ledger.points[n] if n >= 0 else None
    after = ledger.points[n + 1] if n + 1 < len(ledger.points) else None
    if before is not None and before.at == at:
        return _read(ledger, day, before, How.EXACT)
    if ledger.night_is_flat:
        nearest = _nearest_at_night(at, before, after)
        if nearest is not None:
            return _read(ledger, day, nearest, How.NIGHT)
    if before is None or after is None:
        return None
    if after.meter_at != before.meter_at:
        return _derived(ledger, day, (before, after), How.INTERPOLATED)
    if abs(after.wh - before.wh) <= SMALL_STEP_WH:
        return _derived(ledger, day, (before, after), How.STILL)
    return _interpolated(ledger, day, before, after)


def midnight_of(at: int) -> date | None:
    """Return the day whose 00:00 JST a reading of the night stands for, None by daylight."""
    day = day_of(at + NIGHT_BEFORE_S)
    return day if at - instant(day) <= NIGHT_AFTER_S else None


def _nearest_at_night(at: int, before: Point | None, after: Point | None) -> Point | None:
    """Return the nearest reading from 20:00 to 03:30, the earlier of two as near."""
    near = [
        (abs(point.at - at), point.at, point)
        for point in (before, after)
        if point is not None and -NIGHT_BEFORE_S <= point.at - at <= NIGHT_AFTER_S
    ]
    if before is not None and after is not None and before.meter_at != after.meter_at:
        near = [entry for entry in near if entry[2] is before]
    return min(near)[2] if near else None


def _read(ledger: Ledger, day: date, point: Point, how: How) -> Boundary:
    """Return a boundary that is one reading as it stands."""
    if point.source == MANUAL:
        how = How.MANUAL
    at, distance = instant(day), abs(point.at - instant(day))
    doubts = ledger.doubts_between(at - distance - 1, at + distance + 1) if distance else ()
    return Boundary(day, point.wh, point.ledger, point.meter_at, how, point.at, point.at, doubts)


def _derived(ledger: Ledger, day: date, between: tuple[Point, Point], how: How) -> Boundary:
    """Return the earlier of two registers as the boundary between them."""
    before, after = between
    if before.source == MANUAL and how is How.STILL:
        how = How.MANUAL
    doubts = ledger.doubts_between(before.at, after.at)
    return Boundary(
        day, before.wh, before.ledger, before.meter_at, how, before.at, after.at, doubts
    )


def _interpolated(ledger: Ledger, day: date, before: Point, after: Point) -> Boundary:
    """Return the register on the straight line between two readings, taken down to the Wh."""
    at = instant(day)
    counted = after.ledger - before.ledger
    modulus = counted - take_down(after.wh) + take_down(before.wh)  # 0 unless it rolled over
    rise = after.wh + modulus - before.wh
    raised = before.wh + rise * (at - before.at) // (after.at - before.at)
    wh = raised - modulus if raised >= modulus else raised
    ledger_wh = before.ledger + take_down(raised) - take_down(before.wh)
    doubts = ledger.doubts_between(before.at, after.at)
    return Boundary(day, wh, ledger_wh, before.meter_at, How.INTERPOLATED, at, after.at, doubts)


def boundaries(ledger: Ledger, since: date | None = None) -> Iterator[Boundary]:
    """Yield every boundary that is known from a day on, in order."""
    if not ledger.points:
        return
    day = day_of(ledger.points[0].at)
    last = day_of(ledger.points[-1].at) + timedelta(days=1)
    if since is not None:
        day = max(day, since)
    while day <= last:
        known = boundary(ledger, day)
        if known is not None:
            yield known
        day += timedelta(days=1)
