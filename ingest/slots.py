"""When gateways are asked: half-hours by day, twice at night for the boundary (decision 6).

Those that tell finished days and no registers are looked at once a day, soon after midnight,
because their pages are large for a 4G router (gateways.md §5).
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from shared.fleet.states import PATIENCE
from shared.months import DAY_S, day_of, instant

HALF_HOUR_S: Final = 1800
FIRST_S, LAST_S = 4 * 3600, 20 * 3600
"""The first and last half-hour of the day whose registers are worth a look for the charts."""
NIGHTS: Final = ((300, 9000), (9000, 12_000))
"""00:05 until 02:30, and 02:30 until 03:20, in seconds after midnight in Japan."""
LATE_S: Final = 120
SPREAD_S: Final = 600
RETRY_S: Final = 600
OPEN_SIXTIETHS: Final = (10, 30, 120, 360)
"""Sixtieths of a slot for which a breaker stays open: 5, 15, 60 and 180 minutes of a half-hour."""
LOOK_S: Final = 1201
"""00:20:01, when yesterday's finished days are asked for; no slot of another kind begins then."""
LOOK_RETRY_S: Final = 1800


@dataclass(frozen=True, slots=True)
class Slot:
    """One time to ask every gateway once, from `first` (spread over `spread_s`) until `until`.

    `retry_s` is 0 where one try is enough; at night a register is worth more than a try. `of_days`
    tells whether it is for gateways of finished days, for the others, or (None) for all.
    """

    start: int
    first: int
    until: int
    spread_s: int
    retry_s: int = 0
    of_days: bool | None = None

    def at(self, gateway_id: int) -> int:
        """Return the gateway's own instant, the same in every slot of this length."""
        return self.first + jitter(gateway_id, self.spread_s)


def slot_at(now: int, poll_seconds: int | None) -> Slot | None:
    """Return the slot that runs at an instant, None between the last by day and 00:05."""
    midnight = instant(day_of(now))
    after = now - midnight
    if poll_seconds:
        start = midnight + after // poll_seconds * poll_seconds
        until = min(start + poll_seconds, midnight + DAY_S)
        return Slot(start, start, until, poll_seconds // 10)
    for begins, ends in NIGHTS:
        if begins <= after < ends:
            start = midnight + begins
            return Slot(start, start, midnight + ends, SPREAD_S, RETRY_S, of_days=False)
    if FIRST_S <= after < LAST_S + HALF_HOUR_S:
        start = midnight + after // HALF_HOUR_S * HALF_HOUR_S
        return Slot(start, start + LATE_S, start + HALF_HOUR_S, SPREAD_S, of_days=False)
    return None


def look_at(now: int) -> Slot:
    """Return the daily look that runs at an instant, from 00:20 until the next one."""
    start = instant(day_of(now - LOOK_S)) + LOOK_S
    return Slot(start, start, start + DAY_S, SPREAD_S, LOOK_RETRY_S, of_days=True)


def jitter(gateway_id: int, spread_s: int) -> int:
    """Return the seconds by which a gateway is asked later, spread evenly and always the same."""
    digest = blake2b(str(gateway_id).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % spread_s if spread_s else 0


def next_try(gateway_id: int, failures: int, now: int, poll_slot_s: int) -> int:
    """Return when a gateway that failed so often in a row is tried again, 0 in its next slot.

    After three failures its breaker is open: 5 minutes, then 15, an hour, 3 hours (of half-hour
    slots), a fifth less or more so that homes which fell silent together do not come back together.
    """
    if failures < PATIENCE:
        return 0
    sixtieths = OPEN_SIXTIETHS[min(failures - PATIENCE, len(OPEN_SIXTIETHS) - 1)]
    wait_s = poll_slot_s * sixtieths // 60
    spread_s = wait_s * 2 // 5
    return now + wait_s - spread_s // 2 + jitter(gateway_id + failures, spread_s)


def wake_s(poll_slot_s: int) -> int:
    """Return how long the ticker sleeps: a fifth of a slot, 1 to 60 seconds (interfaces.md §2)."""
    return min(max(poll_slot_s // 5, 1), 60)
