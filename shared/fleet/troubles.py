"""Which homes' devices need a person now, for whoever does not want the whole board."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import BigInteger, Date, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from shared.fleet.board import is_newest_poll
from shared.fleet.homes import lived_in
from shared.fleet.states import PASSING, PATIENCE, State, state_of
from shared.models.customers import Customer, Occupancy
from shared.models.gateways import Gateway, Poll
from shared.months import day_of
from shared.telemetry.facts import SILENT_S


@dataclass(frozen=True, slots=True)
class Trouble:
    """A home and the state of the device of it that needs a person most."""

    name: str
    state: State
    last_ok_at: int | None


_TODAY: Final = bindparam("today", type_=Date)
_IS_OLD: Final = Gateway.last_ok_at < bindparam("silent_since", type_=BigInteger)
_LASTS: Final = or_(Gateway.failures >= PATIENCE, Gateway.last_ok_at.is_(None), _IS_OLD)
_NEEDS_A_LOOK: Final = or_(
    Poll.outcome.not_in(("ok", *PASSING)),
    and_(_LASTS, Poll.outcome.in_(PASSING)),
    and_(_IS_OLD, Poll.outcome == "ok"),
)
"""What `state_of` says of a gateway, in SQL: neither good nor untried."""

# An outer join, lest SQLite begin with all polls ever.
_POLLED: Final = select(Gateway.site_id).outerjoin(Poll, is_newest_poll()).where(_NEEDS_A_LOOK)
TROUBLES: Final = (
    select(func.count(Occupancy.site_id.distinct()))
    .join(Customer, Customer.id == Occupancy.customer_id)
    .where(Occupancy.site_id.in_(_POLLED), lived_in(_TODAY))
)
"""How many homes there are with such a device; asked with `times`."""


def times(now: int) -> dict[str, int | date]:
    """Return the parameters that the questions here are asked with at an instant."""
    return {"today": day_of(now), "silent_since": now - SILENT_S}


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
        .where(lived_in(_TODAY), _NEEDS_A_LOOK)
    )
    worst: dict[int, Trouble] = {}
    for site_id, name, outcome, failures, last_ok_at in session.execute(wanted, times(now)):
        told = Trouble(name, state_of(outcome, failures, last_ok_at, now), last_ok_at)
        worst[site_id] = min(worst.get(site_id, told), told, key=_urgency)
    return sorted(worst.values(), key=_urgency)


def _urgency(trouble: Trouble) -> tuple[int, int]:
    return trouble.state.rank, trouble.last_ok_at or 0
