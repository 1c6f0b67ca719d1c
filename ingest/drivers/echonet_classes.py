"""The classes of ECHONET Lite that count energy, and their registers (gateways.md §1c)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingest.drivers.protocol import Outcome, ReadingFailed
from shared.energy.quantities import Quantity
from shared.errors import ValueRefused


@dataclass(frozen=True, slots=True)
class Kind:
    """A class with cumulative registers: each EPC, and the EPC of its half-hours by day, or None.

    `stamped` registers carry the instant at which they were taken. Without an EPC for the unit a
    count is 1 Wh; `most` is the largest count; `digits` is of the register, in counts.
    """

    registers: Mapping[int, int | None]
    most: int
    stamped: frozenset[int] = frozenset()
    unit: int | None = None
    coefficient: int | None = None
    digits: int | None = None
    selector: int | None = None
    is_meter: bool = False

    def scaling(self) -> tuple[int, ...]:
        """Return the EPCs without which a count is no energy."""
        return tuple(e for e in (self.unit, self.coefficient, self.digits) if e is not None)


_EIGHT_DIGITS, _NINE_DIGITS = 99_999_999, 999_999_999

KINDS: Final[Mapping[int, Kind]] = {
    0x0279: Kind({0xE1: None, 0xE3: None}, _NINE_DIGITS),
    0x027D: Kind({0xA8: None, 0xA9: None, 0xD6: None, 0xD8: None}, _NINE_DIGITS),
    0x0280: Kind({0xE0: None}, _NINE_DIGITS, unit=0xE2, is_meter=True),
    0x0287: Kind({0xC0: None, 0xC1: None}, _NINE_DIGITS, unit=0xC2),
    0x0288: Kind(
        {0xE0: 0xE2, 0xE3: 0xE4, 0xEA: None, 0xEB: None},
        _EIGHT_DIGITS,
        frozenset({0xEA, 0xEB}),
        unit=0xE1,
        coefficient=0xD3,
        digits=0xD7,
        selector=0xE5,
        is_meter=True,
    ),
    0x028D: Kind(
        {0xE1: 0xE2, 0xE3: 0xE4, 0xEA: None, 0xEB: None},
        _EIGHT_DIGITS,
        frozenset({0xEA, 0xEB}),
        unit=0xD4,
        coefficient=0xD3,
        digits=0xD7,
        selector=0xE0,
        is_meter=True,
    ),
    0x028E: Kind(
        dict.fromkeys((224, 226, 228, 230, 231, 232)),
        _NINE_DIGITS,
        frozenset({0xE6, 0xE7, 0xE8}),
        unit=0xD4,
        is_meter=True,
    ),
    0x02A5: Kind({0xE0: None, 0xE3: None}, _NINE_DIGITS),
}
"""Every class that is read. The day of a 028E is never set, so that its half-hours are not had."""

DEFAULTS: Final[Mapping[Quantity, str]] = {
    Quantity.EXPORT: "028801.E3",
    Quantity.IMPORT: "028801.E0",
    Quantity.PV: "027901.E1",
    Quantity.BATTERY_CHARGE: "027D01.A8",
    Quantity.BATTERY_DISCHARGE: "027D01.A9",
}
_SOURCE = re.compile(r"([0-9A-Fa-f]{6})\.([0-9A-Fa-f]{2})", re.ASCII)


def parse_source(text: str) -> tuple[int, int]:
    """Return EOJ and EPC of `EOJ.EPC` in hexadecimal; raises ValueRefused."""
    match = _SOURCE.fullmatch(text)
    if not match:
        raise ValueRefused(f"{text!r} is not an ECHONET source such as 028D01.E3")
    return int(match[1], 16), int(match[2], 16)


def source_text(eoj: int, epc: int) -> str:
    """Return how a register is written in the gateways CSV."""
    return f"{eoj:06X}.{epc:02X}"


def choose(channel: Quantity, source: str) -> tuple[int, int, Kind]:
    """Return EOJ, EPC and class of a channel; raises ReadingFailed `no_channel`."""
    try:
        eoj, epc = parse_source(source or DEFAULTS[channel])
    except ValueRefused as error:
        raise ReadingFailed(Outcome.NO_CHANNEL, str(error)) from None
    kind = KINDS.get(eoj >> 8)
    if kind is None or epc not in kind.registers or not 0 < eoj & 0xFF < 0x80:  # noqa: PLR2004
        sentence = f"{source_text(eoj, epc)}: no cumulative register that is known here"
        raise ReadingFailed(Outcome.NO_CHANNEL, sentence)
    return eoj, epc, kind
