"""An issued bill replaced by a corrected one that names it (decision 17)."""

import json
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from shared import audit
from shared.errors import Refused
from shared.invoices.chaining import Act
from shared.invoices.documents import get_invoice
from shared.invoices.drafting import HELD, ISSUED, Draft, Moment
from shared.invoices.issuing import BINDING, chain_void, issue_bills, make_void
from shared.invoices.locking import lock_bills
from shared.invoices.proposing import accept, reexamine, told
from shared.invoices.recomputing import recompute
from shared.invoices.writing import write_revision
from shared.models import invoices
from shared.months import day_of, invoice_no, month_of
from shared.settings import find_settings


@dataclass(frozen=True, slots=True)
class Revised:
    """A correction made, or shown: its number, and what both bills say."""

    invoice_no: str
    old: dict[str, int | None]
    new: dict[str, int | None]
    causes: list[dict[str, object]]

    def document(self) -> dict[str, Any]:
        """Return what `bill revise --json` prints."""
        return {"invoice_no": self.invoice_no, **told(self.old, self.new), "causes": self.causes}


def revise(session: Session, number: str, reason: str, act: Act, *, apply: bool) -> Revised:
    """Recompute an issued bill; with `apply` issue the correction and void this one, at once.

    Raises NotFound, and Refused where it is not issued, where there is nothing to correct, no
    amount to correct it to, or an earlier bill to be decided first.
    """
    lock_bills(session)
    row = get_invoice(session, number)
    made = _recomputed(session, row, act)
    shown = Revised(
        invoice_no(month_of(row.month), made.draft.home.customer_no, row.revision + 1),
        made.old,
        {name: getattr(made.draft.bill.figures, name) for name in made.old},
        made.causes,
    )
    if apply:
        _replace(session, row, made.draft, reason, act)
        _propose_next(session, row, act)
        audit.record(
            session, act.now, act.actor, "bill.revise", number,
            {"reason": reason, "successor": shown.invoice_no},
        )  # fmt: skip
    return shown


@dataclass(frozen=True, slots=True)
class _Correction:
    draft: Draft
    old: dict[str, int | None]
    causes: list[dict[str, object]]


def _recomputed(session: Session, row: invoices.Invoice, act: Act) -> _Correction:
    if row.state != ISSUED:
        raise Refused(
            f"{row.invoice_no} is {row.state}: only an issued bill can be revised", "not_issued"
        )
    found = recompute(session, [row.customer_id], _moment(session, row, act))
    if not found or found[0].made is None or found[0].told is None:
        raise Refused(
            f"{row.invoice_no} would have no amount today: void it instead", "no_amount_today"
        )
    one = found[0]
    if not one.differs:
        raise Refused(f"{row.invoice_no}: nothing to correct", "nothing_to_correct")
    made = one.made
    if made is None:
        raise Refused(
            f"{row.invoice_no} would have no amount today: void it instead", "no_amount_today"
        )
    waits = BINDING & set(made.reasons)
    if waits:
        raise Refused(
            f"{row.invoice_no} waits for the bill before it ({', '.join(waits)})", "bill_before"
        )
    return _Correction(made, dict(one.old.figures), one.causes())


def _moment(session: Session, row: invoices.Invoice, act: Act) -> Moment:
    """Return the moment to recompute at: today's knowledge, the tax of the day of issue."""
    settings = find_settings(session, on=row.issued_on or day_of(act.as_of))
    return Moment(month_of(row.month), act.as_of, settings)


def _replace(session: Session, row: invoices.Invoice, made: Draft, reason: str, act: Act) -> None:
    """Void the old bill and issue the new one; the one with the other, or neither."""
    accept(session, row, act, reason)
    make_void(session, row, reason, act)
    successor = session.get_one(
        invoices.Invoice, write_revision(session, made, row, act.now), populate_existing=True
    )
    row.successor_id = successor.id
    session.flush()
    if made.state == HELD:
        session.add(
            invoices.Settlement(
                invoice_id=successor.id, inputs=made.inputs, reason=reason, at=act.now,
                actor=act.actor,
            )
        )  # fmt: skip
    chain_void(session, row, act, successor.invoice_no)
    issue_bills(session, [successor.id], act)


def _propose_next(session: Session, row: invoices.Invoice, act: Act) -> None:
    """Propose the issued bill after a revised one anew: it may no longer open where that closes."""
    moment = _moment(session, row, act)
    after = replace(moment, month=moment.month.next())
    reexamine(session, [row.customer_id], after, act)


def describe_causes(causes: list[dict[str, Any]]) -> list[str]:
    """Return a line for each cause, for people to read."""
    lines = []
    for cause in causes:
        if "channel" in cause:
            before, after = (_register(cause[key]) for key in ("before", "after"))
            lines.append(f"{cause['channel']} {cause['edge']}: {before} -> {after}")
        else:
            lines.append(f"terms: {json.dumps(cause['before'])} -> {json.dumps(cause['after'])}")
    return lines


def _register(edge: dict[str, Any] | None) -> str:
    return "not known" if edge is None else f"{edge['wh']} Wh ({edge['how']})"
