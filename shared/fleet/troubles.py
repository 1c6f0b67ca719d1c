"""Which homes' devices need a person now, for whoever does not want the whole board."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import Session

from shared.fleet.board import is_newest_poll
from shared.fleet.homes import lived_in
from shared.fleet.states import PASSING, PATIENCE, SILENT_S, State, state_of
from shared.models.customers import Customer, Occupancy
from shared.models.gateways import Gateway, Poll
from shared.months import day_of


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
        .where(lived_in(day_of(now)), _needs_a_look(now))
    )
    worst: dict[int, Trouble] = {}
    for site_id, name, outcome, failures, last_ok_at in session.execute(wanted):
        told = Trouble(name, state_of(outcome, failures, last_ok_at, now), last_ok_at)
        worst[site_id] = min(worst.get(site_id, told), told, key=_urgency)
    return sorted(worst.values(), key=_urgency)


def _urgency(trouble: Trouble) -> tuple[int, int]:
    return trouble.state.rank, trouble.last_ok_at or 0


def count_troubles(now: int) -> ScalarSelect[int]:
    """Return the question how many homes there are with such a device."""
    # An outer join, lest SQLite begin with all polls ever.
    polled = select(Gateway.site_id).outerjoin(Poll, is_newest_poll())
    return (
        select(func.count(Occupancy.site_id.distinct()))
        .join(Customer, Customer.id == Occupancy.customer_id)
        .where(Occupancy.site_id.in_(polled.where(_needs_a_look(now))), lived_in(day_of(now)))
        .scalar_subquery()
    )


def _needs_a_look(now: int) -> ColumnElement[bool]:
    """Say of a gateway in SQL what `state_of` says of it: neither good nor untried."""
    is_old = Gateway.last_ok_at < now - SILENT_S
    lasts = or_(Gateway.failures >= PATIENCE, Gateway.last_ok_at.is_(None), is_old)
    return or_(
        Poll.outcome.not_in(("ok", *PASSING)),
        and_(lasts, Poll.outcome.in_(PASSING)),
        and_(is_old, Poll.outcome == "ok"),
    )
