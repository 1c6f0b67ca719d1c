"""A month's documents made ready in the background: how many there are, asking, and doing it.

What is ready stands in the database by itself, so that a job that dies or runs twice does no harm.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from shared.db import in_chunks
from shared.documents.keeping import find_rendering, keep
from shared.documents.paper import ISSUED, REPLACED, VOID
from shared.invoices.queries import find_months, narrowed
from shared.invoices.rows import InvoiceFilter
from shared.models.documents import DocumentRequest, InvoiceDocument, InvoicePaper
from shared.models.invoices import Invoice
from shared.models.mail import Outbox
from shared.months import Month, month_of

_log = logging.getLogger(__name__)

CHUNK: Final = 20
LEASE_S: Final = 60
SHOWN_MONTHS: Final = 13

Ts = TypeVarTuple("Ts")


class OpenSession(Protocol):
    """Opens a session that commits at the end."""

    def __call__(self, *, reads_only: bool = False) -> AbstractContextManager[Session]:
        """Open one; with `reads_only` it waits for no writer."""
        ...


FACE: Final[ColumnElement[str]] = case(
    (Invoice.state == "issued", ISSUED), (Invoice.successor_id.is_(None), VOID), else_=REPLACED
)
"""The face that a bill's document has in its state."""
_KEPT = and_(InvoiceDocument.invoice_id == Invoice.id, InvoiceDocument.face == FACE)


@dataclass(frozen=True, slots=True)
class MonthOfDocuments:
    """How many documents a month has, are ready, and go by post; what was asked, and of it."""

    month: Month
    total: int
    ready: int
    by_post: int
    is_asked: bool
    error: str


def find_months_of_documents(session: Session) -> list[MonthOfDocuments]:
    """Return the newest SHOWN_MONTHS that have bills, if they have documents, the newest first."""
    months = [month.first() for month in find_months(session, SHOWN_MONTHS)]
    rows = session.execute(
        _with_papers(select(Invoice.month, func.count(), func.count(InvoiceDocument.face)))
        .outerjoin(InvoiceDocument, _KEPT)
        .where(Invoice.month.in_(months))
        .group_by(Invoice.month)
        .order_by(Invoice.month.desc())
    ).all()
    by_post = _by_post(select(Invoice.month, func.count())).where(Invoice.month.in_(months))
    post = dict(session.execute(by_post.group_by(Invoice.month)).all())
    asked = {
        row.month: row
        for row in session.scalars(select(DocumentRequest).order_by(DocumentRequest.id))
    }
    return [
        _month_row(month, (total, ready, post.get(month, 0)), asked.get(month))
        for month, total, ready in rows
    ]


def _month_row(
    month: date, counts: tuple[int, int, int], asked: DocumentRequest | None
) -> MonthOfDocuments:
    is_asked = asked is not None and asked.finished_at is None
    return MonthOfDocuments(month_of(month), *counts, is_asked, asked.error if asked else "")


def _with_papers(query: Select[*Ts]) -> Select[*Ts]:
    """Narrow a question to bills that have a document."""
    return query.join(InvoicePaper, InvoicePaper.invoice_id == Invoice.id).where(
        Invoice.state.in_(("issued", "void"))
    )


def _by_post(query: Select[*Ts]) -> Select[*Ts]:
    """Narrow a question to issued bills whose mail has no address, or was refused."""
    undelivered = or_(Outbox.state == "refused", Outbox.reason == "no_address")
    return (
        _with_papers(query)
        .join(Outbox, Outbox.invoice_id == Invoice.id)
        .where(Invoice.state == "issued", Outbox.kind == "bill", undelivered)
    )


def find_by_post(session: Session, month: Month, limit: int, offset: int = 0) -> list[str]:
    """Return the numbers of a month's bills that go by post, in order."""
    query = _by_post(select(Invoice.invoice_no)).where(Invoice.month == month.first())
    return list(session.scalars(query.order_by(Invoice.invoice_no).limit(limit).offset(offset)))


def find_with_document(session: Session, wanted: InvoiceFilter) -> list[str]:
    """Return the numbers of all bills with a document that a filter finds, in order."""
    query = narrowed(_with_papers(select(Invoice.invoice_no)), wanted)
    return list(session.scalars(query.order_by(Invoice.month, Invoice.invoice_no)))


def find_own_of_year(session: Session, customer_id: int, year: int) -> list[str]:
    """Return the numbers of a customer's bills of a year that have a document, in order."""
    query = _with_papers(select(Invoice.invoice_no)).where(
        Invoice.customer_id == customer_id,
        Invoice.month.between(date(year, 1, 1), date(year, 12, 31)),
    )
    return list(session.scalars(query.order_by(Invoice.month, Invoice.invoice_no)))


def find_unready(session: Session, numbers: Sequence[str]) -> list[str]:
    """Return those of some bills whose document is not kept yet."""
    found: list[str] = []
    for chunk in in_chunks(numbers, 500):
        query = _with_papers(select(Invoice.invoice_no)).outerjoin(InvoiceDocument, _KEPT)
        wanted = query.where(Invoice.invoice_no.in_(chunk), InvoiceDocument.face.is_(None))
        found += session.scalars(wanted)
    return found


def request_documents(session: Session, month: Month, actor: str, now: int) -> int:
    """Ask for a month's documents; return the id of the request, or of one that is not done."""
    row = session.scalars(
        select(DocumentRequest).where(
            DocumentRequest.month == month.first(), DocumentRequest.finished_at.is_(None)
        )
    ).first()
    if row is None:
        row = DocumentRequest(month=month.first(), actor=actor, requested_at=now)
        session.add(row)
        session.flush()
    return row.id


def find_requests(session: Session, now: int) -> list[int]:
    """Return the requests that nobody works on, in order."""
    row = DocumentRequest
    return list(
        session.scalars(
            select(row.id).where(row.finished_at.is_(None), row.lease_until <= now).order_by(row.id)
        )
    )


def prepare(open_session: OpenSession, clock: Callable[[], int], request_id: int) -> int:
    """Make ready what a request asks for, unless somebody else does; return how many were made.

    One bill whose document cannot be made stops no other: the request says which.
    """
    with open_session() as session:
        if not _take(session, request_id, clock(), first=True):
            return 0
        month = session.get_one(DocumentRequest, request_id).month
        numbers = session.scalars(
            _with_papers(select(Invoice.invoice_no))
            .outerjoin(InvoiceDocument, _KEPT)
            .where(Invoice.month == month, InvoiceDocument.face.is_(None))
            .order_by(Invoice.invoice_no)
        ).all()
    failed: list[str] = []
    for chunk in in_chunks(numbers, CHUNK):
        failed += _make(open_session, chunk, clock)
        with open_session() as session:
            _take(session, request_id, clock())
    with open_session() as session:
        error = ", ".join(failed[:CHUNK])
        session.execute(
            update(DocumentRequest)
            .where(DocumentRequest.id == request_id)
            .values(finished_at=clock(), error=error)
        )
    return len(numbers) - len(failed)


def _take(session: Session, request_id: int, now: int, *, first: bool = False) -> bool:
    """Say that a request is worked on; False where somebody else does, or it is done."""
    row = DocumentRequest
    free = row.lease_until <= now if first else row.lease_until > 0
    done = session.execute(
        update(row)
        .where(row.id == request_id, row.finished_at.is_(None), free)
        .values(lease_until=now + LEASE_S)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _make(open_session: OpenSession, numbers: Sequence[str], clock: Callable[[], int]) -> list[str]:
    """Render some documents and keep them; return the bills of which there is none."""
    made, failed = [], []
    with open_session(reads_only=True) as session:
        for number in numbers:
            try:
                made.append(find_rendering(session, number))
            except Exception:  # noqa: BLE001 - isolated - one bill's document never stops a month's
                _log.exception("no document of %s", number)
                failed.append(number)
    with open_session() as session:
        for rendering in made:
            if not rendering.is_kept:
                keep(session, rendering, clock())
    return failed
