"""The chain of what happened for good: each issue and each void is hashed onto the one before."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import Row
from shared.invoices.drafting import ISSUED, VOID
from shared.models import invoices

GENESIS = "0" * 64
"""What the first issued bill's hash is chained to."""
CHAINED = (ISSUED, VOID)
EVENT_COLUMNS = ("invoice_id", "kind", "at", "actor", "detail")


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


def void_hash(invoice_no: str, void: Mapping[str, object], previous: str) -> str:
    """Return the digest of a bill's end: when, by whom, why and what replaced it at once."""
    told = [previous, {"invoice_no": invoice_no, "void": dict(void)}]
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


def chained(act: Act, links: Sequence[tuple[int, str]], previous: str) -> list[Row]:
    """Return the events of bills issued in order, each (id, hash) linked to the one before."""
    rows: list[Row] = []
    for invoice_id, digest in links:
        detail = json.dumps({"hash": digest, "previous": previous})
        rows.append((invoice_id, ISSUED, act.now, act.actor, detail))
        previous = digest
    return rows
