"""Whose data went where, and when: what a report of a leak has to answer within days (R28).

Only what leaves a row is told: codes and letters that were shown, records that were saved, and
mails that a server took. Pages that were only read are in the log of the front.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.models.customers import Customer
from shared.models.invoices import Invoice
from shared.models.mail import MailEvent, Outbox
from shared.models.operations import Audit

SHOWN: Final = ("code_letter", "code_revealed", "customer_disclosed")
"""Actions by which a person of the office, or whoever used the account, was shown a secret."""
MAILED: Final = "mailed"


@dataclass(frozen=True, slots=True)
class Exposure:
    """That something of a customer went to somebody: an operator, or a mail address.

    `what` is an action of SHOWN, or `mailed`; `who` asked, and is blank for what went by itself.
    """

    at: int
    what: str
    customer_no: str
    invoice_no: str
    who: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Incident:
    """What is asked about: instants from `since` up to `until`, and where known whose doing.

    `actor` narrows to what one account was shown, `recipient` to what went to one address.
    """

    since: int
    until: int
    actor: str = ""
    recipient: str = ""


def find_exposures(session: Session, asked: Incident) -> list[Exposure]:
    """Return what went to whom, in the order in which it did."""
    found: list[Exposure] = []
    if not asked.recipient:
        found += _shown(session, asked)
    if not asked.actor:
        found += _mailed(session, asked)
    return sorted(found, key=attrgetter("at", "customer_no", "invoice_no"))


def count_exposures(found: list[Exposure]) -> Mapping[str, int]:
    """Return how many customers each kind is about."""
    kinds = sorted({one.what for one in found})
    return {kind: len({o.customer_no for o in found if o.what == kind}) for kind in kinds}


def _shown(session: Session, asked: Incident) -> Iterator[Exposure]:
    query = select(Audit.at, Audit.action, Audit.subject, Audit.actor).where(
        Audit.action.in_(SHOWN), Audit.at >= asked.since, Audit.at < asked.until
    )
    if asked.actor:
        query = query.where(Audit.actor == asked.actor)
    for at, action, subject, actor in session.execute(query):
        yield Exposure(at, action, subject, "", actor, "")


def _mailed(session: Session, asked: Incident) -> Iterator[Exposure]:
    query = (
        select(
            MailEvent.at, Customer.customer_no, Invoice.invoice_no, MailEvent.actor,
            Outbox.recipient,
        )
        .join(Outbox, Outbox.id == MailEvent.outbox_id)
        .join(Customer, Customer.id == Outbox.customer_id)
        .outerjoin(Invoice, Invoice.id == Outbox.invoice_id)
        .where(
            MailEvent.kind == "accepted",
            MailEvent.at >= asked.since,
            MailEvent.at < asked.until,
        )
    )  # fmt: skip
    if asked.recipient:
        query = query.where(Outbox.recipient == asked.recipient)
    for at, number, bill, actor, recipient in session.execute(query):
        yield Exposure(at, MAILED, number, bill or "", actor, recipient)
