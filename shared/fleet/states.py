"""What a device's polls say of it: four states need a person (gateways.md §5 rule 8)."""

from enum import StrEnum
from typing import Final

from shared.telemetry.facts import SILENT_S

PATIENCE: Final = 3
"""After so many slots without an answer a gateway counts as silent."""


class State(StrEnum):
    """How a device stands; in the order in which a person should look at them."""

    GATEWAY_SILENT = "gateway_silent"
    METER_SILENT = "meter_silent"
    AUTH_FAILED = "auth_failed"
    DATA_ODD = "data_odd"
    UNTRIED = "untried"
    GOOD = "good"

    @property
    def rank(self) -> int:
        """Return 0 for what is worst."""
        return list(State).index(self)


_OF_OUTCOME: Final = {
    "ok": State.GOOD,
    "unreachable": State.GATEWAY_SILENT,
    "busy": State.GATEWAY_SILENT,
    "meter_silent": State.METER_SILENT,
    "auth_failed": State.AUTH_FAILED,
}
PASSING: Final = ("unreachable", "busy", "meter_silent")
"""Outcomes that the next poll may end by itself, and that count only when they last."""


def state_of(outcome: str | None, failures: int, last_ok_at: int | None, now: int) -> State:
    """Return a device's state by its newest poll, its failures in a row and its last good answer.

    A single poll that found nobody is no alarm; a refused password or odd data is one at once.
    """
    if outcome is None:
        return State.UNTRIED
    told = _OF_OUTCOME.get(outcome, State.DATA_ODD)
    lasts = failures >= PATIENCE or last_ok_at is None or now - last_ok_at > SILENT_S
    if outcome in PASSING:
        return told if lasts else State.GOOD
    if told is State.GOOD and last_ok_at is not None and now - last_ok_at > SILENT_S:
        return State.GATEWAY_SILENT
    return told
