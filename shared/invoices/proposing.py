"""What became known after a bill was issued: proposed, refused, never carried over silently."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.errors import Refused
from shared.invoices.chaining import Act, happened
from shared.invoices.documents import get_invoice
from shared.invoices.drafting import ISSUED, Moment
from shared.invoices.loading import Live, find_pins
from shared.invoices.locking import lock_bills
from shared.invoices.recomputing import Failed, Recomputed, raise_it, recompute
from shared.models import customers, invoices
from shared.months import Month, month_of

OPEN, ACCEPTED, REFUSED, OVERTAKEN = "open", "accepted", "refused", "overtaken"


def reexamine(
    session: Session,
    customer_ids: Collection[int],
    moment: Moment,
    act: Act | None,
    failed: Failed = raise_it,
) -> dict[int, invoices.Invoice]:
    """Compare issued bills of a month with how they come out today (decision 16).

    Returns by customer the bills that differ and wait for a decision. With `act` their proposals
    are written, and those that no longer tell the newest figures are closed as overtaken.
    """
    found = recompute(session, customer_ids, moment, failed)
    proposals = _find_proposals(session, [one.row.id for one in found])
    undecided = {}
    for one in found:
        if _propose(session, one, proposals.get(one.row.id, {}), act):
            undecided[one.row.customer_id] = one.row
    return undecided


def _find_proposals(
    session: Session, invoice_ids: Collection[int]
) -> dict[int, dict[str, invoices.Proposal]]:
    """Return each bill's open and refused proposals, by the digest of the new figures."""
    proposal = invoices.Proposal
    found: dict[int, dict[str, invoices.Proposal]] = {}
    for row in session.scalars(
        select(proposal)
        .where(proposal.invoice_id.in_(invoice_ids), proposal.state.in_((OPEN, REFUSED)))
        .order_by(proposal.id)
    ):
        found.setdefault(row.invoice_id, {})[row.digest] = row
    return found


def _propose(
    session: Session,
    one: Recomputed,
    proposals: Mapping[str, invoices.Proposal],
    act: Act | None,
) -> bool:
    """Say whether a bill differs and nobody has decided it; write so where `act` is given."""
    digest = one.told.digest() if one.told is not None and one.differs else None
    same = proposals.get(digest or "")
    if act is not None:
        for row in proposals.values():
            if row.state == OPEN and row is not same:
                _decide(row, OVERTAKEN, act, "")
        session.flush()
        if digest is not None and same is None:
            session.add(_proposal(one, digest, act))
            session.flush()
    return digest is not None and (same is None or same.state == OPEN)


def _proposal(one: Recomputed, digest: str, act: Act) -> invoices.Proposal:
    if one.told is None:
        raise ValueError("a bill without an amount proposes nothing")
    return invoices.Proposal(
        invoice_id=one.row.id,
        digest=digest,
        old=json.dumps(dict(one.old.figures)),
        new=json.dumps(dict(one.told.figures)),
        causes=json.dumps(one.causes(), ensure_ascii=False),
        found_at=act.now,
    )


def _decide(row: invoices.Proposal, state: str, act: Act, reason: str) -> None:
    row.state, row.decided_at, row.decided_by, row.reason = state, act.now, act.actor, reason


def find_proposals(session: Session, month: Month | None = None) -> list[dict[str, Any]]:
    """Return the open proposals, of a month or of all, as `bill proposals --json` prints them."""
    proposal, invoice, customer = invoices.Proposal, invoices.Invoice, customers.Customer
    wanted = (
        select(proposal, invoice, customer.customer_no)
        .join(invoice, invoice.id == proposal.invoice_id)
        .join(customer, customer.id == invoice.customer_id)
        .where(proposal.state == OPEN, invoice.state == ISSUED)
        .order_by(invoice.month, invoice.invoice_no)
    )
    if month is not None:
        wanted = wanted.where(invoice.month == month.first())
    return [
        {
            "invoice_no": row.invoice_no,
            "customer_no": customer_no,
            "month": str(month_of(row.month)),
            **told(json.loads(found.old), json.loads(found.new)),
            "causes": json.loads(found.causes),
            "found_at": found.found_at,
            "digest": found.digest,
            "name": row.name,
        }
        for found, row, customer_no in session.execute(wanted)
    ]


def told(old: Mapping[str, int | None], new: Mapping[str, int | None]) -> dict[str, Any]:
    """Return old and new figures and the yen between them."""
    difference = (new["total_yen"] or 0) - (old["total_yen"] or 0)
    return {"difference_yen": difference, "old": dict(old), "new": dict(new)}


def refuse(session: Session, invoice_no: str, reason: str, act: Act) -> None:
    """Keep an issued bill against its proposal, bound to the figures proposed (decision 16).

    Raises NotFound, and Refused without an open proposal, or where the bill before was revised so
    that keeping this one would leave energy billed twice or not at all (N3).
    """
    lock_bills(session)
    row = get_invoice(session, invoice_no)
    found = get_open(session, row)
    if found is None:
        raise Refused(f"{invoice_no} has no open proposal", "no_proposal")
    if opening_moved(session, row):
        raise Refused(
            f"{invoice_no} does not open where the revised bill before it closes: it has to be "
            "revised too",
            "opening_moved",
        )
    _decide(found, REFUSED, act, reason)
    happened(session, row.id, "refused", act, {"reason": reason, "digest": found.digest})
    audit.record(session, act.now, act.actor, "bill.refuse", invoice_no, {"reason": reason})


def get_open(session: Session, row: invoices.Invoice) -> invoices.Proposal | None:
    """Return a bill's open proposal, if any."""
    proposal = invoices.Proposal
    return session.scalars(
        select(proposal).where(proposal.invoice_id == row.id, proposal.state == OPEN)
    ).one_or_none()


def accept(session: Session, row: invoices.Invoice, act: Act, reason: str) -> None:
    """Note that a bill's open proposal, if it has one, was followed by a revision."""
    found = get_open(session, row)
    if found is not None:
        _decide(found, ACCEPTED, act, reason)
        session.flush()


def overtake(session: Session, invoice_id: int, act: Act) -> None:
    """Close the open proposal of a bill that is taken back without one."""
    proposal = invoices.Proposal
    session.execute(
        update(proposal)
        .where(proposal.invoice_id == invoice_id, proposal.state == OPEN)
        .values(state=OVERTAKEN, decided_at=act.now, decided_by=act.actor, reason="void")
    )


def opening_moved(session: Session, row: invoices.Invoice) -> bool:
    """Say whether the issued bill before closes with another register than this one opens with."""
    invoice, register = invoices.Invoice, invoices.InvoiceRegister
    before = session.scalars(
        select(invoice).where(
            invoice.customer_id == row.customer_id,
            invoice.period_end == row.period_start,
            invoice.state == ISSUED,
        )
    ).one_or_none()
    if before is None:
        return False
    pins = find_pins(session, [Live.of(before)])[before.customer_id]
    openings = session.scalars(
        select(register).where(register.invoice_id == row.id, register.seq == 0)
    )
    of_channel = {quantity.value: pin.get(row.period_start) for quantity, pin in pins.items()}
    for opening in openings:
        pin = of_channel.get(opening.quantity)
        if pin and pin.meter_at == opening.meter_at and pin.wh != opening.opening_wh:
            return True
    return False
