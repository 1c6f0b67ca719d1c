"""Pure decoders: 16-bit registers to an exact number, or to nothing where there is no figure."""

import math
import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, get_args

Kind = Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "bcd32"]
Order = Literal["big", "little"]

KINDS: tuple[Kind, ...] = get_args(Kind)
ORDERS: tuple[Order, ...] = get_args(Order)


def bits_of(kind: Kind) -> int:
    """Return how many bits a type has: `bcd32` is 32."""
    return int(kind.lstrip("bcdfiu"))


def width(kind: Kind) -> int:
    """Return how many registers a type takes."""
    return bits_of(kind) // 16


def pattern(words: Sequence[int], word_order: Order = "big", byte_order: Order = "big") -> int:
    """Return the registers as one bit pattern, high word and high byte first after ordering."""
    ordered = words if word_order == "big" else tuple(reversed(words))
    return int.from_bytes(b"".join(word.to_bytes(2, byte_order) for word in ordered), "big")


def number(bits: int, kind: Kind) -> Fraction | None:
    """Return the exact number of a bit pattern; None for NaN, infinity and impossible BCD."""
    if kind.startswith("f"):
        return _float(bits, kind)
    if kind == "bcd32":
        digits = f"{bits:08x}"
        return Fraction(int(digits)) if digits.isdecimal() else None
    if kind.startswith("i") and bits >> (bits_of(kind) - 1):
        return Fraction(bits - (1 << bits_of(kind)))
    return Fraction(bits)


def _float(bits: int, kind: Kind) -> Fraction | None:
    code, size = (">f", 4) if kind == "f32" else (">d", 8)
    figure: float = struct.unpack(code, bits.to_bytes(size, "big"))[0]
    return Fraction(figure) if math.isfinite(figure) else None
