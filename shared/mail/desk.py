"""What a clerk does with mails: look at one whole, send many again, try one out on oneself."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.errors import Refused
from shared.invoices.documents import get_invoice
from shared.mail.addresses import require_address
from shared.mail.letters import Letter
from shared.mail.links import is_open
from shared.mail.listing import MailFilter, MailRow, find_mails
from shared.mail.queueing import queue_mail
from shared.mail.resending import get_bill_mail, resend
from shared.mail.wording import bill_letter, find_bill_facts
from shared.mail.writing import TEST, office_url
from shared.models.mail import BillLink, MailEvent, Outbox
from shared.months import DAY_S
from shared.settings import find_settings


@dataclass(frozen=True, slots=True)
class MailPage:
    """One bill's mail with all that happened to it; `link_until` is None where no link stands."""

    mail: MailRow
    events: list[MailEvent]
    link_until: int | None
    letter: Letter


def get_mail_page(
    session: Session, invoice_no: str, base_url: str, now: int, *, goes_out: bool
) -> MailPage:
    """Return a bill's mail; raises NotFound, and Refused where the bill was never issued."""
    bill = get_invoice(session, invoice_no)
    mail_id = get_bill_mail(session, bill, lock=False).id
    (row,) = find_mails(session, MailFilter(invoice_no=invoice_no), goes_out=goes_out)
    events = session.scalars(
        select(MailEvent).where(MailEvent.outbox_id == mail_id).order_by(MailEvent.id.desc())
    )
    links = session.scalars(select(BillLink).where(BillLink.invoice_id == bill.id))
    open_until = [link.expires_at for link in links if is_open(link, now)]
    return MailPage(row, list(events), max(open_until, default=None), _sample(
        session, bill.id, office_url(base_url, invoice_no), now
    ))  # fmt: skip


def _sample(session: Session, invoice_id: int, url: str, now: int) -> Letter:
    """Return a bill's letter as it would go, with another address in the place of the link."""
    settings = find_settings(session)
    until = now + settings.mail_link_days * DAY_S
    return bill_letter(find_bill_facts(session, invoice_id), settings, url, until)


def queue_test(session: Session, invoice_no: str, recipient: str, now: int, actor: str) -> None:
    """Queue a bill's mail to the operator's own address; it carries no link of the customer.

    Raises ValueRefused where the operator's login is no address that mail can be sent to.
    """
    bill = get_invoice(session, invoice_no)
    mail = Outbox(
        kind=TEST, key=f"{TEST}:{invoice_no}:{recipient}:{now}", invoice_id=bill.id,
        recipient=require_address(recipient), queued_at=now,
    )  # fmt: skip
    if session.scalar(select(Outbox.id).where(Outbox.key == mail.key)) is None:
        queue_mail(session, mail, actor)


@dataclass(slots=True)
class Resent:
    """Which mails were queued again, and which could not be, each with the kind of refusal."""

    queued: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


def resend_each(session: Session, invoice_nos: Sequence[str], now: int, actor: str) -> Resent:
    """Queue again those of many mails that can be."""
    report = Resent()
    for number in invoice_nos:
        try:
            resend(session, [number], now, actor)
            report.queued.append(number)
        except Refused as refused:
            report.kept[number] = refused.kind
    return report
