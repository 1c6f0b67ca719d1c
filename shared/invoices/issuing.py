"""Bills released, issued and taken back; issued rows never change but to be void."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.errors import Refused
from shared.invoices.documents import find_reasons, get_bill, get_invoice
from shared.invoices.drafting import CLOSED, HELD, ISSUED, VOID
from shared.models import invoices
from shared.months import Month, day_of

GENESIS = "0" * 64
"""What the first issued bill's hash is chained to."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something to bills, when, and as of which time."""

    actor: str
    now: int
    as_of: int


@dataclass(slots=True)
class IssueReport:
    """What `bill issue` did or would do."""

    month: Month
    applied: bool
    issued: list[str] = field(default_factory=list)
    waiting: list[dict[str, str]] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)

    def document(self) -> dict[str, object]:
        """Return the report as the JSON document of `bill issue --json`."""
        return {
            "month": str(self.month),
            "applied": self.applied,
            "counts": {
                "issued": len(self.issued),
                "waiting": len(self.waiting),
                **{state: self.states[state] for state in ("open", "held")},
            },
            "issued": self.issued,
            "waiting": self.waiting,
        }


def issue_month(session: Session, month: Month, act: Act, *, apply: bool) -> IssueReport:
    """Issue every closed bill of a month whose customer has no earlier bill unissued (decision 12).

    Hashes are given in order of number, each chained to the one before (decision 24).
    """
    invoice = invoices.Invoice
    report = IssueReport(month, apply)
    rows = session.scalars(
        select(invoice)
        .where(invoice.month == month.first(), invoice.state != VOID)
        .order_by(invoice.invoice_no)
        .with_for_update()
    ).all()
    behind = _customers_behind(session, month)
    previous = _newest_hash(session) if apply else GENESIS
    for row in rows:
        if row.state != CLOSED:
            report.states[row.state] += 1
            continue
        if row.customer_id in behind:
            report.waiting.append(
                {"invoice_no": row.invoice_no, "earlier": behind[row.customer_id]}
            )
            continue
        report.issued.append(row.invoice_no)
        if apply:
            previous = _issue(session, row, act, previous)
    if apply and report.issued:
        audit.record(
            session, act.now, act.actor, "bill.issue", str(month), {"issued": len(report.issued)}
        )
    return report


def _customers_behind(session: Session, month: Month) -> dict[int, str]:
    """Return the customers with an earlier bill that is not issued, and that bill's number."""
    invoice = invoices.Invoice
    rows = session.execute(
        select(invoice.customer_id, invoice.invoice_no)
        .where(invoice.month < month.first(), invoice.state.not_in((ISSUED, VOID)))
        .order_by(invoice.month.desc())
    )
    return {row.customer_id: row.invoice_no for row in rows}


def _newest_hash(session: Session) -> str:
    """Return the hash of the bill that was issued last."""
    event = invoices.InvoiceEvent
    detail = session.scalar(
        select(event.detail).where(event.kind == ISSUED).order_by(event.id.desc()).limit(1)
    )
    return GENESIS if detail is None else str(json.loads(detail)["hash"])


def _issue(session: Session, row: invoices.Invoice, act: Act, previous: str) -> str:
    digest = bill_hash(session, row, previous)
    session.execute(
        update(invoices.Invoice)
        .where(invoices.Invoice.id == row.id, invoices.Invoice.state == CLOSED)
        .values(state=ISSUED, issued_at=act.now, issued_on=day_of(act.as_of), hash=digest)
    )
    _happened(session, row.id, ISSUED, act, {"hash": digest, "previous": previous})
    return digest


def bill_hash(session: Session, row: invoices.Invoice, previous: str) -> str:
    """Return the digest of a bill's own stored rows, chained to the bill issued before it."""
    document = get_bill(session, row.invoice_no)
    told = {
        key: document[key]
        for key in (
            "invoice_no", "customer_no", "month", "period", "quality", "pv_wh", "export_wh",
            "use_wh", "base_yen", "export_yen", "use_yen", "total_yen", "tax_yen", "terms",
            "registers", "days",
        )
    }  # fmt: skip
    text = json.dumps([previous, told], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _happened(
    session: Session, invoice_id: int, kind: str, act: Act, detail: dict[str, object]
) -> None:
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


def release(session: Session, invoice_no: str, reason: str, act: Act) -> None:
    """Settle the holds of a bill that has an amount, for as long as its inputs stand (decision 22).

    Raises NotFound, and Refused where nothing is held or a register is unknown.
    """
    row = get_invoice(session, invoice_no)
    if row.state != HELD:
        raise Refused(f"{invoice_no} is {row.state}: only a held bill can be released")
    if row.total_yen is None:
        unknown = ", ".join(find_reasons(session, row)["holds"])
        raise Refused(f"{invoice_no} has no amount yet ({unknown}): it needs a register or terms")
    session.add(
        invoices.Settlement(
            invoice_id=row.id, inputs=row.inputs, reason=reason, at=act.now, actor=act.actor
        )
    )
    row.state = CLOSED
    _happened(session, row.id, "released", act, {"reason": reason})
    audit.record(session, act.now, act.actor, "bill.release", invoice_no, {"reason": reason})


def void(session: Session, invoice_no: str, reason: str, act: Act) -> None:
    """Take an issued bill back for good, with the reason; its row and number stay (decision 17).

    Raises NotFound, and Refused where it is not issued, or a later bill of the customer is.
    """
    row = get_invoice(session, invoice_no)
    if row.state != ISSUED:
        raise Refused(f"{invoice_no} is {row.state}: only an issued bill can be made void")
    changed = session.execute(
        update(invoices.Invoice)
        .where(invoices.Invoice.id == row.id, invoices.Invoice.state == ISSUED)
        .values(state=VOID, voided_at=act.now, voided_by=act.actor, void_reason=reason)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(f"{invoice_no} was changed by somebody else just now")
    _happened(session, row.id, VOID, act, {"reason": reason})
    audit.record(session, act.now, act.actor, "bill.void", invoice_no, {"reason": reason})


def count_states(session: Session, month: Month) -> dict[str, int]:
    """Return how many bills of a month are in each state."""
    invoice = invoices.Invoice
    rows = session.execute(
        select(invoice.state, func.count())
        .where(invoice.month == month.first())
        .group_by(invoice.state)
    )
    return dict(rows.all())
