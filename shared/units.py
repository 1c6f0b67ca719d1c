"""Energy in whole Wh, unit prices in whole sen (1/100 yen), money in whole yen: integers only."""

import re
from typing import NewType

from shared.errors import ValueRefused

Wh = NewType("Wh", int)
Sen = NewType("Sen", int)
"""A unit price: 1/100 yen per kWh."""
Yen = NewType("Yen", int)
FineYen = NewType("FineYen", int)
"""An unrounded amount in 1/100,000 yen, the exact product of Wh and sen (decision 14)."""

FINE_PER_YEN = 100_000
MAX_WH = 10**15
MAX_DIGITS = 9
"""The most whole-kWh digits that a meter's register has."""

_KWH = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?", re.ASCII)
_PRICE = re.compile(r"(\d{1,7})(?:\.(\d{1,2}))?", re.ASCII)
_YEN = re.compile(r"\d{1,9}", re.ASCII)


def half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half-up to a whole number (denominator > 0)."""
    return (2 * numerator + denominator) // (2 * denominator)


def take_down(wh: int) -> int:
    """Return a register taken down to 10 Wh, the two decimals that are printed (decision 1)."""
    return wh - wh % 10


def yen(fine: int) -> Yen:
    """Return an unrounded amount as whole yen, half-up, rounded this once (domain.md D3)."""
    return Yen(half_up(fine, FINE_PER_YEN))


def parse_kwh(text: str) -> Wh:
    """Return a register typed in kWh as Wh, decimals beyond the Wh taken down.

    Raises ValueRefused for anything but plain ASCII digits with one optional point.
    """
    match = _KWH.fullmatch(text)
    if not match:
        raise ValueRefused(f"{text!r} is not a register in kWh such as 1234.56")
    whole, decimals = match.groups()
    return Wh(int(whole) * 1000 + int((decimals or "")[:3].ljust(3, "0")))


def parse_price(text: str) -> Sen:
    """Return a price in yen with at most two decimals as sen; raises ValueRefused."""
    match = _PRICE.fullmatch(text)
    if not match:
        raise ValueRefused(f"{text!r} is not a price in yen such as 27.00")
    whole, decimals = match.groups()
    return Sen(int(whole) * 100 + int((decimals or "").ljust(2, "0")))


def parse_yen(text: str) -> Yen:
    """Return an amount typed in whole yen; raises ValueRefused."""
    if not _YEN.fullmatch(text):
        raise ValueRefused(f"{text!r} is not an amount in whole yen such as 980")
    return Yen(int(text))


def _decimals(number: int, scale: int, places: int) -> str:
    """Return number / 10**scale with `places` decimals, half-up on the magnitude."""
    sign = "-" if number < 0 else ""
    shown = half_up(abs(number), 10 ** (scale - places))
    whole, rest = divmod(shown, 10**places)
    return f"{sign if shown else ''}{whole}.{rest:0{places}d}"


def kwh_text(wh: int) -> str:
    """Return Wh as kWh with two decimals: 86200 is `86.20`."""
    shown = (abs(wh) + 5) // 10  # as `_decimals` does, in one step: files hold a million of them
    return f"{'-' if wh < 0 and shown else ''}{shown // 100}.{shown % 100:02d}"


def register_text(wh: int) -> str:
    """Return a raw register in kWh with all its three decimals: 12845318 is `12845.318`."""
    return _decimals(wh, 3, 3)


def price_text(sen: int) -> str:
    """Return a price in yen with two decimals: 2700 is `27.00`."""
    return _decimals(sen, 2, 2)


def fine_text(fine: int) -> str:
    """Return an unrounded amount in yen with two decimals, as days print it."""
    return _decimals(fine, 5, 2)


def grouped(text: str) -> str:
    """Return a number with commas in its whole part and a true minus; decimals stay."""
    whole, point, decimals = text.partition(".")
    sign = "−" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}{point}{decimals}"
