"""What an issue means for the mails: a row of the outbox for each bill, in its transaction."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Text, and_, case, cast, func, insert, literal, select, update
from sqlalchemy.orm import Session

from shared.db import in_chunks
from shared.models.customers import Customer
from shared.models.invoices import Invoice
from shared.models.mail import MailEvent, Outbox

BILL: Final = "bill"
NO_ADDRESS: Final = "no_address"
VOID: Final = "void"
_CHUNK: Final = 500


def queue_mails(session: Session, invoice_ids: Sequence[int], at: int) -> None:
    """Write a mail for each bill that is being issued, to the customer's address as it is now.

    Without an address the mail is held; whether a mail server is set is asked when it is sent.
    """
    address = func.trim(Customer.email)
    told = {
        Outbox.kind: literal(BILL),
        Outbox.key: literal(f"{BILL}:") + cast(Invoice.id, Text),
        Outbox.invoice_id: Invoice.id,
        Outbox.customer_id: Invoice.customer_id,
        Outbox.recipient: address,
        Outbox.state: case((address == "", literal("held")), else_=literal("queued")),
        Outbox.reason: case((address == "", literal(NO_ADDRESS)), else_=literal("")),
        Outbox.attempts: literal(0),
        Outbox.reply: literal(""),
        Outbox.queued_at: literal(at),
        Outbox.claim: literal(""),
    }
    session.flush()
    for chunk in in_chunks(invoice_ids, _CHUNK):
        bills = select(*told.values()).join(Customer, Customer.id == Invoice.customer_id)
        session.execute(insert(Outbox).from_select(list(told), bills.where(Invoice.id.in_(chunk))))
        _note(session, chunk, at)


def withdraw_mails(session: Session, invoice_ids: Sequence[int], at: int) -> None:
    """Hold the mails of bills that become void and are not sent yet; those sent stay so."""
    for chunk in in_chunks(invoice_ids, _CHUNK):
        waiting = and_(
            Outbox.invoice_id.in_(chunk), Outbox.state.in_(("queued", "refused", "held"))
        )
        changed = session.scalars(
            update(Outbox)
            .where(waiting)
            .values(state="held", reason=VOID, next_at=None)
            .returning(Outbox.invoice_id)
            .execution_options(synchronize_session=False)
        ).all()
        _note(session, [invoice_id for invoice_id in changed if invoice_id is not None], at)


def _note(session: Session, invoice_ids: Sequence[int], at: int) -> None:
    """Keep an event of each mail in the state that it now has."""
    told = select(Outbox.id, literal(at), Outbox.state, Outbox.reason, literal(""))
    session.execute(
        insert(MailEvent).from_select(
            ["outbox_id", "at", "kind", "detail", "actor"],
            told.where(Outbox.kind == BILL, Outbox.invoice_id.in_(invoice_ids)),
        )
    )
