"""The chain from its first link to its last, each hashed onto the one before (R20)."""

import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.invoices.chaining import CHAINED, GENESIS
from shared.models import invoices
from shared.verify.findings import Finding

READ_AT_ONCE = 5000


def check_chain(session: Session) -> Iterator[Finding]:
    """I6: every link names the one before; `check_history` says whether it tells the truth."""
    event, invoice = invoices.InvoiceEvent, invoices.Invoice
    previous = GENESIS
    rows = session.execute(
        select(event.invoice_id, event.kind, event.detail)
        .where(event.kind.in_(CHAINED))
        .order_by(event.id)
        .execution_options(yield_per=READ_AT_ONCE)
    )
    for invoice_id, kind, detail in rows:
        told = json.loads(detail)
        if told["previous"] != previous:
            number = session.scalar(select(invoice.invoice_no).where(invoice.id == invoice_id))
            yield Finding("I6", str(number), f"the chain is broken before it was {kind}")
        previous = told["hash"]
