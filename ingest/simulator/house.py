"""The energy of a made-up home at any instant: deterministic, monotone, in whole Wh.

A day is 48 half-hours. In each the sun gives, the family takes, and the difference crosses the
grid meter; inside a half-hour everything runs evenly, so that export never exceeds generation.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b
from itertools import accumulate, pairwise
from typing import NamedTuple

from shared.energy.quantities import Quantity

DAY_S = 86_400
SLOT_S = 1_800
_SLOTS = DAY_S // SLOT_S
_JAPAN_S = 9 * 3600
_EPOCH = date(1970, 1, 1).toordinal()

# Tokyo, the middle of each month: a clear day's Wh for each kW of panels; sunrise and sunset in
# minutes after midnight; the family's need against a mild month, in percent.
_CLEAR_WH = (4000, 4900, 5600, 6000, 6200, 6000, 5900, 5700, 5100, 4600, 3900, 3600)
_SUNRISE = (410, 390, 355, 312, 280, 266, 275, 297, 320, 344, 373, 400)
_SUNSET = (1000, 1031, 1057, 1082, 1106, 1124, 1124, 1101, 1060, 1017, 989, 983)
_NEED = (135, 130, 115, 95, 90, 100, 120, 130, 105, 90, 105, 130)
# What the family takes in each hour of a day, in W.
_NIGHT, _MORNING, _DAY, _EVENING = (220,) * 6, (650, 800, 500), (320,) * 8, (600, 850, 950)
_LATE = (900, 750, 500, 300)
_HOURLY_W = (*_NIGHT, *_MORNING, *_DAY, *_EVENING, *_LATE)


class Registers(NamedTuple):
    """The cumulative registers of a home in Wh."""

    pv: int
    export: int
    imported: int

    def of(self, quantity: Quantity) -> int:
        """Return the register of a quantity; a home without a battery has 0 there."""
        named = {Quantity.PV: 0, Quantity.EXPORT: 1, Quantity.IMPORT: 2}
        return self[named[quantity]] if quantity in named else 0


class _Day(NamedTuple):
    """Running totals at the 49 edges of a day's half-hours."""

    pv: tuple[int, ...]
    export: tuple[int, ...]
    imported: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """The facts of a made-up home; registers are 0 as `built` begins."""

    seed: int
    panel_w: int = 5_000
    built: date = date(2023, 1, 1)


class SunnyHouse:
    """The registers of a home, remembered day by day once they were asked for."""

    def __init__(self, home: Home) -> None:
        """Begin with empty registers on the day the home was built."""
        self.home = home
        self._first = home.built.toordinal()
        self._before = [Registers(0, 0, 0)]
        self._days: list[_Day] = []

    def registers(self, at: int) -> Registers:
        """Return the registers at a UTC instant; 0 before the home was built."""
        day, second = divmod(at + _JAPAN_S, DAY_S)
        index = day + _EPOCH - self._first
        if index < 0:
            return self._before[0]
        self._reach(index)
        slot, into = divmod(second, SLOT_S)
        return Registers(
            *(
                before + edges[slot] + (edges[slot + 1] - edges[slot]) * into // SLOT_S
                for before, edges in zip(self._before[index], self._days[index], strict=True)
            )
        )

    def watts(self, at: int) -> tuple[int, int]:
        """Return generation, and import less export, in W at an instant."""
        start = at - at % SLOT_S
        now, then = self.registers(start), self.registers(start + SLOT_S)
        pv, export, imported = (2 * (b - a) for a, b in zip(now, then, strict=True))
        return pv, imported - export

    def _reach(self, index: int) -> None:
        while len(self._days) <= index:
            day = _day(self.home, date.fromordinal(self._first + len(self._days)))
            before = self._before[-1]
            self._days.append(day)
            self._before.append(
                Registers(*(a + edges[-1] for a, edges in zip(before, day, strict=True)))
            )


def _day(home: Home, day: date) -> _Day:
    chance = blake2b(f"{home.seed}:{day.isoformat()}".encode()).digest()
    sun = _sun(home.panel_w * _between(_CLEAR_WH, day) * _sky(chance) // 1_000_000, day)
    need = [_need(slot, day, chance[slot]) for slot in range(_SLOTS)]
    pairs = list(zip(sun, need, strict=True))
    return _Day(
        _edges(sun),
        _edges([max(0, pv - load) for pv, load in pairs]),
        _edges([max(0, load - pv) for pv, load in pairs]),
    )


def _edges(slots: list[int]) -> tuple[int, ...]:
    return tuple(accumulate(slots, initial=0))


def _between(monthly: tuple[int, ...], day: date) -> int:
    """Return the figure of a day, straight between the middles of two months."""
    earlier = (day.replace(day=1) - timedelta(days=1)) if day.day < 15 else day  # noqa: PLR2004
    days = (day - earlier.replace(day=15)).days
    a, b = monthly[earlier.month - 1], monthly[earlier.month % 12]
    return a + (b - a) * min(days, 30) // 30


def _sky(chance: bytes) -> int:
    """Return how much of a clear day's sun comes through, in per mille."""
    weather, within = chance[48] % 20, chance[49]
    if weather < 9:  # noqa: PLR2004 - nine days in twenty are clear
        return 850 + within * 150 // 255
    if weather < 16:  # noqa: PLR2004 - seven are mixed
        return 450 + within * 400 // 255
    return 80 + within * 220 // 255


def _sun(total_wh: int, day: date) -> list[int]:
    """Return the day's generation by half-hours: a parabola from sunrise to sunset."""
    rise, fall = _between(_SUNRISE, day), _between(_SUNSET, day)
    length = fall - rise
    risen = [min(max(30 * edge - rise, 0), length) for edge in range(_SLOTS + 1)]
    until = [total_wh * (3 * x * x * length - 2 * x**3) // length**3 for x in risen]
    return [b - a for a, b in pairwise(until)]


def _need(slot: int, day: date, chance: int) -> int:
    """Return what the family takes in a half-hour, in Wh."""
    weekend_w = 150 if day.weekday() >= 5 and 18 <= slot < 34 else 0  # noqa: PLR2004
    hourly_w = (_HOURLY_W[slot // 2] + weekend_w) * _between(_NEED, day) // 100
    return hourly_w * (70 + chance * 60 // 255) // 200
