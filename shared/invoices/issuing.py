"""Bills released, issued and taken back; issued rows never change but to be void."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from operator import attrgetter, itemgetter
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from shared import audit
from shared.billing.checks import Reason
from shared.db import UNSYNCHRONISED, copy_rows, in_chunks, merge_rows
from shared.energy.boundaries import How
from shared.errors import Refused
from shared.invoices.chaining import (
    EVENT_COLUMNS,
    GENESIS,
    Act,
    chained,
    happened,
    newest_hash,
    void_hash,
)
from shared.invoices.contents import find_contents
from shared.invoices.documents import find_reasons, get_invoice
from shared.invoices.drafting import CLOSED, HELD, ISSUED, OPEN, VOID
from shared.invoices.freezing import freeze
from shared.invoices.loading import Live, find_pins, find_undecided
from shared.invoices.locking import lock_bills
from shared.invoices.notifying import queue_mails, withdraw_mails
from shared.invoices.proposing import overtake
from shared.invoices.reporting import RunReport
from shared.models import customers, invoices
from shared.months import Month, day_of
from shared.seal import person_digest

CHUNK = 500
BINDING = frozenset({Reason.PROPOSAL_OPEN.value, Reason.OPENING_DIFFERS.value})
"""Holds that no word settles: the bill before has to be decided first."""

__all__ = ["GENESIS", "Act", "issue_month", "release", "void"]


class _Bill(NamedTuple):
    """What issuing has to know of a bill."""

    id: int
    customer_id: int
    invoice_no: str
    state: str
    period_start: date


def issue_month(session: Session, month: Month, act: Act, *, apply: bool) -> RunReport:
    """Issue every closed bill of a month, or tell which would be, in the caller's transaction."""
    report = RunReport(month, apply)
    for chunk in in_chunks(find_numbers(session, month), CHUNK):
        ids = [invoice_id for invoice_id, _ in chunk]
        report.take(issue_some(session, month, ids, act, apply=apply))
    return report


def find_numbers(session: Session, month: Month) -> list[tuple[int, str]]:
    """Return the (id, number) of the bills of a month that are not issued, by number."""
    invoice = invoices.Invoice
    rows = session.execute(
        select(invoice.id, invoice.invoice_no).where(
            invoice.month == month.first(), invoice.state.in_((OPEN, HELD, CLOSED))
        )
    )
    return sorted(((row.id, row.invoice_no) for row in rows), key=itemgetter(1))


def issue_some(
    session: Session, month: Month, invoice_ids: Sequence[int], act: Act, *, apply: bool = True
) -> RunReport:
    """Issue those of some bills that are closed and whose customer has no earlier one unissued.

    Hashes are given in order of number, each chained to the one before (decisions 12 and 24).
    """
    report = RunReport(month, apply)
    lock_bills(session)
    rows = _find_bills(session, invoice_ids, lock=apply)
    customer_ids = [row.customer_id for row in rows]
    behind = find_undecided(session, customer_ids, month)
    behind |= _customers_behind(session, customer_ids, month)
    moved = _find_moved_openings(session, [row for row in rows if row.state == CLOSED])
    going, stuck = [], []
    for row in rows:
        if row.state != CLOSED:
            report.counts[row.state] += row.state != ISSUED
        elif row.customer_id in behind:
            report.wait(row.invoice_no, behind[row.customer_id])
        elif row.id in moved:
            report.counts[HELD] += 1
            stuck.append(row)
        else:
            going.append(row.id)
            report.issue(row.invoice_no)
    if apply:
        _hold(session, {row.id: moved[row.id] for row in stuck})
    if apply and going:
        issue_bills(session, going, act)
        told = {"issued": len(going)}
        audit.record(session, act.now, act.actor, "bill.issue", str(month), told)
    return report


def _find_bills(session: Session, invoice_ids: Sequence[int], *, lock: bool) -> list[_Bill]:
    """Return bills in order of number; locked where wanted and the database locks rows."""
    invoice = invoices.Invoice
    wanted = select(*(getattr(invoice, name) for name in _Bill._fields)).where(
        invoice.id.in_(invoice_ids), invoice.state != VOID
    )
    found = session.execute(wanted.with_for_update() if lock else wanted)
    return sorted((_Bill(*row) for row in found), key=attrgetter("invoice_no"))


def _customers_behind(
    session: Session, customer_ids: Collection[int], month: Month
) -> dict[int, str]:
    """Return those of some customers with an earlier bill that is not issued, and its number."""
    invoice = invoices.Invoice
    rows = session.execute(
        select(invoice.customer_id, invoice.invoice_no)
        .where(
            invoice.customer_id.in_(customer_ids),
            invoice.month < month.first(),
            invoice.state.not_in((ISSUED, VOID)),
        )
        .order_by(invoice.month.desc())
    )
    return {row.customer_id: row.invoice_no for row in rows}


def _find_moved_openings(session: Session, rows: Sequence[_Bill]) -> dict[int, str]:
    """Return the bills that no longer open where the issued bill before them closed (N3).

    They were computed before that bill was revised; the next run computes them anew.
    """
    invoice = invoices.Invoice
    wanted = (
        select(
            invoice.id, invoice.customer_id, invoice.month, invoice.state, invoice.total_yen,
            invoice.period_start, invoice.period_end, invoice.computed_at,
        )
        .where(
            invoice.customer_id.in_([row.customer_id for row in rows]),
            invoice.period_end.in_({row.period_start for row in rows}),
            invoice.state == ISSUED,
        )
    )  # fmt: skip
    pins = find_pins(session, [Live(*found) for found in session.execute(wanted)])
    register = invoices.InvoiceRegister
    openings = session.execute(
        select(
            register.invoice_id, register.quantity, register.meter_at, register.opening_wh,
            register.opening_how,
        ).where(register.invoice_id.in_([row.id for row in rows]), register.seq == 0)
    )  # fmt: skip
    by_id, moved = {row.id: row for row in rows}, {}
    for opening in openings:
        row = by_id[opening.invoice_id]
        of_customer = pins.get(row.customer_id, {})
        for quantity, of_channel in of_customer.items():
            pin = of_channel.get(row.period_start)
            if quantity != opening.quantity or pin is None or pin.meter_at != opening.meter_at:
                continue
            if opening.opening_how != How.FIRST and opening.opening_wh != pin.wh:
                moved[row.id] = opening.quantity
    return moved


def _hold(session: Session, moved: Mapping[int, str]) -> None:
    """Hold bills that do not open where the ones before them closed; the detail is the channel."""
    if not moved:
        return
    invoice = invoices.Invoice
    holding = update(invoice).where(invoice.id.in_(moved)).values(state=HELD)
    session.execute(holding, execution_options=UNSYNCHRONISED)
    held = [(i, Reason.OPENING_DIFFERS.value, detail) for i, detail in moved.items()]
    merge_rows(session, invoices.Hold, ("invoice_id", "reason", "detail"), held, keep=False)
    session.expire_all()


def issue_bills(session: Session, invoice_ids: Sequence[int], act: Act) -> None:
    """Make closed bills final, with papers and mails, each chained to the event before it.

    The hashes are made in one pass in the order given; all else is read and written in bulk.
    """
    freeze(session, invoice_ids, act)
    _link_to_void(session, invoice_ids)
    _date(session, invoice_ids, act)
    contents = find_contents(session, invoice_ids)
    first = previous = newest_hash(session)
    links = []
    for invoice_id in invoice_ids:
        previous = contents[invoice_id].digest(previous)
        links.append((invoice_id, previous))
    sealed = [{"id": i, "state": ISSUED, "hash": digest} for i, digest in links]
    session.execute(update(invoices.Invoice), sealed)
    copy_rows(session, invoices.InvoiceEvent, EVENT_COLUMNS, chained(act, links, first))
    queue_mails(session, invoice_ids, act.now)
    session.expire_all()  # what was loaded of these bills is no longer so


def _date(session: Session, invoice_ids: Sequence[int], act: Act) -> None:
    """Keep when bills are issued, and with a key whom each of them goes to."""
    invoice, customer = invoices.Invoice, customers.Customer
    issued: dict[str, object] = {"issued_at": act.now, "issued_on": day_of(act.as_of)}
    if not act.person_key:
        of_these = update(invoice).where(invoice.id.in_(invoice_ids))
        session.execute(of_these.values(issued), execution_options=UNSYNCHRONISED)
        return
    people = session.execute(
        select(invoice.id, invoice.name, customer.address)
        .join(customer, customer.id == invoice.customer_id)
        .where(invoice.id.in_(invoice_ids))
    )
    digests = [
        {"id": row.id, "person_digest": person_digest(act.person_key, row.name, row.address)}
        for row in people
    ]
    session.execute(update(invoice), [issued | digest for digest in digests])


def _link_to_void(session: Session, invoice_ids: Sequence[int]) -> None:
    """Tell void bills what takes their place, where they were not told yet (I7)."""
    heir, void = invoices.Invoice, aliased(invoices.Invoice)
    pairs = session.execute(
        select(void.id, heir.id.label("successor_id"))
        .join(
            void,
            (void.customer_id == heir.customer_id)
            & (void.month == heir.month)
            & (void.revision == heir.revision - 1),
        )
        .where(
            heir.id.in_(invoice_ids),
            heir.revision > 1,
            void.state == VOID,
            void.successor_id.is_(None),
        )
    ).all()
    if pairs:
        session.execute(update(heir), [dict(pair._mapping) for pair in pairs])  # noqa: SLF001


def release(session: Session, invoice_no: str, reason: str, act: Act) -> None:
    """Settle the holds of a bill that has an amount, for as long as its inputs stand (decision 22).

    Raises NotFound, and Refused where nothing is held or a register is unknown.
    """
    lock_bills(session)
    row = get_invoice(session, invoice_no)
    if row.state != HELD:
        raise Refused(f"{invoice_no} is {row.state}: only a held bill can be released", "not_held")
    reasons = find_reasons(session, row)["holds"]
    if row.total_yen is None:
        unknown = ", ".join(reasons)
        raise Refused(
            f"{invoice_no} has no amount yet ({unknown}): it needs a register or terms", "no_amount"
        )
    if BINDING & set(reasons):
        raise Refused(
            f"{invoice_no} waits for the bill before it ({', '.join(BINDING & set(reasons))}): "
            "revise that bill or refuse its proposal, then run the month again",
            "bill_before",
        )
    session.add(
        invoices.Settlement(
            invoice_id=row.id, inputs=row.inputs, reason=reason, at=act.now, actor=act.actor
        )
    )
    row.state = CLOSED
    happened(session, row.id, "released", act, {"reason": reason})
    audit.record(session, act.now, act.actor, "bill.release", invoice_no, {"reason": reason})


def void(session: Session, invoice_no: str, reason: str, act: Act) -> None:
    """Take an issued bill back for good, with the reason; its row and number stay (decision 17).

    Raises NotFound, and Refused where it is not issued, or a later bill of the customer is.
    """
    lock_bills(session)
    row = get_invoice(session, invoice_no)
    make_void(session, row, reason, act)
    overtake(session, row.id, act)
    chain_void(session, row, act, None)
    audit.record(session, act.now, act.actor, "bill.void", invoice_no, {"reason": reason})


def make_void(session: Session, row: invoices.Invoice, reason: str, act: Act) -> None:
    """Change an issued row to void; raises Refused where it is not issued."""
    changed = session.execute(
        update(invoices.Invoice)
        .where(invoices.Invoice.id == row.id, invoices.Invoice.state == ISSUED)
        .values(state=VOID, voided_at=act.now, voided_by=act.actor, void_reason=reason)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(
            f"{row.invoice_no} is {row.state}: only an issued bill can be made void", "not_issued"
        )
    session.refresh(row)
    withdraw_mails(session, [row.id], act.now)


def chain_void(session: Session, row: invoices.Invoice, act: Act, successor: str | None) -> None:
    """Chain the end of a bill to the event before it (decision 24)."""
    previous = newest_hash(session)
    void = {
        "at": row.voided_at, "by": row.voided_by, "reason": row.void_reason,
        "successor": successor,
    }  # fmt: skip
    digest = void_hash(row.invoice_no, void, previous)
    told = {"hash": digest, "previous": previous, "reason": row.void_reason, "successor": successor}
    happened(session, row.id, VOID, act, told)
