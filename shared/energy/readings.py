"""What the core is given: readings, meter events, and the site they belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from shared.energy.quantities import Battery, Quantity, Source

UNKNOWN_PANEL_W = 30_000
"""The panels' size assumed where nobody stated it (decision 5)."""


class Reading(NamedTuple):
    """A raw register in Wh at an instant (UTC seconds); order and repetition never matter."""

    at: int
    source: int
    wh: int


@dataclass(frozen=True, slots=True)
class MeterEvent:
    """A meter put in at an instant, with its first register; `removed_wh` ends the one before.

    `digits` counts the whole-kWh digits of the register; `certified_until` is the first day of
    the last month for which the certificate stands (計量法).
    """

    at: int
    serial: str
    installed_wh: int
    removed_wh: int | None = None
    digits: int | None = None
    certified_until: date | None = None


def in_place(events: Sequence[MeterEvent], at: int) -> int:
    """Return when the meter in place at an instant was put in, 0 where nobody recorded one."""
    return max((event.at for event in events if event.at <= at), default=0)


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity's readings and meters; `unit_wh` is the smallest step its register shows.

    `modulus_wh` is where the register wraps, as the device itself tells; None where it does not.
    """

    readings: Sequence[Reading]
    events: Sequence[MeterEvent] = ()
    unit_wh: int = 1
    modulus_wh: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A roof: what its battery may do, its panels in W, and its channels of registers."""

    channels: Mapping[Quantity, Channel] = field(default_factory=dict)
    battery: Battery = Battery.NONE
    panel_w: int | None = None

    @property
    def assumed_panel_w(self) -> int:
        """Return the panels' size, 30 kW where unknown (decision 5)."""
        return UNKNOWN_PANEL_W if self.panel_w is None else self.panel_w


class Point(NamedTuple):
    """A register that stands.

    `ledger` is the channel's energy in Wh since its first reading, each register taken down to
    10 Wh; `meter_at` is the instant its meter was put in (0: the meter before any event).
    """

    at: int
    wh: int
    ledger: int
    meter_at: int
    source: int


class Refusal(NamedTuple):
    """A reading that bills nothing, and why."""

    at: int
    source: int
    wh: int
    reason: str


class SuspectTrack(NamedTuple):
    """A set-aside level that later readings may agree with; `moved` once it has been seen to."""

    at: int
    wh: int
    reason: str
    moved: bool


@dataclass(frozen=True, slots=True)
class LineState:
    """Where the judging of one channel stands after some instant."""

    last: Point | None = None
    suspects: tuple[SuspectTrack, ...] = ()
    leading_zero: bool = False
    common: tuple[int, int] | None = None
    """Export only: its ledger, and generation plus discharge, when all were last known."""
    doubts: tuple[tuple[int, str], ...] = ()
    """Doubtful readings set aside since the last register that stands: instant and reason."""


MANUAL = int(Source.MANUAL)
METER = int(Source.METER)
