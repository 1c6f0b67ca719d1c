"""A reminder of a bill that is not paid, at most one a day."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.errors import Refused
from shared.invoices.documents import get_invoice
from shared.invoices.payments import find_payments
from shared.mail.desk import Resent
from shared.mail.queueing import queue_mail
from shared.mail.writing import REMINDER
from shared.models.customers import Customer
from shared.models.mail import Outbox
from shared.months import day_of


def remind_each(session: Session, invoice_nos: Sequence[str], now: int, actor: str) -> Resent:
    """Queue a reminder for those of many bills that are unpaid and have an address; audited."""
    report = Resent()
    for number in invoice_nos:
        try:
            _remind(session, number, now, actor)
            report.queued.append(number)
        except Refused as refused:
            report.kept[number] = refused.kind
    return report


def _remind(session: Session, invoice_no: str, now: int, actor: str) -> None:
    bill = get_invoice(session, invoice_no)
    if bill.state != "issued" or bill.id in find_payments(session, [bill.id]):
        raise Refused(f"{invoice_no} is not to be paid", "not_to_pay")
    address = session.get_one(Customer, bill.customer_id).email.strip()
    if not address:
        raise Refused(f"{invoice_no}: the customer has no mail address", "no_address")
    key = f"{REMINDER}:{invoice_no}:{day_of(now).isoformat()}"
    if session.scalar(select(Outbox.id).where(Outbox.key == key)) is not None:
        raise Refused(f"{invoice_no}: a reminder was written today already", "reminded_today")
    mail = Outbox(
        kind=REMINDER, key=key, invoice_id=bill.id, customer_id=bill.customer_id,
        recipient=address, queued_at=now,
    )  # fmt: skip
    queue_mail(session, mail, actor)
    audit.record(session, now, actor, "mail.remind", invoice_no, {"to": address})
