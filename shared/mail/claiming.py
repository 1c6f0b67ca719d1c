"""Which mails are due, who sends each now, and what came of it: all in the database.

A mail is claimed by compare-and-set and the claim committed before the server hears of it, so that
two senders never send one mail at once. Whoever dies holds it for ten minutes (security.md R17).
"""

import os
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from shared.invoices.notifying import BILL
from shared.mail.server import Outcome, Reply
from shared.models.invoices import Invoice
from shared.models.mail import MailEvent, Outbox

STUCK_S: Final = 600
BACK_OFF_S: Final = (60, 300, 900, 3600)
"""After the first, second, third failure, and after each later one."""
MOST_ATTEMPTS: Final = 123
"""After about five days of failures a mail is refused for good, for a person to look at."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is ours to send, and the name under which it is."""

    mail_id: int
    owner: str


def new_owner() -> str:
    """Return a name that no other sender has."""
    return f"{os.getpid()}-{uuid4().hex}"


def is_due(now: int) -> ColumnElement[bool]:
    """Return the condition of mails to be sent now: waiting, or left behind by a dead sender."""
    waiting = and_(Outbox.state == "queued", or_(Outbox.next_at.is_(None), Outbox.next_at <= now))
    return or_(waiting, and_(Outbox.state == "sending", Outbox.claimed_at <= now - STUCK_S))


def find_due_mails(session: Session, now: int, limit: int, after: int = 0) -> list[int]:
    """Return the ids of mails to be sent now, in the order in which they were written."""
    query = select(Outbox.id).where(Outbox.id > after, is_due(now)).order_by(Outbox.id)
    return list(session.scalars(query.limit(limit)))


def count_due_mails(session: Session, now: int) -> int:
    """Return how many mails are to be sent now."""
    return session.scalar(select(func.count(Outbox.id)).where(is_due(now))) or 0


def claim(session: Session, ours: Claim, now: int, host: str) -> Outbox | None:
    """Make a due mail ours, or return None where somebody else was quicker; commit before sending.

    The Message-ID is given with the first try and stays: whoever gets a mail twice sees one.
    """
    done = session.execute(
        update(Outbox)
        .where(Outbox.id == ours.mail_id, is_due(now))
        .values(
            state="sending",
            claim=ours.owner,
            claimed_at=now,
            attempts=Outbox.attempts + 1,
            tried_at=now,
            next_at=None,
        )
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return None
    mail = session.get_one(Outbox, ours.mail_id, populate_existing=True)
    session.add(MailEvent(outbox_id=mail.id, at=now, kind="sending", detail=f"{mail.attempts}"))
    if mail.message_id is None:
        mail.message_id = _message_id(session, mail, host)
    return mail


def _message_id(session: Session, mail: Outbox, host: str) -> str:
    """Return a mail's Message-ID: of a bill its number, of others what names them once."""
    named = mail.key.replace(":", ".")
    if mail.kind == BILL and mail.invoice_id is not None:
        named = session.get_one(Invoice, mail.invoice_id).invoice_no
    return f"<{named}@{host}>"


def settle(session: Session, claim: Claim, reply: Reply, now: int) -> bool:
    """Keep what the server said; False where the claim has gone to somebody else meanwhile."""
    mail = session.get_one(Outbox, claim.mail_id, with_for_update=True)
    told = MailEvent(outbox_id=mail.id, at=now, kind=reply.outcome.value, detail=reply.text)
    session.add(told)
    if (mail.state, mail.claim) != ("sending", claim.owner):
        return False
    mail.reply, mail.claim, mail.claimed_at = reply.text, "", None
    if reply.outcome is Outcome.DEFERRED and mail.attempts < MOST_ATTEMPTS:
        mail.state, mail.next_at = "queued", now + back_off_s(mail.attempts)
    else:
        mail.state = "accepted" if reply.outcome is Outcome.ACCEPTED else "refused"
    return True


def hold(session: Session, claim: Claim, reason: str, now: int) -> None:
    """Hold a mail of ours for a reason that no further try would change."""
    mail = session.get_one(Outbox, claim.mail_id)
    mail.state, mail.reason, mail.claim, mail.claimed_at = "held", reason, "", None
    session.add(MailEvent(outbox_id=mail.id, at=now, kind="held", detail=reason))


def back_off_s(attempts: int) -> int:
    """Return how long a mail waits after so many failures."""
    return BACK_OFF_S[min(attempts, len(BACK_OFF_S)) - 1]
