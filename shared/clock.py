"""The one place that knows what time it is."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from shared.errors import SettingsInvalid, ValueRefused


def parse_instant(text: str) -> int:
    """Return the UTC second of an ISO 8601 time; raises ValueRefused where it has no offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.microsecond:
        raise ValueRefused(
            f"{text!r} is not a time in whole seconds with an offset, "
            "such as 2024-02-15T00:00:00+09:00"
        )
    return int(at.timestamp())


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
