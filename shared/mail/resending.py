"""A person's word about mails: send again, to the address that the customer has now."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.errors import Refused
from shared.invoices.documents import get_invoice
from shared.invoices.notifying import BILL
from shared.mail.claiming import STUCK_S
from shared.mail.links import close_links
from shared.models.customers import Customer
from shared.models.invoices import Invoice
from shared.models.mail import MailEvent, Outbox


def resend(session: Session, invoice_nos: Sequence[str], now: int, actor: str) -> list[str]:
    """Queue the mails of bills again, all or none; return the addresses; audited.

    Where the customer has another address by now it goes there, and the link that the old address
    has ends. Raises NotFound, and Refused where a bill is not issued or has no address.
    """
    return [_resend(session, number, now, actor) for number in dict.fromkeys(invoice_nos)]


def _resend(session: Session, invoice_no: str, now: int, actor: str) -> str:
    bill = get_invoice(session, invoice_no)
    if bill.state != "issued":
        raise Refused(f"{invoice_no} is {bill.state}: only an issued bill is mailed", "not_issued")
    mail = get_bill_mail(session, bill)
    address = session.get_one(Customer, bill.customer_id).email.strip()
    if not address:
        raise Refused(f"{invoice_no}: the customer has no mail address", "no_address")
    if mail.state == "sending" and (mail.claimed_at or 0) > now - STUCK_S:
        raise Refused(f"{invoice_no}: the mail is being sent right now", "being_sent")
    told = {"to": address}
    if address != mail.recipient:
        told["before"] = mail.recipient
        close_links(session, bill.id, now)
    mail.recipient, mail.state, mail.reason = address, "queued", ""
    mail.attempts, mail.queued_at, mail.next_at = 0, now, None
    mail.claim, mail.claimed_at = "", None
    session.add(MailEvent(outbox_id=mail.id, at=now, kind="queued", detail="again", actor=actor))
    audit.record(session, now, actor, "mail.resend", invoice_no, told)
    return address


def get_bill_mail(session: Session, bill: Invoice, *, lock: bool = True) -> Outbox:
    """Return a bill's mail, locked unless it is only looked at; raises Refused where none is."""
    query = select(Outbox).where(Outbox.kind == BILL, Outbox.invoice_id == bill.id)
    mail = session.scalar(query.with_for_update() if lock else query)
    if mail is None:
        raise Refused(f"{bill.invoice_no} is {bill.state}: it has no mail", "never_mailed")
    return mail
