"""How much waits for a person, kind by kind, in one question: for the rail, first page and mail."""

from dataclasses import dataclass

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from shared.db import once
from shared.fleet.troubles import count_troubles
from shared.invoices.proposing import OPEN
from shared.models.invoices import Invoice, InvoiceSum, Proposal
from shared.models.mail import Outbox


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
    """Count all that waits; a page asks for it once."""
    return once(session, ("waiting", now), lambda: _count(session, now))


def _count(session: Session, now: int) -> Waiting:
    held = select(func.coalesce(func.sum(InvoiceSum.bills), 0)).where(InvoiceSum.state == "held")
    counts = (held.scalar_subquery(), _proposals(), _refused(), count_troubles(now))
    row = session.execute(select(*counts)).one()
    return Waiting(*(int(count) for count in row))


def _proposals() -> ScalarSelect[int]:
    query = select(func.count(Proposal.id)).join(Invoice, Invoice.id == Proposal.invoice_id)
    return query.where(Proposal.state == OPEN, Invoice.state == "issued").scalar_subquery()


def _refused() -> ScalarSelect[int]:
    query = select(func.count(Outbox.id)).join(Invoice, Invoice.id == Outbox.invoice_id)
    return query.where(Outbox.state == "refused", Invoice.state == "issued").scalar_subquery()
