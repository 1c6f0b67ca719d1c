"""How much waits for a person, kind by kind, in one question: for the rail, first page and mail."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared.db import once, rows_of
from shared.fleet.troubles import TROUBLES, times
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


def _of_issued(invoice_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Say that a row's bill is issued; no join, lest SQLite go through all issued bills ever."""
    state = select(Invoice.state).where(Invoice.id == invoice_id).scalar_subquery()
    return state == "issued"


_HELD: Final = select(func.coalesce(func.sum(InvoiceSum.bills), 0)).where(
    InvoiceSum.state == "held"
)
_PROPOSALS: Final = select(func.count(Proposal.id)).where(
    Proposal.state == literal_column(f"'{OPEN}'"), _of_issued(Proposal.invoice_id)
)
_REFUSED: Final = select(func.count(Outbox.id)).where(
    Outbox.state == "refused", _of_issued(Outbox.invoice_id)
)
COUNTS: Final = select(
    *(query.scalar_subquery() for query in (_HELD, _PROPOSALS, _REFUSED, TROUBLES))
)
"""The question, put together once, as every page of the office asks it; asked with `times`."""


def _count(session: Session, now: int) -> Waiting:
    row = rows_of(session, COUNTS, times(now))[0]
    return Waiting(*(int(count) for count in row))
