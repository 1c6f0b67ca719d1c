"""Months, people and the audit trail of the whole database: I1, I3, I8 to I10."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.orm import Session

from shared import tallies
from shared.documents.keeping import find_broken
from shared.invoices.drafting import ISSUED, VOID
from shared.invoices.rows import InvoiceFilter
from shared.invoices.runs import Kind
from shared.invoices.sums import counted_sums, kept_sums
from shared.mail.checking import find_mail_breaks
from shared.models import customers, doors, invoices
from shared.models.mail import BillLink, Outbox
from shared.models.operations import Audit
from shared.months import month_of
from shared.verify.findings import Finding

TOLD_BY: Mapping[str, Sequence[str]] = {
    VOID: ("bill.void", "bill.revise"),
    "released": ("bill.release",),
    "refused": ("bill.refuse",),
    "estimated": ("bill.estimate",),
}
"""What happens to one bill, and the actions of the audit trail that tell of it."""
Where = tuple[str, int, str]
"""A month or number, when, and who."""


def check_months(session: Session) -> Iterator[Finding]:
    """I1: bills exist only in months for which a run was applied."""
    run, invoice = invoices.BillRun, invoices.Invoice
    due = set(session.scalars(select(run.month).where(run.kind == Kind.RUN.value).distinct()))
    months = session.execute(select(invoice.month, func.count()).group_by(invoice.month))
    for month, count in months:
        if month not in due:
            yield Finding("I1", str(month_of(month)), f"{count} bills and no run of the month")


def check_sums(session: Session) -> Iterator[Finding]:
    """I3: the sums that lists and totals are told from are those of the bills."""
    kept = set(kept_sums(session, InvoiceFilter()))
    for wrong in kept.symmetric_difference(counted_sums(session, InvoiceFilter())):
        told = f"{wrong.bills} {wrong.state} bills of grade {wrong.quality}, {wrong.total_yen} yen"
        where = "kept sums" if wrong in kept else "bills"
        month = "" if wrong.month is None else str(month_of(wrong.month))
        yield Finding("I3", month, f"only the {where} tell {told}")
    dialect = session.get_bind().dialect.name
    for table in ("band_sum", "owner_sum"):
        astray = len(session.execute(text(tallies.astray(table, dialect))).all())
        if astray:
            yield Finding("I3", table, f"{astray} of its sums are not those of the bills")


def check_people(session: Session) -> Iterator[Finding]:
    """I9: no session outlives who it is of, and no link the bill that it opens."""
    seat, customer, operator = doors.WebSession, customers.Customer, doors.Operator
    gone = or_(
        and_(customer.id.is_(None), operator.id.is_(None)),
        customer.disabled_at.is_not(None),
        operator.disabled_at.is_not(None),
    )
    rows = session.execute(
        select(seat.id, customer.customer_no, operator.email)
        .outerjoin(customer, customer.id == seat.customer_id)
        .outerjoin(operator, operator.id == seat.operator_id)
        .where(gone)
    )
    for seat_id, number, mail in rows:
        yield Finding(
            "I9", f"session {seat_id}", f"it is of {number or mail or 'nobody'}, who left"
        )
    invoice = invoices.Invoice
    links = session.execute(
        select(BillLink.id, invoice.invoice_no)
        .outerjoin(invoice, invoice.id == BillLink.invoice_id)
        .where(or_(invoice.id.is_(None), invoice.issued_at.is_(None)))
    )
    for link_id, number in links:
        yield Finding("I9", f"link {link_id}", f"it opens {number or 'no bill'}, never issued")


def check_papers(session: Session) -> Iterator[Finding]:
    """I6 and I8: kept documents are what they were, each issued bill has its one mail.

    A mail that a server accepted has the Message-ID under which it did.
    """
    for broken in find_broken(session):
        yield Finding("I6", *broken)
    for found in find_mail_breaks(session):
        yield Finding(*found)
    nameless = select(Outbox.key).where(Outbox.state == "accepted", Outbox.message_id.is_(None))
    for key in session.scalars(nameless):
        yield Finding("I8", f"mail {key}", "it was accepted and has no Message-ID")


def check_trail(session: Session) -> Iterator[Finding]:
    """I10: whatever happened to a bill stands in the audit trail, by whom and when."""
    event, invoice = invoices.InvoiceEvent, invoices.Invoice
    told: dict[str, set[Where]] = {}
    corrected: Counter[Where] = Counter()
    promised: Counter[Where] = Counter()
    for row in session.execute(_trail()):
        told.setdefault(row.action, set()).add((row.subject, row.at, row.actor))
        detail: dict[str, Any] = json.loads(row.detail) if row.detail else {}
        if row.action == "bill.issue":
            promised[row.subject, row.at, row.actor] += detail["issued"]
        elif row.action == "bill.revise":
            corrected[detail["successor"], row.at, row.actor] += 1
    for kind, actions in TOLD_BY.items():
        rows = session.execute(
            select(invoice.invoice_no, event.at, event.actor)
            .join(invoice, invoice.id == event.invoice_id)
            .where(event.kind == kind)
        )
        for number, at, actor in rows:
            if not any((number, at, actor) in told.get(action, ()) for action in actions):
                yield Finding("I10", number, f"it was {kind}, and the audit trail does not say so")
    yield from _issues(session, promised, corrected)


def _trail() -> Any:  # noqa: ANN401 - a select of five columns
    return select(Audit.action, Audit.subject, Audit.at, Audit.actor, Audit.detail).where(
        Audit.action.like("bill.%")
    )


def _issues(
    session: Session, promised: Mapping[Where, int], corrected: Mapping[Where, int]
) -> Iterator[Finding]:
    """I10: as many bills of a month were issued at a time as the trail says, and no others."""
    event, invoice = invoices.InvoiceEvent, invoices.Invoice
    by_revision: Counter[Where] = Counter()
    for (number, at, actor), count in corrected.items():
        by_revision[f"20{number[:2]}-{number[2:4]}", at, actor] += count
    rows = session.execute(
        select(invoice.month, event.at, event.actor, func.count())
        .join(invoice, invoice.id == event.invoice_id)
        .where(event.kind == ISSUED)
        .group_by(invoice.month, event.at, event.actor)
    )
    issued = {(str(month_of(month)), at, actor): count for month, at, actor, count in rows}
    for where in issued.keys() | promised.keys() | by_revision.keys():
        told = promised.get(where, 0) + by_revision.get(where, 0)
        if issued.get(where, 0) != told:
            month, at, actor = where
            yield Finding(
                "I10", month, f"{issued.get(where, 0)} bills issued by {actor} at {at}, told {told}"
            )
