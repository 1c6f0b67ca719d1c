"""What waits for a person this morning, and what the months came to: facts for the first page."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from shared.billing.checks import Reason
from shared.customers.searching import CustomerFilter, count_customers
from shared.fleet.meters import alarm_of, find_ending
from shared.fleet.troubles import Trouble, find_troubles
from shared.invoices.inbox import count_holds
from shared.invoices.rows import FIGURES, InvoiceFilter, Totals
from shared.models.invoices import Hold, Invoice, InvoiceSum, PastBill
from shared.models.mail import Outbox
from shared.months import Month, day_of, month_of
from shared.waiting import count_waiting


@dataclass(frozen=True, slots=True)
class Worklist:
    """What waits for a person; `certificates` counts meters by the alarm they have reached.

    `waiting` are bills whose period is over and whose last register has not come yet. `troubles`
    are homes whose devices need somebody, the most urgent first.
    """

    held: int
    waiting: int
    reasons: dict[str, int]
    states: dict[str, int]
    proposals: int
    refused: list[str]
    troubles: list[Trouble]
    certificates: dict[str, int]
    first_expiry: Month | None
    contracts: int


def find_worklist(session: Session, now: int) -> Worklist:
    """Ask for all that waits."""
    today = day_of(now)
    unsettled = ("open", "held", "closed")
    states = dict(
        session.execute(
            select(InvoiceSum.state, func.sum(InvoiceSum.bills))
            .where(InvoiceSum.state.in_(unsettled))
            .group_by(InvoiceSum.state)
        ).all()
    )
    ends = find_ending(session, today)
    return Worklist(
        held=int(states.get("held", 0)),
        waiting=_count_waiting(session),
        reasons=count_holds(session, InvoiceFilter()),
        states={state: int(states.get(state, 0)) for state in unsettled},
        proposals=count_waiting(session, now).proposals,
        refused=_refused(session),
        troubles=find_troubles(session, now),
        certificates=dict(Counter(alarm_of(until, today) for until in ends)),
        first_expiry=month_of(ends[0]) if ends else None,
        contracts=count_customers(session, CustomerFilter(today, only="ending")),
    )


def _count_waiting(session: Session) -> int:
    query = (
        select(func.count(Hold.invoice_id))
        .join(Invoice, Invoice.id == Hold.invoice_id)
        .where(Invoice.state == "open", Hold.reason == Reason.WAITING.value)
    )
    return session.scalar(query) or 0


def _refused(session: Session) -> list[str]:
    """Return whose mails were refused."""
    query = (
        select(Invoice.name)
        .join(Outbox, Outbox.invoice_id == Invoice.id)
        .where(Outbox.state == "refused", Invoice.state == "issued")
        .order_by(Outbox.tried_at.desc())
    )
    return list(session.scalars(query))


def find_month_sums(session: Session, first: Month, last: Month) -> dict[Month, Totals]:
    """Return the sums of each month that has a bill, those of the system before ours among them.

    Void bills are left out, and past ones of whoever has a bill of ours of that month.
    """
    own = aliased(Invoice)
    replaced = select(own.id).where(
        own.customer_id == PastBill.customer_id, own.month == PastBill.month, own.state != "void"
    )
    found: dict[Month, Totals] = {}
    live = InvoiceSum.state != "void"
    for table, bills, condition in (
        (InvoiceSum, func.sum(InvoiceSum.bills), live),
        (PastBill, func.count(), ~replaced.exists()),
    ):
        sums = [func.coalesce(func.sum(getattr(table, name)), 0) for name in FIGURES]
        query = (
            select(table.month, bills, *sums)
            .where(condition, table.month.between(first.first(), last.first()))
            .group_by(table.month)
        )
        for starts, count, *figures in session.execute(query):
            month = month_of(starts)
            added = Totals(int(count), **dict(zip(FIGURES, map(int, figures), strict=True)))
            found[month] = _sum(found[month], added) if month in found else added
    return found


def _sum(one: Totals, other: Totals) -> Totals:
    names = ("count", *FIGURES)
    return Totals(**{name: getattr(one, name) + getattr(other, name) for name in names})


def newest_month(session: Session) -> Month | None:
    """Return the newest month that has a bill of ours, else one of the system before."""
    for query in (
        select(func.max(InvoiceSum.month)).where(InvoiceSum.bills > 0),
        select(func.max(PastBill.month)),
    ):
        newest: date | None = session.scalar(query)
        if newest is not None:
            return month_of(newest)
    return None
