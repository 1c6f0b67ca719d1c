"""The one place that knows what time it is."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from shared.errors import SettingsInvalid, ValueRefused

FIRST_YEAR, LAST_YEAR = 2000, 2099


def parse_instant(text: str) -> int:
    """Return the UTC second of an ISO 8601 time with its offset (decision 39).

    Raises ValueRefused, with what is wrong: no time, no offset, a fraction of a second.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or not text.isascii():
        raise ValueRefused(f"{text!r} is not a time such as 2024-01-16T00:00:00+09:00")
    if at.tzinfo is None:
        raise ValueRefused(f"{text!r} has no offset such as +09:00")
    if at.microsecond:
        raise ValueRefused(f"{text!r} has a fraction of a second; instants are whole seconds")
    return int(at.timestamp())


def parse_stated_instant(text: str) -> int:
    """Return the UTC second that a person or a file states; raises ValueRefused, as above."""
    at = parse_instant(text)
    if not FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        raise ValueRefused(f"{text!r} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return at


def now() -> int:
    """Return the current UTC second."""
    return int(time.time())


def make_clock(test_clock: Path | None) -> Callable[[], int]:
    """Return the function that tells the UTC second: the system's, or a file's (PPA_TEST_CLOCK)."""
    return now if test_clock is None else partial(_written, test_clock)


def _written(test_clock: Path) -> int:
    """Read the file anew each time, so that every process follows when it is changed."""
    try:
        return parse_instant(test_clock.read_text(encoding="utf-8").strip())
    except (OSError, ValueRefused) as error:
        raise SettingsInvalid([f"PPA_TEST_CLOCK: {error}"]) from error
