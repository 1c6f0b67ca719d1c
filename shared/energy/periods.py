"""Days and totals of a span of days, from boundaries or from finished-day values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise

from shared.energy.boundaries import MEASURED, Boundary, How
from shared.energy.estimates import with_estimates
from shared.energy.judging import LOWER
from shared.energy.readings import MeterEvent, Point, in_place
from shared.months import Period, instant
from shared.units import take_down


class DayQuality(StrEnum):
    """How a day's energy was had (decision 10): 実測, 按分, 推定, 手入力, or not at all."""

    MEASURED = "measured"
    ALLOCATED = "allocated"
    ESTIMATED = "estimated"
    MANUAL = "manual"
    MISSING = "missing"


_WORSE = list(DayQuality)
_OF_HOW = {
    How.INTERPOLATED: DayQuality.ALLOCATED,
    How.ESTIMATED: DayQuality.ESTIMATED,
    How.MANUAL: DayQuality.MANUAL,
}

_SHARED_OUT = frozenset({How.INTERPOLATED, How.ESTIMATED})


def worst(*qualities: DayQuality) -> DayQuality:
    """Return the least trustworthy of some qualities."""
    return max(qualities, key=_WORSE.index)


@dataclass(frozen=True, slots=True)
class Register:
    """One meter in place during a span: its opening and closing register, raw, and how had."""

    serial: str
    certified_until: date | None
    meter_at: int
    opening_wh: int | None
    opening_at: int | None
    opening_how: How | None
    closing_wh: int | None
    closing_at: int | None
    closing_how: How | None
    energy_wh: int | None


@dataclass(frozen=True, slots=True)
class ChannelDays:
    """One channel over a span: energy by day (None: not known), the total, and the registers.

    `opening` and `closing` are the boundaries that bill; a total is known only with both.
    """

    span: Period
    day_wh: tuple[int | None, ...]
    qualities: tuple[DayQuality, ...]
    opening: Boundary | None
    closing: Boundary | None
    total_wh: int | None
    registers: tuple[Register, ...] = ()
    doubts: tuple[str, ...] = ()
    of_registers: bool = True
    shared_out: frozenset[date] = frozenset()
    """The days whose 00:00 lies in a gap, so that the energy around it is only shared out."""
    begun: date | None = None
    """The first finished day, where a channel of those begins inside the span."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What days are made from: known boundaries, pins over them, the first register, the meters.

    `pins` are boundaries of issued bills, which every later bill reads (decision 16).
    """

    boundaries: Mapping[date, Boundary]
    first: Point | None = None
    events: Sequence[MeterEvent] = ()
    closes: Mapping[int, Point] = field(default_factory=dict)
    pins: Mapping[date, Boundary] = field(default_factory=dict)
    late_doubts: tuple[str, ...] = ()
    estimates: Mapping[date, int] = field(default_factory=dict)
    """Registers that a person put where none is known, by day; they count nowhere else."""

    def at(self, day: date) -> Boundary | None:
        """Return the boundary of a day as bills read it: the pinned register where there is one."""
        known, pin = self.boundaries.get(day), self.pins.get(day)
        if pin is None:
            return known
        if known is None:
            return pin
        if known.meter_at == instant(day):
            return known  # a swap at this midnight: the old meter's register closed the bill before
        if known.meter_at != pin.meter_at:
            return pin._replace(ledger=known.ledger)
        return pin._replace(ledger=known.ledger + take_down(pin.wh) - take_down(known.wh))


def days(span: Period, facts: ChannelFacts) -> ChannelDays:
    """Return a channel of registers over a span of days."""
    found = [facts.at(day) for day in (*span.days(), span.end)]
    if found[0] is None:
        found = _begun_inside(span, facts, found)
    found = with_estimates(span, facts.estimates, facts.events, found)
    opening, closing = found[0], found[-1]
    day_wh, qualities = [], []
    for start, end in pairwise(found):
        day_wh.append(end.ledger - start.ledger if start and end else None)
        qualities.append(worst(_quality(start), _quality(end)))
    registers = _registers(span, facts, opening, closing)
    beside = {d for b in (opening, closing) if b for d in b.doubts}
    if closing is None:
        beside |= set(facts.late_doubts)
    if _a_removal_went_back(span, facts):
        beside.add(LOWER)
    return ChannelDays(
        span=span,
        day_wh=tuple(day_wh),
        qualities=tuple(qualities),
        opening=opening,
        closing=closing,
        total_wh=closing.ledger - opening.ledger if opening and closing else None,
        registers=registers,
        doubts=tuple(sorted(beside)),
        shared_out=frozenset(b.day for b in found if b is not None and b.how in _SHARED_OUT),
    )


def _a_removal_went_back(span: Period, facts: ChannelFacts) -> bool:
    """Say whether a meter of the span closes as last read, its removal register set aside."""
    return any(
        event.removed_wh is not None and facts.closes[event.at].at < event.at
        for event in facts.events
        if event.at in facts.closes and instant(span.start) < event.at <= instant(span.end)
    )


def _quality(known: Boundary | None) -> DayQuality:
    if known is None:
        return DayQuality.MISSING
    return _OF_HOW.get(known.how, DayQuality.MEASURED)


def _begun_inside(
    span: Period, facts: ChannelFacts, found: list[Boundary | None]
) -> list[Boundary | None]:
    """Open with the first reading where the channel begins inside the span (rule `first`).

    The days before it hold nothing: they open and close with that same register.
    """
    first = facts.first
    if first is None or not instant(span.start) <= first.at < instant(span.end):
        return found
    return [
        Boundary(day, first.wh, first.ledger, first.meter_at, How.FIRST, first.at, first.at)
        if known is None and instant(day) <= first.at
        else known
        for day, known in zip((*span.days(), span.end), found, strict=True)
    ]


def _registers(
    span: Period, facts: ChannelFacts, opening: Boundary | None, closing: Boundary | None
) -> tuple[Register, ...]:
    """Return a row for each meter in place, in order; a swap ends one and begins the next."""
    start, end = instant(span.start), instant(span.end)
    begun_at = in_place(facts.events, start)
    current, rows, ledger = _row(facts, begun_at), [], None
    if opening is not None:
        opened = replace(
            _row(facts, opening.meter_at),
            opening_wh=opening.wh,
            opening_at=opening.read_at,
            opening_how=opening.how,
        )
        if opening.meter_at < begun_at:
            # A swap before the span that the pinned opening knows nothing of: no difference.
            rows = [opened]
        else:
            begun_at, current, ledger = opening.meter_at, opened, opening.ledger
    for event in facts.events:
        if not start < event.at <= end or event.at <= begun_at:
            continue
        close = facts.closes.get(event.at)
        if close is not None:
            rows.append(_closed(current, close, ledger))
        if event.at == end:
            return tuple(rows)
        ledger = close.ledger if close else ledger
        current = replace(
            _row(facts, event.at),
            opening_wh=event.installed_wh,
            opening_at=event.at,
            opening_how=How.EXACT,
        )
    if closing is None:
        return (*rows, current) if current.opening_wh is not None else tuple(rows)
    energy = None if ledger is None else closing.ledger - ledger
    return (
        *rows,
        replace(
            current,
            closing_wh=closing.wh,
            closing_at=closing.read_at,
            closing_how=closing.how,
            energy_wh=energy,
        ),
    )


def _row(facts: ChannelFacts, meter_at: int) -> Register:
    event = next((event for event in facts.events if event.at == meter_at), None)
    return Register(
        serial=event.serial if event else "",
        certified_until=event.certified_until if event else None,
        meter_at=meter_at,
        opening_wh=None,
        opening_at=None,
        opening_how=None,
        closing_wh=None,
        closing_at=None,
        closing_how=None,
        energy_wh=None,
    )


def _closed(row: Register, close: Point, ledger: int | None) -> Register:
    return replace(
        row,
        closing_wh=close.wh,
        closing_at=close.at,
        closing_how=How.EXACT,
        energy_wh=None if ledger is None else close.ledger - ledger,
    )


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What finished days are made from: each day's energy, and the very first day of the channel.

    `disputed` are the days that a device has told in two ways, of which the newer one stands.
    """

    values: Mapping[date, int] = field(default_factory=dict)
    first_day: date | None = None
    disputed: Collection[date] = ()


ROUNDING_WH = 24
"""How far two tellings of one day may be apart: its hours or half-hours, each rounded."""


def stand(told: Sequence[int]) -> tuple[int, bool]:
    """Return which of a day's tellings, the oldest first, stands, and whether they are in dispute.

    Where they differ by rounding alone the first stands, so that a bill does not change for it;
    otherwise the newest does, and a person has to look (decision 2).
    """
    first, newest = told[0], told[-1]
    alike = all(abs(wh - first) <= ROUNDING_WH for wh in told)
    return (first, False) if alike else (newest, True)


def finished_days(span: Period, facts: DayFacts) -> ChannelDays:
    """Return a channel of finished-day values over a span: the sum of its days (decision 3).

    Where its very first day lies inside the span the days before hold nothing (rule `first` of
    decision 4).
    """
    values, first_day = facts.values, facts.first_day
    begun = first_day if first_day and span.start < first_day < span.end else None
    day_wh = tuple(0 if begun and day < begun else values.get(day) for day in span.days())
    known = [wh for wh in day_wh if wh is not None]
    total = sum(take_down(wh) for wh in known) if len(known) == len(day_wh) else None
    row = Register("", None, 0, None, None, How.DAYS, None, None, How.DAYS, total)
    return ChannelDays(
        span=span,
        day_wh=tuple(None if wh is None else take_down(wh) for wh in day_wh),
        qualities=tuple(DayQuality.MISSING if wh is None else DayQuality.MEASURED for wh in day_wh),
        opening=None,
        closing=None,
        total_wh=total,
        registers=(row,),
        doubts=("reading_conflict",) if any(day in span for day in facts.disputed) else (),
        of_registers=False,
        begun=begun,
    )


def is_measured(known: Boundary | None) -> bool:
    """Say whether a boundary is exact, by night, standing still or the first (grade A or B)."""
    return known is not None and known.how in MEASURED
