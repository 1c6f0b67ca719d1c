"""How much waits for a person, kind by kind, in one question: what the office's rail counts."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import Session

from shared.fleet.board import is_newest_poll
from shared.fleet.homes import lived_in
from shared.fleet.states import PASSING, PATIENCE, SILENT_S
from shared.invoices.proposing import OPEN
from shared.models.customers import Customer, Occupancy
from shared.models.gateways import Gateway, Poll
from shared.models.invoices import Invoice, InvoiceSum, Proposal
from shared.models.mail import Outbox
from shared.months import day_of

GOOD: Final = "ok"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Held bills, open proposals, refused mails of issued bills, homes whose device needs a look.

    Each is what the page of its kind counts: the first page, the mails, the fleet board.
    """

    held: int
    proposals: int
    refused: int
    homes: int


def count_waiting(session: Session, now: int) -> Waiting:
    """Count all that waits."""
    held = select(func.coalesce(func.sum(InvoiceSum.bills), 0)).where(InvoiceSum.state == "held")
    counts = (held.scalar_subquery(), _proposals(), _refused(), _homes(now))
    row = session.execute(select(*counts)).one()
    return Waiting(*(int(count) for count in row))


def _proposals() -> ScalarSelect[int]:
    query = select(func.count(Proposal.id)).join(Invoice, Invoice.id == Proposal.invoice_id)
    return query.where(Proposal.state == OPEN, Invoice.state == "issued").scalar_subquery()


def _refused() -> ScalarSelect[int]:
    query = select(func.count(Outbox.id)).join(Invoice, Invoice.id == Outbox.invoice_id)
    return query.where(Outbox.state == "refused", Invoice.state == "issued").scalar_subquery()


def _homes(now: int) -> ScalarSelect[int]:
    """Count homes lived in with a device that the fleet board shows as needing a person."""
    # An outer join, lest SQLite begin with all polls ever.
    polled = select(Gateway.site_id).outerjoin(Poll, is_newest_poll())
    needing = polled.where(_needs_a_look(now))
    return (
        select(func.count(Occupancy.site_id.distinct()))
        .join(Customer, Customer.id == Occupancy.customer_id)
        .where(Occupancy.site_id.in_(needing), lived_in(day_of(now)))
        .scalar_subquery()
    )


def _needs_a_look(now: int) -> ColumnElement[bool]:
    """Say of a gateway in SQL what `state_of` says of it: neither good nor untried."""
    is_old = Gateway.last_ok_at < now - SILENT_S
    lasts = or_(Gateway.failures >= PATIENCE, Gateway.last_ok_at.is_(None), is_old)
    return or_(
        Poll.outcome.not_in((GOOD, *PASSING)),
        and_(lasts, Poll.outcome.in_(PASSING)),
        and_(is_old, Poll.outcome == GOOD),
    )
