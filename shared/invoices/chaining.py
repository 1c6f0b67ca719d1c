"""The chain of what happened for good: each issue and each void is hashed onto the one before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from shared.invoices.documents import get_bill
from shared.invoices.drafting import ISSUED, VOID
from shared.models import invoices

GENESIS = "0" * 64
"""What the first issued bill's hash is chained to."""
CHAINED = (ISSUED, VOID)


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something to bills, when, and as of which time.

    With `person_key` an issue keeps a keyed digest of name and address; `verify` never needs it.
    """

    actor: str
    now: int
    as_of: int
    person_key: str | None = field(default=None, repr=False)


def newest_hash(session: Session) -> str:
    """Return the hash of the newest chain event."""
    event = invoices.InvoiceEvent
    detail = session.scalar(
        select(event.detail).where(event.kind.in_(CHAINED)).order_by(event.id.desc()).limit(1)
    )
    return GENESIS if detail is None else str(json.loads(detail)["hash"])


def bill_hash(session: Session, row: invoices.Invoice, previous: str) -> str:
    """Return the digest of a bill's own stored rows, chained to the event before it."""
    document = get_bill(session, row.invoice_no)
    told = {
        key: document[key]
        for key in (
            "invoice_no", "customer_no", "month", "period", "quality", "pv_wh", "export_wh",
            "use_wh", "base_yen", "export_yen", "use_yen", "total_yen", "tax_yen", "issued_at",
            "issued_on", "terms", "registers", "days", "revision_of",
        )
    }  # fmt: skip
    told |= {"person": row.person_digest, "paper": document["paper"]}
    return _digest([previous, told])


def void_hash(invoice_no: str, void: Mapping[str, object], previous: str) -> str:
    """Return the digest of a bill's end: when, by whom, why and what replaced it at once."""
    return _digest([previous, {"invoice_no": invoice_no, "void": dict(void)}])


def _digest(told: object) -> str:
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def happened(
    session: Session, invoice_id: int, kind: str, act: Act, detail: Mapping[str, object]
) -> None:
    """Keep what happened to a bill; `detail` is its JSON."""
    session.add(
        invoices.InvoiceEvent(
            invoice_id=invoice_id,
            kind=kind,
            at=act.now,
            actor=act.actor,
            detail=json.dumps(detail, ensure_ascii=False),
        )
    )
    session.flush()


def find_breaks(session: Session) -> Iterator[tuple[str, str, str]]:
    """Yield (invariant, bill, how it shows) wherever the chain or a void bill's heir is wrong."""
    event, invoice = invoices.InvoiceEvent, invoices.Invoice
    rows = session.execute(
        select(event.kind, event.detail, invoice)
        .join(invoice, invoice.id == event.invoice_id)
        .where(event.kind.in_(CHAINED))
        .order_by(event.id)
    ).all()
    previous = GENESIS
    for kind, text, row in rows:
        told = json.loads(text)
        if told["previous"] != previous:
            yield "I6", row.invoice_no, f"the chain is broken before it was {kind}"
        if not _is_true(session, kind, told, row):
            yield "I6", row.invoice_no, f"the stored rows are not those that were {kind}"
        previous = told["hash"]
    yield from _outside(session)


def _is_true(session: Session, kind: str, told: Mapping[str, Any], row: invoices.Invoice) -> bool:
    """Say whether a chain event's hash is that of the rows as they are stored now."""
    if kind == ISSUED:
        digest = bill_hash(session, row, told["previous"])
        return bool(row.hash == told["hash"] == digest)
    void = {
        "at": row.voided_at, "by": row.voided_by, "reason": row.void_reason,
        "successor": told["successor"],
    }  # fmt: skip
    return bool(told["hash"] == void_hash(row.invoice_no, void, told["previous"]))


def _outside(session: Session) -> Iterator[tuple[str, str, str]]:
    """I6 and I7: nothing is issued or void without its event, no void bill has a wrong heir."""
    event, invoice = invoices.InvoiceEvent, invoices.Invoice
    for kind, states in ((ISSUED, (ISSUED, VOID)), (VOID, (VOID,))):
        told_ids = select(event.invoice_id).where(event.kind == kind)
        silent = select(invoice.invoice_no).where(
            invoice.state.in_(states), invoice.id.not_in(told_ids)
        )
        for number in session.scalars(silent):
            yield "I6", number, f"{kind} outside the chain"
    heir = aliased(invoice)
    wrong = (
        select(invoice.invoice_no, heir.invoice_no)
        .join(heir, heir.id == invoice.successor_id)
        .where(
            (heir.customer_id != invoice.customer_id)
            | (heir.month != invoice.month)
            | (heir.revision != invoice.revision + 1)
        )
    )
    for number, other in session.execute(wrong):
        yield "I7", number, f"its successor {other} is not its next revision"
