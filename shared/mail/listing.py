"""The bills' mails as the clerk sees them: where each stands, and what the server said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from shared.invoices.notifying import BILL, NO_ADDRESS, VOID
from shared.models.invoices import Invoice
from shared.models.mail import Outbox
from shared.months import Month, month_of

STATES: Final = ("queued", "sending", "accepted", "refused", "held")
NO_SERVER: Final = "no_server"
BEFORE_MAIL: Final = "before_mail"
BAD_ADDRESS: Final = "bad_address"
ERASED: Final = "erased"
REASONS: Final = {
    NO_ADDRESS: "the customer has no mail address",
    BAD_ADDRESS: "the address is not one that mail can be sent to",
    NO_SERVER: "PPA_SMTP_URL or PPA_MAIL_FROM is not set",
    BEFORE_MAIL: "the bill was issued before there were mails",
    VOID: "the bill is void",
    ERASED: "the person was erased",
}
"""Why a mail is held, in a sentence each."""


@dataclass(frozen=True, slots=True)
class MailRow:
    """A bill's mail; `next_at` is None where it goes at once, or not by itself."""

    invoice_no: str
    month: Month
    name: str
    bill_state: str
    recipient: str
    state: str
    reason: str
    attempts: int
    reply: str
    queued_at: int
    tried_at: int | None
    next_at: int | None
    message_id: str | None


@dataclass(frozen=True, slots=True)
class MailFilter:
    """What the list of mails is narrowed to."""

    state: str | None = None
    month: Month | None = None
    q: str = ""
    invoice_no: str | None = None
    ids: Sequence[int] | None = None
    needs_person: bool = False


def shown_state(*, goes_out: bool) -> ColumnElement[str]:
    """Return a mail's state: what waits without a mail server is held (decision 34)."""
    if goes_out:
        return Outbox.state.expression
    return case((Outbox.state == "queued", literal("held")), else_=Outbox.state)


def find_mails(
    session: Session,
    wanted: MailFilter,
    *,
    goes_out: bool,
    limit: int | None = None,
    offset: int = 0,
) -> list[MailRow]:
    """Return the bills' mails that a filter finds in their order; of a page, the newest first."""
    state = shown_state(goes_out=goes_out)
    rows = session.execute(
        select(Outbox, Invoice, state)
        .join(Invoice, Invoice.id == Outbox.invoice_id)
        .where(*_conditions(wanted, state))
        .order_by(Outbox.id if limit is None else Outbox.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [_row(mail, bill, told) for mail, bill, told in rows]


def count_mails(session: Session, wanted: MailFilter, *, goes_out: bool) -> dict[str, int]:
    """Return how many of a filter's mails are in each state."""
    state = shown_state(goes_out=goes_out)
    query = select(state, func.count(Outbox.id)).where(*_conditions(wanted, state)).group_by(state)
    if wanted.month or wanted.q or wanted.invoice_no:
        query = query.join(Invoice, Invoice.id == Outbox.invoice_id)
    return dict(session.execute(query).all())


def _conditions(wanted: MailFilter, state: ColumnElement[str]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Outbox.kind == BILL]
    if wanted.state:
        conditions.append(state == wanted.state)
    if wanted.month:
        conditions.append(Invoice.month == wanted.month.first())
    if wanted.invoice_no:
        conditions.append(Invoice.invoice_no == wanted.invoice_no)
    if wanted.needs_person:
        silent = and_(Outbox.state == "held", Outbox.reason.in_((NO_ADDRESS, BAD_ADDRESS)))
        conditions.append(or_(Outbox.state == "refused", silent))
    if wanted.ids is not None:
        conditions.append(Outbox.id.in_(wanted.ids))
    if wanted.q:
        columns: tuple[Any, ...] = (Invoice.invoice_no, Invoice.name, Outbox.recipient)
        conditions.append(or_(*(c.contains(wanted.q, autoescape=True) for c in columns)))
    return conditions


def _row(mail: Outbox, bill: Invoice, state: str) -> MailRow:
    reason = NO_SERVER if (mail.state, state) == ("queued", "held") else mail.reason
    return MailRow(
        invoice_no=bill.invoice_no,
        month=month_of(bill.month),
        name=bill.name,
        bill_state=bill.state,
        recipient=mail.recipient,
        state=state,
        reason=reason,
        attempts=mail.attempts,
        reply=mail.reply,
        queued_at=mail.queued_at,
        tried_at=mail.tried_at,
        next_at=mail.next_at if state == "queued" else None,
        message_id=mail.message_id,
    )
