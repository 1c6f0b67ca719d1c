"""The energy counters of the SunSpec models, as pure facts and decoders (gateways.md §1a)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ingest.drivers import registers
from ingest.drivers.protocol import Decoded, Outcome, ReadingFailed, step_wh, to_wh
from shared.energy.quantities import Quantity
from shared.errors import ValueRefused

COMMON = 1
END = 0xFFFF
MARKER = (0x5375, 0x6E53)
BASES = (40000, 0, 50000)
SERIAL_OFFSET, SERIAL_COUNT = 50, 16

INVERTERS = (101, 102, 103, 111, 112, 113)
METERS = (201, 202, 203, 204, 211, 212, 213, 214)
DER = (701,)

_LARGEST_SCALE_FACTOR = 10
_NO_SCALE_FACTOR = -32768
_NO_COUNT = 0xFFFF


@dataclass(frozen=True, slots=True)
class Point:
    """A counter in Wh: registers from the model's ID on, and where its scale factor stands."""

    offset: int
    kind: Literal["acc32", "u64", "f32"]
    scale_offset: int | None = None

    @property
    def count(self) -> int:
        """Registers the counter itself takes."""
        return 4 if self.kind == "u64" else 2

    @property
    def end(self) -> int:
        """The offset after everything that must be read together."""
        return max(self.offset + self.count, (self.scale_offset or 0) + 1)


@dataclass(frozen=True, slots=True)
class Block:
    """One model of a device's chain: the nth of its number, and the model 1 it stands under."""

    model: int
    nth: int
    address: int
    length: int
    common: int | None = None


_PHASES = ("", "PhA", "PhB", "PhC")


def _meter(export: int, imported: int, scale: int | None) -> dict[str, Point]:
    kind: Literal["acc32", "f32"] = "f32" if scale is None else "acc32"
    return {
        f"{name}{phase}": Point(start + 2 * n, kind, scale)
        for name, start in (("TotWhExp", export), ("TotWhImp", imported))
        for n, phase in enumerate(_PHASES)
    }


POINTS: dict[int, dict[str, Point]] = {
    **{model: {"WH": Point(24, "acc32", 26)} for model in (101, 102, 103)},
    **{model: {"WH": Point(32, "f32")} for model in (111, 112, 113)},
    **{model: _meter(38, 46, 54) for model in (201, 202, 203, 204)},
    **{model: _meter(60, 68, None) for model in (211, 212, 213, 214)},
    701: {"TotWhInj": Point(19, "u64", 120), "TotWhAbs": Point(23, "u64", 120)},
    714: {"DCWhInj": Point(7, "u64", 18), "DCWhAbs": Point(11, "u64", 18)},
}


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a battery holds at an instant, in 16 bits; told while trying out, never billed."""

    offset: int
    scale_offset: int
    unit: str


GAUGES: dict[int, dict[str, Gauge]] = {
    124: {"ChaState": Gauge(8, 22, "%")},
    713: {
        "WHRtg": Gauge(2, 7, "Wh"),
        "WHAvail": Gauge(3, 7, "Wh"),
        "SoC": Gauge(4, 8, "%"),
        "SoH": Gauge(5, 8, "%"),
    },
    802: {
        "WHRtg": Gauge(3, 53, "Wh"),
        "SoC": Gauge(11, 56, "%"),
        "SoH": Gauge(13, 58, "%"),
    },
}
"""Batteries' charge and size, by model and point."""

_PREFERRED: dict[Quantity, tuple[tuple[tuple[int, ...], str], ...]] = {
    Quantity.PV: ((METERS, "TotWhExp"), (DER, "TotWhInj"), (INVERTERS, "WH")),
    Quantity.EXPORT: ((METERS, "TotWhExp"), (DER, "TotWhInj")),
    Quantity.IMPORT: ((METERS, "TotWhImp"), (DER, "TotWhAbs")),
}
_SOURCE = re.compile(r"(\d{1,5})(?:/([1-9]\d{0,2}))?\.([A-Za-z][A-Za-z0-9_]{0,30})", re.ASCII)


def parse_source(text: str) -> tuple[int, int, str]:
    """Return model, nth and point of `MODEL.POINT` or `MODEL/n.POINT`; raises ValueRefused."""
    match = _SOURCE.fullmatch(text)
    if not match:
        raise ValueRefused(f"{text!r} is not a SunSpec source such as 203.TotWhExp or 103/2.WH")
    return int(match[1]), int(match[2] or 1), match[3]


@dataclass(frozen=True, slots=True)
class Choice:
    """The counter a channel takes; `certain` where the rest of the chain cannot change it."""

    block: Block
    point: Point
    certain: bool


def choose(channel: Quantity, source: str, chain: Sequence[Block], *, meter_taken: bool) -> Choice:
    """Return the counter of a channel by SOURCE or by default; raises ReadingFailed no_channel.

    `meter_taken`: export or import is read from the same gateway, so its meter is theirs.
    """
    if source:
        return _named(source, chain)
    preferred = _PREFERRED.get(channel, ())
    if channel is Quantity.PV and meter_taken:
        preferred = preferred[1:]
    for rank, (models, name) in enumerate(preferred):
        block = next((block for block in chain if block.model in models), None)
        if block:
            return Choice(block, POINTS[block.model][name], certain=rank == 0)
    raise _no_channel(f"the device has no model that {channel} is read from")


def _named(source: str, chain: Sequence[Block]) -> Choice:
    try:
        model, nth, name = parse_source(source)
    except ValueRefused as error:
        raise _no_channel(str(error)) from None
    point = POINTS.get(model, {}).get(name)
    if point is None:
        raise _no_channel(f"{source}: no energy counter that is known here")
    block = next((b for b in chain if (b.model, b.nth) == (model, nth)), None)
    if block is None:
        raise _no_channel(f"{source}: the device has no such model")
    return Choice(block, point, certain=True)


def _no_channel(sentence: str) -> ReadingFailed:
    return ReadingFailed(Outcome.NO_CHANNEL, sentence)


def decode(point: Point, words: Sequence[int], first: int) -> Decoded:
    """Return counts, energy and step of a counter in `words`, which begin at offset `first`.

    Raises ReadingFailed `no_data` where counter or scale factor are not implemented.
    """
    start = point.offset - first
    bits = registers.pattern(words[start : start + point.count])
    scale = Fraction(1)
    if point.scale_offset is not None:
        scale = _scale(words[point.scale_offset - first])
    figure = _figure(point, bits)
    if figure is None:
        raise ReadingFailed(Outcome.NO_DATA, f"the counter holds {bits:#x}: not accumulated")
    modulus_wh = step_wh((1 << 32) * scale) if point.kind == "acc32" else None
    return Decoded(bits, to_wh(figure, scale), step_wh(scale), modulus_wh)


def gauge_text(gauge: Gauge, words: Sequence[int]) -> str:
    """Return what a gauge shows, such as `57.5 %`; `words` begin at the model's ID.

    Raises ReadingFailed `no_data`.
    """
    counts = words[gauge.offset]
    if counts == _NO_COUNT:
        raise ReadingFailed(Outcome.NO_DATA, "the gauge is not implemented")
    figure = counts * _scale(words[gauge.scale_offset])
    tenths = 10 * figure
    whole = (2 * tenths.numerator + tenths.denominator) // (2 * tenths.denominator)
    decimals = f".{whole % 10}" if whole % 10 else ""
    return f"{whole // 10}{decimals} {gauge.unit}"


def _figure(point: Point, bits: int) -> Fraction | None:
    """Return the counts; an acc32 of 0 or all ones was never counted (dbus-fronius 18)."""
    if point.kind == "f32":
        return registers.number(bits, "f32")
    all_ones = (1 << 16 * point.count) - 1
    if bits == all_ones or (point.kind == "acc32" and bits == 0):
        return None
    return Fraction(bits)


def _scale(word: int) -> Fraction:
    factor = word - 0x10000 if word & 0x8000 else word
    if factor == _NO_SCALE_FACTOR or abs(factor) > _LARGEST_SCALE_FACTOR:
        raise ReadingFailed(Outcome.NO_DATA, f"the scale factor {word:#06x} is not implemented")
    return Fraction(10) ** factor


def text(words: Sequence[int]) -> str:
    """Return a SunSpec string without its padding and unprintable characters."""
    written = b"".join(word.to_bytes(2, "big") for word in words).split(b"\0")[0]
    decoded = written.decode(errors="replace").strip()
    return "".join(character for character in decoded if character.isprintable())
