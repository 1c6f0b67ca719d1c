"""Words of the command line read strictly, each fault naming the option it stood in."""

import re
from argparse import ArgumentTypeError
from contextlib import suppress
from datetime import date

from shared.clock import parse_stated_instant
from shared.energy.quantities import Quantity
from shared.errors import InputRefused, ValueRefused
from shared.months import Month
from shared.units import Wh, parse_kwh

LONGEST_REASON = 500
_DAY = re.compile(r"\d{4}([-/])\d\d\1\d\d", re.ASCII)


def read_instant(text: str, option: str) -> int:
    """Return an ISO 8601 time with its offset as a UTC second; raises InputRefused."""
    try:
        return parse_stated_instant(text)
    except ValueRefused as error:
        raise InputRefused(f"{option}: {error}") from None


def read_day(text: str, option: str) -> date:
    """Return a day written 2024-01-16 or 2024/01/16; raises InputRefused."""
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text.replace("/", "-"))
    raise InputRefused(f"{option}: {text!r} is not a day such as 2024-01-16")


def a_text(text: str) -> str:
    """Return a text that says something, for argparse; it names the option otherwise."""
    said = text.strip()
    if not said or len(said) > LONGEST_REASON or not said.isprintable():
        raise ArgumentTypeError(f"must be one line of 1 to {LONGEST_REASON} characters")
    return said


def read_month(text: str) -> Month:
    """Return a month written 2024-01 or 2024/01; raises InputRefused."""
    return Month.parse(text)


def read_kwh(text: str, option: str) -> Wh:
    """Return a register in kWh; raises InputRefused naming the option."""
    try:
        return parse_kwh(text)
    except ValueRefused as error:
        raise InputRefused(f"{option}: {error}") from None


def read_channel(text: str) -> Quantity:
    """Return a channel by its name; raises InputRefused."""
    try:
        return Quantity(text)
    except ValueError:
        names = ", ".join(quantity.value for quantity in Quantity)
        raise InputRefused(f"CHANNEL: {text!r} is none of {names}") from None


def read_certified_until(text: str | None) -> date | None:
    """Return the first day of a month written 2034-01; raises InputRefused."""
    if text is None:
        return None
    try:
        return Month.parse(text).first()
    except ValueRefused as error:
        raise InputRefused(f"--certified-until: {error}") from None
