"""The shape of one day in half-hours or hours, for charts; it bills nothing (mission.md rule 4)."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from sqlalchemy.orm import Session

from shared.energy.judging import SMALL_STEP_WH
from shared.energy.ledger import judge
from shared.energy.periods import DayQuality
from shared.energy.quantities import Quantity
from shared.energy.readings import LineState, Point
from shared.months import DAY_S, day_of, instant
from shared.telemetry.energies import FIELDS, Energy, energy_of
from shared.telemetry.intervals import IntervalRow, find_intervals
from shared.telemetry.loading import SiteChannels, find_readings, find_site_channels
from shared.telemetry.stays import find_site_on
from shared.telemetry.today import newest_midnights

HALF_HOUR_S, HOUR_S = 1800, 3600
ENOUGH = 3
"""As many gaps between a day's readings tell how often a meter is read."""
AFTER_S = HOUR_S
"""How long after midnight a reading may still tell the day's last slot."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Energy from an instant on."""

    at: int
    energy: Energy


@dataclass(frozen=True, slots=True)
class Shape:
    """A day in slots of equal length; those to come are left out."""

    minutes: int
    slots: Sequence[Slot] = ()

    @property
    def is_known(self) -> bool:
        """Say whether anything of the day is known."""
        return any(slot.energy.quality is not DayQuality.MISSING for slot in self.slots)


def find_shape(session: Session, customer_id: int, day: date, now: int) -> Shape:
    """Return a customer's day in half-hours, or in hours where a device tells no more."""
    site_id = find_site_on(session, customer_id, day)
    if site_id is None:
        return Shape(30)
    site = find_site_channels(session, [site_id])[site_id]
    points = _points(session, site, day, now)
    day_channels = site.day_channels or {}
    told = find_intervals(
        session, list(day_channels.values()), instant(day), instant(day) + DAY_S - 1
    )
    intervals = {q: told.get(c, []) for q, c in day_channels.items()}
    step = _step(day, points, intervals)
    until = min(instant(day) + DAY_S, now - (now - instant(day)) % step)
    slots = []
    for at in range(instant(day), until, step):
        measured = {FIELDS[q]: _risen(line, at, step) for q, line in points.items()}
        measured |= {FIELDS[q]: _told(rows, at, step) for q, rows in intervals.items()}
        energy = energy_of(measured, DayQuality.MISSING)
        if energy.use_wh is not None:
            energy = energy_of(measured, DayQuality.MEASURED)
        slots.append(Slot(at, energy))
    return Shape(step // 60, slots)


def _points(
    session: Session, site: SiteChannels, day: date, now: int
) -> Mapping[Quantity, Sequence[Point]]:
    """Return the registers that stand around a day, judged from its midnight."""
    midnights = newest_midnights(session, site.channel_ids.values(), day)
    state = {q: LineState(midnights.get(c)) for q, c in site.channel_ids.items()}
    since = min((line.last.at if line.last else 0 for line in state.values()), default=0)
    until = min(now, instant(day + timedelta(days=1)) + AFTER_S)
    readings = find_readings(session, list(site.channel_ids.values()), since, until)
    judged = judge(site.with_readings(readings, until), state)
    return {
        quantity: [*_begun(state[quantity]), *ledger.points]
        for quantity, ledger in judged.ledgers.items()
    }


def _begun(line: LineState) -> list[Point]:
    return [line.last] if line.last else []


def _step(
    day: date,
    points: Mapping[Quantity, Sequence[Point]],
    intervals: Mapping[Quantity, Sequence[IntervalRow]],
) -> int:
    """Return the finest slot that all of the day's sources tell, in seconds."""
    if any(row.minutes == HOUR_S // 60 for rows in intervals.values() for row in rows):
        return HOUR_S
    usual = []
    for line in points.values():
        inside = [point.at for point in line if day_of(point.at) == day]
        gaps = [later - earlier for earlier, later in pairwise(inside)]
        usual += [median(gaps)] if len(gaps) >= ENOUGH else []
    if usual and min(usual) > HALF_HOUR_S * 3 // 2:
        return HOUR_S
    return HALF_HOUR_S


def _risen(line: Sequence[Point], at: int, step: int) -> int | None:
    """Return what a register rose from an instant on, or None where it was not read around it."""
    begun, ended = _register(line, at, step), _register(line, at + step, step)
    return None if begun is None or ended is None else ended - begun


def _register(line: Sequence[Point], at: int, step: int) -> int | None:
    """Return the ledger of an instant between two readings near to each other, or alike."""
    n = bisect_right(line, at, key=_when)
    before = line[n - 1] if n else None
    if before is None or before.at == at:
        return before.ledger if before else None
    if n == len(line):
        return None
    after = line[n]
    rise, apart = after.ledger - before.ledger, after.at - before.at
    if apart > step * 3 // 2 and rise > SMALL_STEP_WH:
        return None
    return before.ledger + rise * (at - before.at) // apart


def _when(point: Point) -> int:
    return point.at


def _told(rows: Sequence[IntervalRow], at: int, step: int) -> int | None:
    """Return what a device told of a slot, of its halves where it tells those."""
    parts = [row for row in rows if at <= row.at < at + step and row.minutes * 60 <= step]
    told = sum(row.minutes * 60 for row in parts)
    return sum(row.wh for row in parts) if told == step else None
