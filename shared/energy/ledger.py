"""A site's readings judged together: the registers that stand, and the rest with reasons."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.energy.judging import DOUBTS, SMALL_STEP_WH, Excess, Line, by_instant
from shared.energy.quantities import Battery, Quantity
from shared.energy.readings import UNKNOWN_PANEL_W, LineState, MeterEvent, Point, Refusal, Site

SiteState = Mapping[Quantity, LineState]
"""Where the judging of a site stood at an instant, a channel each."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """One channel after judging: points in order of time, refusals, and what each swap closed."""

    points: Sequence[Point]
    refusals: Sequence[Refusal]
    closes: Mapping[int, Point]
    events: Sequence[MeterEvent]
    night_is_flat: bool
    doubts: Sequence[tuple[int, str]] = field(default=())

    @property
    def first(self) -> Point | None:
        """Return the first register that stands."""
        return self.points[0] if self.points else None

    @property
    def last(self) -> Point | None:
        """Return the newest register that stands."""
        return self.points[-1] if self.points else None

    def doubts_between(self, after: int, before: int) -> tuple[str, ...]:
        """Return the reasons of doubtful readings strictly between two instants."""
        lo = bisect_right(self.doubts, (after, "\uffff"))
        hi = bisect_right(self.doubts, (before - 1, "\uffff"))
        return tuple(sorted({reason for _, reason in self.doubts[lo:hi]}))


@dataclass(frozen=True, slots=True)
class Judged:
    """A site after judging; `marks` holds its state at each instant asked for."""

    ledgers: Mapping[Quantity, Ledger]
    marks: Mapping[int, SiteState]


def judge(site: Site, state: SiteState | None = None, marks: Sequence[int] = ()) -> Judged:
    """Judge all readings of a site, or those after a stored state.

    `marks` are instants in order; the state at each covers exactly the readings before it, so
    that a later pass may begin there.
    """
    lines: dict[Quantity, Line] = {}
    states: dict[int, dict[Quantity, LineState]] = {mark: {} for mark in marks}
    for quantity in sorted(site.channels, key=_export_last):
        excess = _excess(site, lines) if quantity is Quantity.EXPORT else None
        line = Line(site.channels[quantity], limit_w(site, quantity), excess)
        if state and quantity in state:
            line.resume(state[quantity])
        lines[quantity] = line
        for mark, reached in _pass(line, marks).items():
            states[mark][quantity] = reached
    ledgers = {quantity: _ledger(site, quantity, line) for quantity, line in lines.items()}
    return Judged(ledgers, states)


def _export_last(quantity: Quantity) -> bool:
    return quantity is Quantity.EXPORT


def limit_w(site: Site, quantity: Quantity) -> int:
    """Return the power that bounds a channel: the panels', at least 30 kW elsewhere."""
    if quantity in (Quantity.PV, Quantity.EXPORT):
        return site.assumed_panel_w
    return max(site.assumed_panel_w, UNKNOWN_PANEL_W)


def _pass(line: Line, marks: Sequence[int]) -> dict[int, LineState]:
    """Feed a line its events and readings in order of time; return its state at each mark."""
    begun = line.last.at if line.last else -1
    events = sorted((e for e in line.channel.events if e.at > begun), key=lambda e: e.at)
    waiting_events, waiting_marks = iter(events), iter(marks)
    event, mark = next(waiting_events, None), next(waiting_marks, None)
    reached: dict[int, LineState] = {}

    def go_to(at: float) -> None:
        nonlocal event, mark
        while (event is not None and event.at <= at) or (mark is not None and mark <= at):
            if mark is not None and mark <= at and (event is None or mark <= event.at):
                reached[mark] = line.state()
                mark = next(waiting_marks, None)
            elif event is not None:
                line.replace_meter(event)
                event = next(waiting_events, None)

    for at, readings in by_instant(line.channel.readings):
        if at < begun:
            continue
        go_to(at)
        line.offer(at, readings)
    go_to(float("inf"))
    return reached


def _excess(site: Site, lines: Mapping[Quantity, Line]) -> Excess | None:
    """Return the judge of export against generation, or None where a part is never known."""
    discharges = Quantity.BATTERY_DISCHARGE in site.channels
    if Quantity.PV not in site.channels:
        return None
    if site.battery is Battery.MAY_EXPORT and not discharges:
        return None
    pv = {point.at: point.ledger for point in lines[Quantity.PV].points}
    given = pv
    if discharges:
        discharge = {p.at: p.ledger for p in lines[Quantity.BATTERY_DISCHARGE].points}
        given = {at: wh + discharge[at] for at, wh in pv.items() if at in discharge}

    def excess(
        at: int, ledger: int, common: tuple[int, int] | None
    ) -> tuple[bool, tuple[int, int] | None]:
        known = given.get(at)
        if known is None:
            return False, common
        if common is None:
            return False, (ledger, known)
        too_much = ledger - common[0] > known - common[1] + SMALL_STEP_WH
        return too_much, (ledger, known)

    return excess


def is_night_flat(site: Site, quantity: Quantity) -> bool:
    """Say whether a channel counts nothing at night (decision 4)."""
    return quantity is Quantity.PV or (
        quantity is Quantity.EXPORT and site.battery is not Battery.MAY_EXPORT
    )


def _ledger(site: Site, quantity: Quantity, line: Line) -> Ledger:
    return Ledger(
        points=line.points,
        refusals=line.refusals,
        closes=line.closes,
        events=line.channel.events,
        night_is_flat=is_night_flat(site, quantity),
        doubts=sorted(
            [*line.earlier_doubts, *((r.at, r.reason) for r in line.refusals if r.reason in DOUBTS)]
        ),
    )
