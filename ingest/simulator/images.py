"""What a simulated device holds in its registers: a profile's map, or a chain of SunSpec models."""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from ingest.drivers.profiles import Profile, Register
from ingest.drivers.registers import bits_of, width
from ingest.drivers.sunspec_models import END, MARKER
from ingest.simulator.house import SunnyHouse
from shared.energy.quantities import Quantity

Wh = Callable[[int], int]
"""Gives a register in Wh at an instant."""


class Device(Protocol):
    """One Modbus unit of a gateway."""

    def image(self, at: int, modulus_wh: int | None = None) -> Mapping[tuple[int, int], int]:
        """Return the words by function code and address at an instant."""
        ...


@dataclass(frozen=True, slots=True)
class MapDevice:
    """A meter as a profile describes it; `energies` gives each of its registers' Wh."""

    profile: Profile
    energies: Mapping[str, Wh]

    def image(self, at: int, modulus_wh: int | None = None) -> Mapping[tuple[int, int], int]:
        """Return the words of every register that has an energy."""
        words: dict[tuple[int, int], int] = {}
        for name, energy in self.energies.items():
            register = self.profile.registers[name]
            wh = energy(at) % modulus_wh if modulus_wh else energy(at)
            for n, word in enumerate(encode(register, wh)):
                words[register.fc, register.address + n] = word
        return words


@dataclass(frozen=True, slots=True)
class SunSpecDevice:
    """A SunSpec chain: model 1 with `serial`, then `models` as they stand at an instant."""

    serial: str
    models: Callable[[int, int | None], Sequence[tuple[int, Sequence[int]]]]
    base: int = 40000

    def image(self, at: int, modulus_wh: int | None = None) -> Mapping[tuple[int, int], int]:
        """Return marker, chain and end model as holding registers."""
        chain = [*MARKER]
        for model, body in ((1, _common(self.serial)), *self.models(at, modulus_wh)):
            chain += [model, len(body), *body]
        chain += [END, 0]
        return {(3, self.base + n): word for n, word in enumerate(chain)}


def encode(register: Register, wh: int) -> list[int]:
    """Return the words in which a meter of this profile shows an energy (floats: the nearest)."""
    counts = Fraction(wh) / register.scale_wh
    bits = _bits(register, counts) & ((1 << bits_of(register.kind)) - 1)
    octets = bits.to_bytes(2 * width(register.kind), "big")
    pairs = [octets[n : n + 2] for n in range(0, len(octets), 2)]
    words = [int.from_bytes(pair, register.byte_order) for pair in pairs]
    return words if register.word_order == "big" else words[::-1]


def _bits(register: Register, counts: Fraction) -> int:
    if register.kind == "f32":
        return int.from_bytes(struct.pack(">f", float(counts)), "big")
    if register.kind == "f64":
        return int.from_bytes(struct.pack(">d", float(counts)), "big")
    whole = counts.numerator // counts.denominator
    return int(str(whole % 10**8), 16) if register.kind == "bcd32" else whole


def _text(text: str, count: int) -> list[int]:
    octets = text.encode()[: 2 * count].ljust(2 * count, b"\0")
    return [int.from_bytes(octets[n : n + 2], "big") for n in range(0, len(octets), 2)]


def _common(serial: str) -> list[int]:
    maker, model = _text("Sunny House Works", 16), _text("Family of four", 16)
    return [*maker, *model, *_text("", 8), *_text("1.0", 8), *_text(serial, 16), 1, 0x8000]


def _placed(length: int, figures: Mapping[int, Sequence[int]]) -> list[int]:
    """Return a model's body, figures at their offsets from the ID, the rest not implemented."""
    body = [0x8000] * length
    for offset, words in figures.items():
        body[offset - 2 : offset - 2 + len(words)] = words
    return body


def _long(counts: int) -> list[int]:
    return [counts >> 16 & 0xFFFF, counts & 0xFFFF]


def inverter(wh: int, watts: int) -> tuple[int, list[int]]:
    """Return model 103, an inverter in integers: W, and WH in Wh with scale factor 0."""
    return 103, _placed(50, {14: [watts & 0xFFFF, 0], 24: [*_long(wh), 0], 38: [4]})


def meter(export_wh: int, import_wh: int, watts: int) -> tuple[int, list[int]]:
    """Return model 203, a three-phase meter in integers, in units of 10 Wh (scale factor 1)."""
    energies = {38: _long(export_wh // 10), 46: _long(import_wh // 10), 54: [1]}
    phases = {offset: [0, 0] for offset in (40, 42, 44, 48, 50, 52)}
    return 203, _placed(105, {18: [watts & 0xFFFF], 22: [0], **energies, **phases})


def sunspec_home(house: SunnyHouse, serial: str) -> SunSpecDevice:
    """Return an inverter with a grid meter in one chain: pv, export and import by default."""

    def models(at: int, modulus_wh: int | None) -> Sequence[tuple[int, Sequence[int]]]:
        pv, export, imported = (wh % modulus_wh if modulus_wh else wh for wh in house.registers(at))
        pv_w, grid_w = house.watts(at)
        return inverter(pv, pv_w), meter(export, imported, grid_w)

    return SunSpecDevice(serial, models)


def map_home(house: SunnyHouse, profile: Profile, feeds: Mapping[str, Quantity]) -> MapDevice:
    """Return a meter of a profile whose registers show the home's quantities."""

    def energy(quantity: Quantity) -> Wh:
        return lambda at: house.registers(at).of(quantity)

    return MapDevice(profile, {name: energy(quantity) for name, quantity in feeds.items()})
