"""Why a person cannot be erased yet: the first reason, in one sentence that says what to do."""

from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.errors import Refused
from shared.invoices.drafting import CLOSED, HELD, ISSUED, OPEN
from shared.invoices.proposing import OPEN as UNDECIDED
from shared.invoices.runs import Kind, RunState
from shared.mail.claiming import STUCK_S
from shared.models.customers import Customer
from shared.models.invoices import BillRun, Invoice, Proposal
from shared.models.mail import Outbox
from shared.months import Month, day_of, month_of
from shared.settings import find_settings

LONGEST: Final = 200


class ErasureRefused(Refused):
    """A person is not erased; `kind` says why in a word, `about` names the day, month or bill."""

    def __init__(self, kind: str, sentence: str, about: str = "") -> None:
        """Keep the word and what it is about, and be printed as the sentence."""
        super().__init__(sentence, kind)
        self.about = about


def check_erasable(session: Session, customer: Customer, now: int) -> None:
    """Raise ErasureRefused where a customer lives there still, or is not billed to the end."""
    number = customer.customer_no
    if customer.erased_at is not None:
        day = day_of(customer.erased_at).isoformat()
        raise ErasureRefused("erased", f"customer {number} was erased on {day} already", day)
    if customer.left_on is None or customer.left_on >= day_of(now):
        told = f"customer {number} has not left yet: end the contract first"
        raise ErasureRefused("lives_there", told)
    if (bill := _unissued(session, customer.id)) is not None:
        told = f"customer {number} has the bill {bill}, which is not issued: issue it first"
        raise ErasureRefused("unissued", told, bill)
    if (bill := _undecided(session, customer.id)) is not None:
        told = f"customer {number} has the bill {bill} with an open proposal: decide it first"
        raise ErasureRefused("undecided", told, bill)
    if (month := _unbilled(session, customer.id, customer.left_on)) is not None:
        told = f"customer {number} is not billed to the last day yet: run and issue {month} first"
        raise ErasureRefused("unbilled", told, str(month))
    if _is_being_mailed(session, customer.id, now):
        told = f"a mail to customer {number} is being sent right now: try again in ten minutes"
        raise ErasureRefused("being_sent", told)


def check_reason(reason: str, customer: Customer) -> str:
    """Return why a person is erased, in one line; it stays, so it must not name the person.

    Raises ErasureRefused.
    """
    text = " ".join(reason.split())
    if not text or len(text) > LONGEST or not text.isprintable():
        raise ErasureRefused("no_reason", f"--reason needs one line of 1 to {LONGEST} characters")
    told = (customer.name, customer.kana, customer.email, customer.phone, customer.address)
    if any(one and one in text for one in told):
        raise ErasureRefused(
            "names_person", "--reason stays on record: it must not say the person's data"
        )
    return text


def _unissued(session: Session, customer_id: int) -> str | None:
    bill = Invoice
    query = select(bill.invoice_no).where(
        bill.customer_id == customer_id, bill.state.in_((OPEN, HELD, CLOSED))
    )
    return session.scalar(query.order_by(bill.month).limit(1))


def _undecided(session: Session, customer_id: int) -> str | None:
    query = (
        select(Invoice.invoice_no)
        .join(Proposal, Proposal.invoice_id == Invoice.id)
        .where(Invoice.customer_id == customer_id, Proposal.state == UNDECIDED)
    )
    return session.scalar(query.order_by(Invoice.month).limit(1))


def _unbilled(session: Session, customer_id: int, last_day: date) -> Month | None:
    """Return the month of the last day where no run has come to it yet, though one will."""
    newest = session.scalar(
        select(func.max(Invoice.period_end)).where(
            Invoice.customer_id == customer_id, Invoice.state == ISSUED
        )
    )
    if newest is not None and newest > last_day:
        return None
    settings = find_settings(session, on=last_day)
    month = Month.holding(last_day, settings.closing_day)
    ran = session.scalar(
        select(func.max(BillRun.month)).where(
            BillRun.kind == Kind.RUN.value, BillRun.state == RunState.DONE.value
        )
    )
    if ran is not None:
        return month if month.first() > month_of(ran).first() else None
    starts = settings.first_month
    return month if starts is not None and month.first() >= starts.first() else None


def _is_being_mailed(session: Session, customer_id: int, now: int) -> bool:
    query = select(Outbox.id).where(
        Outbox.customer_id == customer_id,
        Outbox.state == "sending",
        Outbox.claimed_at > now - STUCK_S,
    )
    return session.scalar(query.limit(1)) is not None
