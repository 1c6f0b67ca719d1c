"""Issuing a month by request: at once, or after a second person's approval (a setting)."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.errors import Refused
from shared.invoices.drafting import CLOSED
from shared.invoices.locking import lock_runs
from shared.invoices.releasing import STALE
from shared.invoices.runs import Asked, Kind, request_run
from shared.models.invoices import Invoice, IssueRequest
from shared.months import Month
from shared.settings import find_settings

OPEN, APPROVED, WITHDRAWN = "open", "approved", "withdrawn"


@dataclass(frozen=True, slots=True)
class Closed:
    """The closed bills of a month: how many, their total in yen, and the digest of their state."""

    count: int
    total_yen: int
    digest: str


def find_closed(session: Session, month: Month) -> Closed:
    """Return what would be issued of a month."""
    rows = session.execute(
        select(Invoice.invoice_no, Invoice.inputs, Invoice.total_yen)
        .where(Invoice.month == month.first(), Invoice.state == CLOSED)
        .order_by(Invoice.invoice_no)
    ).all()
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.invoice_no} {row.inputs}\n".encode())
    return Closed(len(rows), sum(row.total_yen or 0 for row in rows), digest.hexdigest())


def require_no_approval(session: Session) -> None:
    """Raise Refused (`needs_request`) where a second person has to approve what is issued."""
    if find_settings(session).approval:
        raise Refused(
            "nothing was issued: with the setting approval on, a second person has to approve; ask"
            " on the month's page in the back office (/office/runs), where another person approves",
            "needs_request",
        )


def find_request(session: Session, month: Month) -> IssueRequest | None:
    """Return the open request to issue a month."""
    return session.scalars(
        select(IssueRequest).where(IssueRequest.month == month.first(), IssueRequest.state == OPEN)
    ).one_or_none()


def ask_issue(session: Session, asked: Asked, seen: str) -> int | None:
    """Ask to issue the closed bills that were seen; returns the run that does it.

    Where the setting `approval` is on, the first person's wish is kept and None is returned; a
    second person's starts the run. Raises Refused (`stale`) where the bills have changed,
    (`nothing_closed`) without any, and (`own_request`) where the same person would approve.
    """
    lock_runs(session)
    closed = find_closed(session, asked.month)
    if closed.digest != seen:
        raise Refused(f"the closed bills of {asked.month} have changed", STALE)
    if not closed.count:
        raise Refused(f"no bill of {asked.month} is closed", "nothing_closed")
    if find_settings(session).approval and not _is_approved(session, asked, closed):
        return None
    told = {"bills": closed.count, "total_yen": closed.total_yen}
    audit.record(session, asked.now, asked.actor, "bill.issue.start", str(asked.month), told)
    return request_run(session, asked)


def _is_approved(session: Session, asked: Asked, closed: Closed) -> bool:
    """Approve another person's request for these very bills, or keep this one as a request."""
    found = find_request(session, asked.month)
    if found is not None and found.digest == closed.digest:
        if found.asked_by == asked.actor:
            raise Refused("who asked to issue cannot approve it", "own_request")
        _decide(session, found, APPROVED, asked)
        return True
    if found is not None:
        _decide(session, found, WITHDRAWN, asked)
    session.add(
        IssueRequest(
            month=asked.month.first(), digest=closed.digest, bills=closed.count,
            total_yen=closed.total_yen, asked_by=asked.actor, asked_at=asked.now,
        )
    )  # fmt: skip
    session.flush()
    told = {"bills": closed.count, "total_yen": closed.total_yen}
    audit.record(session, asked.now, asked.actor, "bill.issue.ask", str(asked.month), told)
    return False


def withdraw(session: Session, asked: Asked) -> None:
    """Take back the open request of a month; raises Refused (`stale`) where there is none."""
    found = find_request(session, asked.month)
    if found is None:
        raise Refused(f"nobody asks to issue {asked.month}", STALE)
    _decide(session, found, WITHDRAWN, asked)
    audit.record(session, asked.now, asked.actor, "bill.issue.withdraw", str(asked.month), {})


def _decide(session: Session, row: IssueRequest, state: str, asked: Asked) -> None:
    row.state, row.decided_by, row.decided_at = state, asked.actor, asked.now
    session.flush()


def issue_asked(month: Month, actor: str, now: int) -> Asked:
    """Return the wish to issue a month now."""
    return Asked(Kind.ISSUE, month, now, actor, now)
