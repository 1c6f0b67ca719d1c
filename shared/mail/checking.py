"""The invariant of the mails: each issued bill has exactly one, and nobody else's."""

from collections.abc import Iterator

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from shared.invoices.notifying import BILL
from shared.models.invoices import Invoice
from shared.models.mail import Outbox


def find_mail_breaks(session: Session) -> Iterator[tuple[str, str, str]]:
    """Yield (I8, bill, how it shows) for bills whose mail is missing, doubled or another's."""
    mails = (
        select(Outbox.invoice_id, func.count().label("count"))
        .where(Outbox.kind == BILL)
        .group_by(Outbox.invoice_id)
        .subquery()
    )
    wanted = case((Invoice.state.in_(("issued", "void")), 1), else_=0)
    rows = session.execute(
        select(Invoice.invoice_no, Invoice.state, mails.c.count)
        .outerjoin(mails, mails.c.invoice_id == Invoice.id)
        .where(func.coalesce(mails.c.count, 0) != wanted)
        .order_by(Invoice.id)
    )
    for number, state, count in rows:
        yield "I8", number, f"{count or 0} mails of a bill that is {state}"
    astray = (
        select(Invoice.invoice_no)
        .join(Outbox, Outbox.invoice_id == Invoice.id)
        .where(Outbox.kind == BILL, Outbox.customer_id != Invoice.customer_id)
    )
    for number in session.scalars(astray):
        yield "I8", number, "its mail is another customer's"
