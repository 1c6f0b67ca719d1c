"""What the properties of ECHONET Lite objects say: pure decoders (gateways.md §1c)."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from ingest.drivers.echonet_classes import Kind, source_text
from ingest.drivers.echonet_frames import Answer
from ingest.drivers.protocol import Decoded, Implausible, Outcome, ReadingFailed, step_wh, to_wh
from shared.months import instant

CLOCK, DATE = 0x97, 0x98
SLOTS: Final = 48
SLOT_S: Final = 1800

_SENTINELS = frozenset({0xFFFFFFFE, 0xFFFFFFFF, 0x7FFFFFFE, 0x7FFFFFFF})
_UNITS_KWH = {
    0x00: Fraction(1),
    0x01: Fraction(1, 10),
    0x02: Fraction(1, 100),
    0x03: Fraction(1, 1000),
    0x04: Fraction(1, 10_000),
    0x0A: Fraction(10),
    0x0B: Fraction(100),
    0x0C: Fraction(1000),
    0x0D: Fraction(10_000),
}
_COUNTS, _STAMP, _MOST_DIGITS = 4, 7, 8


@dataclass(frozen=True, slots=True)
class Scale:
    """What a count of an object is worth in Wh, its largest count, and where its register wraps."""

    wh: Fraction
    most: int
    modulus: int | None

    @property
    def modulus_wh(self) -> int | None:
        """The energy at which the register wraps, None where the device does not say."""
        return None if self.modulus is None else step_wh(self.modulus * self.wh)

    def decode(self, counts: int) -> Decoded | None:
        """Return the energy of counts, None for a sentinel; raises Implausible."""
        if counts in _SENTINELS:
            return None
        wh = to_wh(Fraction(counts), self.wh)
        if counts > self.most:
            raise Implausible(f"the register is above its {self.most} counts", wh)
        wraps = self.modulus_wh if self.modulus and counts < self.modulus else None
        return Decoded(counts, wh, step_wh(self.wh), wraps)


def scale_of(kind: Kind, answer: Answer) -> Scale:
    """Return what the counts of an object are worth; raises ReadingFailed.

    A coefficient that the device does not have is 1; a unit that it does not tell leaves no data.
    """
    wh = Fraction(1)
    if kind.unit is not None:
        code = _whole(answer, kind.unit, 1)
        if code is None:
            raise ReadingFailed(Outcome.NO_DATA, f"the device does not tell {kind.unit:02X}: unit")
        if code not in _UNITS_KWH:
            raise ReadingFailed(Outcome.BAD_ANSWER, f"{code:02X} is no unit of energy")
        wh = 1000 * _UNITS_KWH[code]
    coefficient = None if kind.coefficient is None else _whole(answer, kind.coefficient, _COUNTS)
    if coefficient == 0:
        raise ReadingFailed(Outcome.NO_DATA, "the device's coefficient is 0")
    digits = None if kind.digits is None else _whole(answer, kind.digits, 1)
    if digits is not None and not 1 <= digits <= _MOST_DIGITS:
        raise ReadingFailed(Outcome.BAD_ANSWER, f"a register of {digits} digits")
    modulus = None if digits is None else 10**digits
    if kind.digits is None:
        modulus = kind.most + 1
    return Scale(wh * (1 if coefficient is None else coefficient), kind.most, modulus)


def read_register(kind: Kind, eoj: int, epc: int, answer: Answer) -> tuple[int | None, Decoded]:
    """Return a register with the instant it carries, if any; raises ReadingFailed.

    `no_channel` where the device refuses it, `no_data` for a sentinel.
    """
    edt = answer.get(epc)
    name = source_text(eoj, epc)
    if edt is None:
        raise ReadingFailed(Outcome.NO_CHANNEL, f"{name}: the device does not have it")
    stamped = epc in kind.stamped
    _check_length(name, edt, _COUNTS + (_STAMP if stamped else 0))
    counts = int.from_bytes(edt[-_COUNTS:], "big")
    decoded = scale_of(kind, answer).decode(counts)
    if decoded is None:
        raise ReadingFailed(Outcome.NO_DATA, f"{name} holds {counts:08X}: no data")
    return (_stamp(name, edt) if stamped else None), decoded


def read_history(name: str, edt: bytes, scale: Scale) -> tuple[int, list[Decoded | None]]:
    """Return the day that a history is of (0 is today) and its 48 registers, None for a hole.

    Raises ReadingFailed.
    """
    _check_length(name, edt, 2 + SLOTS * _COUNTS)
    counts = [int.from_bytes(edt[at : at + _COUNTS], "big") for at in range(2, len(edt), _COUNTS)]
    return int.from_bytes(edt[:2], "big"), [scale.decode(one) for one in counts]


def clock_error_s(answer: Answer, now: int) -> int | None:
    """Return by how many seconds the device's clock is ahead, None where it shows none.

    The clock tells minutes: within its minute it is right.
    """
    clock, day = answer.get(CLOCK), device_day(answer)
    if day is None or clock is None or len(clock) != 2:  # noqa: PLR2004 - hours and minutes
        return None
    hours, minutes = clock
    if not _is_time(hours, minutes, 0):
        return None
    shown = instant(day) + 3600 * hours + 60 * minutes
    return shown - now if now < shown else min(0, shown + 59 - now)


def device_day(answer: Answer) -> date | None:
    """Return the date that the device shows, None where it shows none."""
    edt = answer.get(DATE)
    if edt is None or len(edt) != 4:  # noqa: PLR2004 - YYYY MM DD
        return None
    return _date(edt)


def text(edt: bytes | None) -> str:
    """Return an ASCII property without its padding and unprintable characters."""
    decoded = (edt or b"").split(b"\0")[0].decode("ascii", errors="replace").strip()
    return "".join(character for character in decoded if character.isprintable())


def instances(edt: bytes) -> list[int]:
    """Return the objects of a node (0xD6 of its profile); raises ReadingFailed."""
    _check_length("the list of instances", edt, 1 + 3 * (edt[0] if edt else 0))
    return [int.from_bytes(edt[at : at + 3], "big") for at in range(1, len(edt), 3)]


def property_map(edt: bytes) -> frozenset[int]:
    """Return the EPCs of a property map: a list up to 15, bits from 16 on; raises ReadingFailed."""
    count = edt[0] if edt else 0
    if count < 16:  # noqa: PLR2004 - the first count that is written in bits
        _check_length("the property map", edt, 1 + count)
        return frozenset(edt[1:])
    _check_length("the property map", edt, 17)
    found = frozenset(
        0x80 + 0x10 * bit + place
        for place, octet in enumerate(edt[1:])
        for bit in range(8)
        if octet >> bit & 1
    )
    if len(found) != count:
        raise ReadingFailed(Outcome.BAD_ANSWER, f"a property map of {count} names {len(found)}")
    return found


def _whole(answer: Answer, epc: int, length: int) -> int | None:
    edt = answer.get(epc)
    if edt is None:
        return None
    _check_length(f"{epc:02X}", edt, length)
    return int.from_bytes(edt, "big")


def _check_length(name: str, edt: bytes, length: int) -> None:
    if len(edt) != length:
        sentence = f"{name} holds {len(edt)} bytes instead of {length}"
        raise ReadingFailed(Outcome.BAD_ANSWER, sentence)


def _stamp(name: str, edt: bytes) -> int:
    day = _date(edt[:4])
    if day is None or not _is_time(*edt[4:7]):
        raise ReadingFailed(Outcome.NO_DATA, f"{name} carries no time")
    hours, minutes, seconds = edt[4:7]
    return instant(day) + 3600 * hours + 60 * minutes + seconds


def _date(edt: bytes) -> date | None:
    try:
        return date(int.from_bytes(edt[:2], "big"), edt[2], edt[3])
    except ValueError:
        return None


def _is_time(hours: int, minutes: int, seconds: int) -> bool:
    return hours < 24 and minutes < 60 and seconds < 60  # noqa: PLR2004 - as every clock
