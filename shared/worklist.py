"""What waits for a person this morning, and what the months came to: facts for the first page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from shared.billing.checks import Reason
from shared.customers.searching import CustomerFilter, count_customers
from shared.invoices.inbox import count_holds
from shared.invoices.proposing import OPEN
from shared.invoices.rows import FIGURES, InvoiceFilter, Totals
from shared.models.customers import Customer, Occupancy
from shared.models.gateways import Gateway
from shared.models.invoices import Hold, Invoice, InvoiceSum, PastBill, Proposal
from shared.models.mail import Outbox
from shared.models.telemetry import Channel, MeterEvent
from shared.months import DAY_S, Month, day_of, month_of

ALARMS = (0, 1, 3, 6, 12)
"""Months before a certificate's last one at which somebody is told; 0 is after it (N11)."""
BILLED = ("pv", "export")


@dataclass(frozen=True, slots=True)
class Silent:
    """Homes with a gateway that was not read for a day; the longest silent one by name."""

    count: int
    name: str = ""
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Worklist:
    """What waits for a person; `certificates` counts meters by the alarm they have reached.

    `waiting` are bills whose period is over and whose last register has not come yet.
    """

    held: int
    waiting: int
    reasons: dict[str, int]
    states: dict[str, int]
    proposals: int
    refused: list[str]
    silent: Silent
    certificates: dict[int, int]
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
    certificates = _certificates(session, Month(today.year, today.month))
    return Worklist(
        held=int(states.get("held", 0)),
        waiting=_count_waiting(session),
        reasons=count_holds(session, InvoiceFilter()),
        states={state: int(states.get(state, 0)) for state in unsettled},
        proposals=_count_proposals(session),
        refused=_refused(session),
        silent=_silent(session, now),
        certificates=_by_alarm(certificates, Month(today.year, today.month)),
        first_expiry=min(certificates, default=None),
        contracts=count_customers(session, CustomerFilter(today, only="ending")),
    )


def _count_waiting(session: Session) -> int:
    query = (
        select(func.count(Hold.invoice_id))
        .join(Invoice, Invoice.id == Hold.invoice_id)
        .where(Invoice.state == "open", Hold.reason == Reason.WAITING.value)
    )
    return session.scalar(query) or 0


def _count_proposals(session: Session) -> int:
    query = (
        select(func.count(Proposal.id))
        .join(Invoice, Invoice.id == Proposal.invoice_id)
        .where(Proposal.state == OPEN, Invoice.state == "issued")
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


def _silent(session: Session, now: int) -> Silent:
    """Return the homes lived in whose gateway has not been read for a day."""
    today = day_of(now)
    rows = session.execute(
        select(Gateway.site_id, Customer.name, Gateway.last_ok_at)
        .join(Occupancy, Occupancy.site_id == Gateway.site_id)
        .join(Customer, Customer.id == Occupancy.customer_id)
        .where(
            or_(Gateway.last_ok_at.is_(None), Gateway.last_ok_at < now - DAY_S),
            or_(Occupancy.to_day.is_(None), Occupancy.to_day >= today),
            Customer.archived_at.is_(None),
        )
        .order_by(Gateway.last_ok_at.asc().nulls_first(), Gateway.id)
    ).all()
    if not rows:
        return Silent(0)
    return Silent(len({row.site_id for row in rows}), rows[0].name, rows[0].last_ok_at)


def _certificates(session: Session, month: Month) -> list[Month]:
    """Return the last months of the certificates in use that end within a year, or have ended."""
    later, horizon = aliased(MeterEvent), month
    for _ in range(max(ALARMS)):
        horizon = horizon.next()
    replaced = select(later.id).where(
        later.channel_id == MeterEvent.channel_id,
        or_(
            later.at > MeterEvent.at,
            (later.at == MeterEvent.at) & (later.id > MeterEvent.id),
        ),
    )
    query = (
        select(MeterEvent.certified_until)
        .join(Channel, Channel.id == MeterEvent.channel_id)
        .where(
            Channel.quantity.in_(BILLED),
            MeterEvent.certified_until < horizon.first(),
            ~replaced.exists(),
        )
    )
    return [month_of(until) for until in session.scalars(query) if until is not None]


def _by_alarm(certificates: Iterable[Month], month: Month) -> dict[int, int]:
    """Count certificates by the nearest alarm that they have reached."""
    found = dict.fromkeys(ALARMS, 0)
    for last in certificates:
        left = (last.year - month.year) * 12 + last.month - month.month + 1
        found[next(alarm for alarm in ALARMS if left <= alarm)] += 1
    return {alarm: count for alarm, count in found.items() if count}


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
