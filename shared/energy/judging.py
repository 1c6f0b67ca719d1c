"""Which readings stand and which are set aside, in one causal pass over time (decision 5).

The pass depends on nothing but the set of readings: it sorts them first, and the state after an
instant depends only on what lies before it. That is what lets a later pass begin at a stored state.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from shared.energy.readings import (
    MANUAL,
    METER,
    Channel,
    LineState,
    MeterEvent,
    Point,
    Reading,
    Refusal,
    SuspectTrack,
)
from shared.months import DAY_S
from shared.units import MAX_WH, take_down

SMALL_BACK_WH = 100
SMALL_STEP_WH = 200
MAX_SUSPECTS = 8

ZERO = "zero"
STEP_BACK = "step_back"
LOWER = "register_back"
JUMP = "over_capacity"
CONFLICT = "reading_conflict"
EXCESS = "export_over_generation"
SUPERSEDED = "superseded"
AT_SWAP = "at_swap"
IMPLAUSIBLE = "implausible"

DOUBTS = frozenset({LOWER, JUMP, CONFLICT, EXCESS})
"""The reasons that put a boundary beside them in doubt; each is a hold of decision 21."""


def modulus_wh(event: MeterEvent | None, last_wh: int, told: int | None = None) -> int:
    """Return where a register wraps: by its meter's digits, else as told by the device.

    Where neither is known it is the power of ten above the register (decision 5).
    """
    if event is not None and event.digits is not None:
        return int(10 ** (event.digits + 3))
    if told is not None and told >= last_wh:
        return take_down(told)
    modulus = 10_000_000
    while modulus <= last_wh:
        modulus *= 10
    return modulus


def plausible_wh(panel_w: int, seconds: int) -> int:
    """Return the most Wh that panels give in a time: kW x 1.2 to 24 h, then kW x 9 h a day."""
    if seconds <= DAY_S:
        return panel_w * 12 * seconds // 36_000
    return panel_w * 12 * DAY_S // 36_000 + panel_w * 9 * (seconds - DAY_S) // DAY_S


Excess = Callable[[int, int, tuple[int, int] | None], tuple[bool, tuple[int, int] | None]]
"""Say for an export ledger at an instant whether it is too much, and the new common state."""


@dataclass(slots=True)
class Line:
    """One channel's pass: feed it instants in order, read points and refusals from it."""

    channel: Channel
    panel_w: int
    excess: Excess | None = None
    last: Point | None = None
    suspects: list[SuspectTrack] = field(default_factory=list)
    leading_zero: bool = False
    common: tuple[int, int] | None = None
    doubts: list[tuple[int, str]] = field(default_factory=list)
    earlier_doubts: tuple[tuple[int, str], ...] = ()
    points: list[Point] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    closes: dict[int, Point] = field(default_factory=dict)
    back_wh: int = field(init=False)
    step_wh: int = field(init=False)

    def resume(self, state: LineState) -> None:
        """Begin where an earlier pass stood."""
        self.last, self.suspects = state.last, list(state.suspects)
        self.leading_zero, self.common = state.leading_zero, state.common
        self.doubts, self.earlier_doubts = list(state.doubts), state.doubts
        if state.last is not None:
            self.points.append(state.last)

    def state(self) -> LineState:
        """Return where the pass stands."""
        return LineState(
            self.last, tuple(self.suspects), self.leading_zero, self.common, tuple(self.doubts)
        )

    def __post_init__(self) -> None:
        """Know the least step back and forward that the register's unit allows."""
        self.back_wh = max(SMALL_BACK_WH, self.channel.unit_wh)
        self.step_wh = max(SMALL_STEP_WH, 2 * self.channel.unit_wh)

    def _modulus(self, last: Point) -> int:
        """Return where the register of a point's meter wraps."""
        meter = next((one for one in self.channel.events if one.at == last.meter_at), None)
        return modulus_wh(meter, last.wh, self.channel.modulus_wh)

    def _refuse(self, at: int, readings: Iterable[Reading], reason: str) -> None:
        refused = [Refusal(at, r.source, r.wh, reason) for r in readings]
        self.refusals.extend(refused)
        if refused and reason in DOUBTS:
            self.doubts.append((at, reason))

    # -- meter events -----------------------------------------------------------------------

    def replace_meter(self, event: MeterEvent) -> None:
        """End the meter in place, if any, and begin with the new one's first register."""
        ledger = 0
        self.suspects, self.leading_zero, self.doubts = [], False, []
        if self.last is not None:
            close = self._closing(event, self.last)
            ledger = close.ledger
            self.closes[event.at] = close
            if close.at == event.at:
                self.points.append(close)
        self.last = Point(event.at, event.installed_wh, ledger, event.at, METER)
        self.points.append(self.last)

    def _closing(self, event: MeterEvent, last: Point) -> Point:
        """Return the old meter's last register: as removed, else going on, else as last read.

        A removal register that went back is set aside, so that no energy is ever taken away.
        """
        removed = event.removed_wh
        if removed is None and self._continues(event, last):
            removed = event.installed_wh
        if removed is None:
            return last
        step = take_down(removed) - take_down(last.wh)
        modulus = self._modulus(last)
        if removed < last.wh:
            if 10 * last.wh >= 9 * modulus and self._fits(last, removed + modulus, event.at):
                step += modulus
            elif last.wh - removed <= self.back_wh:
                step = 0
            else:
                self._refuse(event.at, (Reading(event.at, METER, removed),), LOWER)
                return last
        return Point(event.at, removed, last.ledger + step, last.meter_at, METER)

    def _continues(self, event: MeterEvent, last: Point) -> bool:
        """Say whether an installation register is that of a nameless meter going on."""
        return (
            last.meter_at == 0
            and event.installed_wh >= last.wh - self.back_wh
            and self._fits(last, event.installed_wh, event.at)
        )

    def _fits(self, last: Point | SuspectTrack, wh: int, at: int) -> bool:
        beyond = wh - last.wh - self.step_wh
        return beyond <= 0 or beyond <= plausible_wh(self.panel_w, at - last.at)

    # -- readings ---------------------------------------------------------------------------

    def offer(self, at: int, readings: Sequence[Reading]) -> None:
        """Judge all readings of one instant; a register that no meter can have never counts."""
        impossible = [r for r in readings if not 0 <= r.wh <= MAX_WH]
        if impossible:
            self._refuse(at, impossible, IMPLAUSIBLE)
            readings = [r for r in readings if r not in impossible]
            if not readings:
                return
        last = self.last
        if last is not None and last.at == at:
            self._beside_swap(at, readings, last)
            return
        chosen = readings[0] if len(readings) == 1 else self._choose(at, readings)
        if chosen is None:
            return
        if last is None:
            self.leading_zero = chosen.wh == 0
            self._stand(at, chosen, 0)
            return
        wh = chosen.wh
        if wh == 0 and last.wh > 0:
            self._refuse(at, (chosen,), ZERO)
        elif wh >= last.wh:
            self._forward(at, chosen, last)
        else:
            self._backward(at, chosen, last)

    def _choose(self, at: int, readings: Sequence[Reading]) -> Reading | None:
        """Return the one register of an instant; differing ones refuse each other (decision 2)."""
        typed = next((r for r in readings if r.source == MANUAL), None)
        if typed is not None:
            self._refuse(
                at, (r for r in readings if r.source != MANUAL and r.wh != typed.wh), SUPERSEDED
            )
            return typed
        alive = list(readings)
        if self.last is not None and self.last.wh > 0:
            self._refuse(at, (r for r in readings if r.wh == 0), ZERO)
            alive = [r for r in readings if r.wh]
        if len({take_down(r.wh) for r in alive}) > 1:
            self._refuse(at, alive, CONFLICT)
            return None
        return min(alive, key=lambda r: r.wh) if alive else None

    def _beside_swap(self, at: int, readings: Sequence[Reading], opened: Point) -> None:
        close = self.closes.get(at)
        same = {take_down(opened.wh)} | ({take_down(close.wh)} if close else set())
        self._refuse(at, (r for r in readings if take_down(r.wh) not in same), AT_SWAP)

    def _forward(self, at: int, reading: Reading, last: Point) -> None:
        wh = reading.wh
        followed = self._followed_suspect(at, wh, last) if self.suspects else None
        if followed is not None:
            self._refuse(at, (reading,), followed.reason)
        elif self._fits(last, wh, at):
            self._stand(at, reading, last.ledger + take_down(wh) - take_down(last.wh))
        elif self.leading_zero:
            self.refusals.extend(Refusal(p.at, p.source, p.wh, ZERO) for p in self.points)
            self.points.clear()
            self.leading_zero, self.last = False, None
            self._stand(at, reading, 0)
        else:
            self._refuse(at, (reading,), JUMP)
            self._suspect(at, wh, JUMP)

    def _backward(self, at: int, reading: Reading, last: Point) -> None:
        wh = reading.wh
        modulus = self._modulus(last)
        if last.wh - wh <= self.back_wh:
            self._refuse(at, (reading,), STEP_BACK)
        elif 10 * last.wh >= 9 * modulus and self._fits(last, wh + modulus, at):
            step = take_down(wh) + modulus - take_down(last.wh)
            self._stand(at, reading, last.ledger + step)
        else:
            self._refuse(at, (reading,), LOWER)
            self._suspect(at, wh, LOWER)

    def _followed_suspect(self, at: int, wh: int, last: Point) -> SuspectTrack | None:
        """Return the set-aside level that a reading goes on from, however long ago it was seen.

        A level above the last good register counts at once; one below it only after it has moved,
        so that a single glitch downwards does not stop a channel.
        """
        for n, suspect in enumerate(self.suspects):
            if (suspect.wh > last.wh or suspect.moved) and self._agrees(suspect, at, wh):
                self.suspects[n] = SuspectTrack(at, wh, suspect.reason, moved=True)
                return suspect
        return None

    def _agrees(self, suspect: SuspectTrack, at: int, wh: int) -> bool:
        return wh >= suspect.wh - self.back_wh and self._fits(suspect, wh, at)

    def _suspect(self, at: int, wh: int, reason: str) -> None:
        for n, suspect in enumerate(self.suspects):
            if self._agrees(suspect, at, wh):
                moved = suspect.moved or wh > suspect.wh
                self.suspects[n] = SuspectTrack(at, wh, suspect.reason, moved)
                return
        track = SuspectTrack(at, wh, reason, moved=False)
        self.suspects = [*self.suspects, track][-MAX_SUSPECTS:]

    def _stand(self, at: int, reading: Reading, ledger: int) -> None:
        if self.excess is not None:
            too_much, common = self.excess(at, ledger, self.common)
            if too_much and reading.source != MANUAL:
                self._refuse(at, (reading,), EXCESS)
                return
            self.common = common
        self.last = Point(
            at, reading.wh, ledger, self.last.meter_at if self.last else 0, reading.source
        )
        self.points.append(self.last)
        self.leading_zero = self.leading_zero and reading.wh == 0
        if self.suspects:
            self.suspects = []
        if self.doubts:
            self.doubts = []


def by_instant(readings: Iterable[Reading]) -> Iterator[tuple[int, list[Reading]]]:
    """Yield each instant once, in order, with its differing readings."""
    ordered = sorted(set(readings))
    start = 0
    for n in range(1, len(ordered) + 1):
        if n == len(ordered) or ordered[n].at != ordered[start].at:
            yield ordered[start].at, ordered[start:n]
            start = n
