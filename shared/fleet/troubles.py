"""Which homes' devices need a person now, for whoever does not want the whole board."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.fleet.board import is_newest_poll
from shared.fleet.homes import lived_in
from shared.fleet.states import State, state_of
from shared.models.customers import Customer, Occupancy
from shared.models.gateways import Gateway, Poll
from shared.months import day_of

FOR_PEOPLE: Final = (
    State.GATEWAY_SILENT,
    State.METER_SILENT,
    State.AUTH_FAILED,
    State.DATA_ODD,
)
"""The states that do not pass by themselves (gateways.md §5 rule 8)."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A home and the state of the device of it that needs a person most."""

    name: str
    state: State
    last_ok_at: int | None


def find_troubles(session: Session, now: int) -> list[Trouble]:
    """Return the homes lived in whose devices need a person, as the board would show them.

    In the order of the states; in each those whose last good answer is the oldest first.
    """
    wanted = (
        select(Gateway.site_id, Customer.name, Poll.outcome, Gateway.failures, Gateway.last_ok_at)
        .select_from(Gateway)
        .join(Occupancy, Occupancy.site_id == Gateway.site_id)
        .join(Customer, Customer.id == Occupancy.customer_id)
        .outerjoin(Poll, is_newest_poll())
        .where(lived_in(day_of(now)))
    )
    worst: dict[int, Trouble] = {}
    for site_id, name, outcome, failures, last_ok_at in session.execute(wanted):
        state = state_of(outcome, failures, last_ok_at, now)
        if state in FOR_PEOPLE:
            told = Trouble(name, state, last_ok_at)
            worst[site_id] = min(worst.get(site_id, told), told, key=_urgency)
    return sorted(worst.values(), key=_urgency)


def _urgency(trouble: Trouble) -> tuple[int, int]:
    return trouble.state.rank, trouble.last_ok_at or 0
