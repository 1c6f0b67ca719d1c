"""What of a person goes at once: counted before it goes, and by the same conditions erased."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, delete, exists, false, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from shared import audit
from shared.db import UNSYNCHRONISED
from shared.invoices.notifying import VOID
from shared.mail.listing import ERASED
from shared.models.base import Base
from shared.models.customers import Customer, CustomerNote, Occupancy
from shared.models.doors import WebSession
from shared.models.gateways import Feed, Gateway
from shared.models.invoices import Invoice
from shared.models.mail import BillLink, MailEvent, Outbox
from shared.models.operations import Audit, Message
from shared.models.telemetry import Channel, EnergyInterval
from shared.months import Period, instant
from shared.telemetry.stays import find_stays
from shared.triggers import EMPTIED, OWN_KINDS

EVER: Final = Period(date(2000, 1, 1), date(2100, 1, 1))


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table that go at once: deleted, or given the columns `emptied`."""

    model: type[Base]
    rows: ColumnElement[bool]
    emptied: Mapping[str, object] | None = None


def find_parts(session: Session, customer: Customer, now: int) -> dict[str, Part]:
    """Return what goes at once, by name, in the order in which it can go."""
    own = customer.id
    bills = select(Invoice.id).where(Invoice.customer_id == own)
    mails = select(Outbox.id).where(Outbox.customer_id == own)
    gateways = select(Gateway.id).where(Gateway.site_id.in_(_left_houses(own)))
    return {
        "sessions": Part(WebSession, WebSession.customer_id == own),
        "notes": Part(CustomerNote, CustomerNote.customer_id == own),
        "messages": Part(Message, Message.customer_id == own),
        "half_hours": Part(EnergyInterval, _of_stays(session, own)),
        "feeds": Part(Feed, Feed.gateway_id.in_(gateways)),
        "gateways": Part(Gateway, Gateway.id.in_(gateways)),
        "links": Part(
            BillLink,
            and_(BillLink.invoice_id.in_(bills), BillLink.revoked_at.is_(None)),
            {"revoked_at": now},
        ),
        "mails": Part(Outbox, Outbox.customer_id == own, {"recipient": "", "reply": ""}),
        "mail_events": Part(
            MailEvent,
            and_(
                MailEvent.outbox_id.in_(mails),
                MailEvent.kind.not_in(OWN_KINDS),
                MailEvent.detail != "",
                MailEvent.erased_at.is_(None),
            ),
            {"detail": "", "erased_at": now},
        ),
        "audit": Part(
            Audit, audit.is_personal(_subjects(session, customer)), audit.erasing(now)
        ),
    }  # fmt: skip


def count_parts(session: Session, parts: Mapping[str, Part]) -> dict[str, int]:
    """Return how many rows of each part there are."""
    return {
        name: session.scalar(select(func.count()).select_from(part.model).where(part.rows)) or 0
        for name, part in parts.items()
    }


def take_parts(session: Session, customer: Customer, parts: Mapping[str, Part], now: int) -> None:
    """Let all parts go, and what the customer's own row holds; name and address stay."""
    _withdraw_mails(session, customer.id, now)
    for part in parts.values():
        if part.emptied is None:
            session.execute(delete(part.model).where(part.rows), execution_options=UNSYNCHRONISED)
        else:
            changed = update(part.model).where(part.rows).values(part.emptied)
            session.execute(changed, execution_options=UNSYNCHRONISED)
    for column in EMPTIED:
        setattr(customer, column, "")
    customer.archived_at = customer.archived_at or now
    customer.disabled_at = customer.disabled_at or now
    customer.erased_at = customer.updated_at = now
    customer.version += 1


def _left_houses(customer_id: int) -> Select[int]:
    """Return the sites of a customer where nobody else has moved in."""
    theirs = aliased(Occupancy)
    successor = exists().where(
        theirs.site_id == Occupancy.site_id, theirs.customer_id != customer_id,
        theirs.to_day.is_(None),
    )  # fmt: skip
    return select(Occupancy.site_id).where(Occupancy.customer_id == customer_id, ~successor)


def _of_stays(session: Session, customer_id: int) -> ColumnElement[bool]:
    """Return the half-hours and hours of the days that were the customer's, no neighbour's."""
    slot = EnergyInterval
    found = [
        and_(
            slot.channel_id.in_(select(Channel.id).where(Channel.site_id == stay.site_id)),
            slot.at >= instant(stay.period.start),
            slot.at < instant(stay.period.end),
        )
        for stay in find_stays(session, customer_id, EVER)
    ]
    return or_(false(), *found)


def _subjects(session: Session, customer: Customer) -> list[str]:
    """Return what the audit trail calls a customer: by number, by bills, by mails."""
    numbers = session.scalars(
        select(Invoice.invoice_no).where(Invoice.customer_id == customer.id)
    ).all()
    keys = session.scalars(select(Outbox.key).where(Outbox.customer_id == customer.id)).all()
    return [customer.customer_no, *numbers, *keys]


def _withdraw_mails(session: Session, customer_id: int, now: int) -> None:
    """Hold what was not sent for good, and keep that with each."""
    waiting = session.scalars(
        select(Outbox.id).where(
            Outbox.customer_id == customer_id, Outbox.state != "accepted", Outbox.reason != VOID
        )
    ).all()
    told = {"state": "held", "reason": ERASED, "next_at": None, "claim": "", "claimed_at": None}
    session.execute(
        update(Outbox).where(Outbox.id.in_(waiting)).values(told), execution_options=UNSYNCHRONISED
    )
    session.add_all(
        MailEvent(outbox_id=mail_id, at=now, kind="held", detail=ERASED) for mail_id in waiting
    )
    session.flush()
