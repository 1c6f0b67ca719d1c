"""What a chunk of bills is computed from, in a handful of queries whatever the chunk's size."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from shared.customers.terms import find_terms
from shared.db import in_chunks
from shared.energy.boundaries import Boundary, How
from shared.energy.quantities import Quantity
from shared.invoices.drafting import ISSUED, OPEN, VOID, Before, Earlier, Home
from shared.models import customers, invoices
from shared.months import Month, Period, month_of

USUAL_MONTHS = 6
IN_MOST = 500


class Live(NamedTuple):
    """A stored bill that is not void, as its neighbours need it."""

    id: int
    customer_id: int
    month: date
    state: str
    total_yen: int | None
    period_start: date
    period_end: date
    computed_at: int

    @classmethod
    def of(cls, row: invoices.Invoice) -> "Live":
        """Return a stored bill as its neighbours need it."""
        return cls(
            row.id, row.customer_id, row.month, row.state, row.total_yen, row.period_start,
            row.period_end, row.computed_at,
        )  # fmt: skip


def find_customer_ids(session: Session, period: Period) -> list[tuple[int, str]]:
    """Return the (id, number) of who lives somewhere on some day of a period, by number."""
    occupancy, customer = customers.Occupancy, customers.Customer
    rows = session.execute(
        select(customer.id, customer.customer_no)
        .join(occupancy, occupancy.customer_id == customer.id)
        .where(
            or_(occupancy.from_day.is_(None), occupancy.from_day < period.end),
            or_(occupancy.to_day.is_(None), occupancy.to_day >= period.start),
        )
        .distinct()
    )
    return sorted(((row.id, row.customer_no) for row in rows), key=itemgetter(1))


def find_homes(
    session: Session, customer_ids: Collection[int], period: Period | None = None
) -> list[Home]:
    """Return customers with all their terms and their newest site, or that of a period."""
    customer, occupancy = customers.Customer, customers.Occupancy
    rows = session.execute(
        select(
            customer.id, customer.customer_no, customer.name, customer.email,
            customer.archived_at, occupancy.site_id, occupancy.from_day, occupancy.to_day,
        )
        .join(occupancy, occupancy.customer_id == customer.id)
        .where(customer.id.in_(customer_ids))
        .order_by(occupancy.id)
    )  # fmt: skip
    terms = find_terms(session, customer_ids)
    newest = {row.id: row for row in rows if period is None or _lives(row, period)}
    return [
        Home(
            customer_id=row.id,
            customer_no=row.customer_no,
            name=row.name,
            email=row.email,
            site_id=row.site_id,
            first_day=row.from_day,
            last_day=row.to_day,
            archived=row.archived_at is not None,
            terms=terms.get(row.id, ()),
        )
        for row in sorted(newest.values(), key=lambda row: row.customer_no)
    ]


def _lives(row: Any, period: Period) -> bool:  # noqa: ANN401 - a row of a few columns
    """Say whether an occupancy has a day in a period."""
    return (row.from_day is None or row.from_day < period.end) and (
        row.to_day is None or row.to_day >= period.start
    )


def find_earlier(
    session: Session, homes: Sequence[Home], month: Month, known_at: int | None = None
) -> dict[int, Earlier]:
    """Return by customer what their other live bills say about this month's.

    With `known_at` those count that were issued and not void then.
    """
    invoice = invoices.Invoice
    since, last_year = month, Month(month.year - 1, month.month)
    for _ in range(USUAL_MONTHS):
        since = since.previous()
    months = [month.first(), month.next().first(), last_year.first()]
    found = session.execute(
        select(
            invoice.id, invoice.customer_id, invoice.month, invoice.state, invoice.total_yen,
            invoice.period_start, invoice.period_end, invoice.computed_at,
        ).where(
            invoice.customer_id.in_([home.customer_id for home in homes]),
            _was_live(known_at),
            or_(
                invoice.month.in_(months),
                (invoice.month >= since.first()) & (invoice.month < month.first()),
            ),
        )
    )  # fmt: skip
    rows = [Live(*row) for row in found]
    if known_at is not None:
        rows = [row._replace(state=ISSUED) for row in rows]
    by_customer: dict[int, dict[date, Live]] = defaultdict(dict)
    for row in rows:
        by_customer[row.customer_id][row.month] = row
    neighbours = [
        row
        for row in rows
        if row.state == ISSUED and month_of(row.month) in (month.previous(), month.next())
    ]
    pins = find_pins(session, neighbours)
    undecided = find_undecided(session, [home.customer_id for home in homes], month)
    estimates = _find_estimates_before(session, by_customer, month)
    return {
        home.customer_id: replace(
            _earlier(by_customer[home.customer_id], month, pins.get(home.customer_id, {})),
            undecided=undecided.get(home.customer_id, ""),
            estimates_before=estimates.get(home.customer_id, {}),
        )
        for home in homes
    }


def _was_live(known_at: int | None) -> ColumnElement[bool]:
    invoice = invoices.Invoice
    if known_at is None:
        return invoice.state != VOID
    return and_(
        invoice.issued_at <= known_at,
        or_(invoice.voided_at.is_(None), invoice.voided_at > known_at),
    )


def find_undecided(
    session: Session, customer_ids: Collection[int] | None, month: Month
) -> dict[int, str]:
    """Return by customer the earliest bill before a month with an open proposal (decision 16)."""
    invoice, proposal = invoices.Invoice, invoices.Proposal
    wanted = (
        select(invoice.customer_id, invoice.invoice_no)
        .join(proposal, proposal.invoice_id == invoice.id)
        .where(proposal.state == "open", invoice.state == ISSUED, invoice.month < month.first())
        .order_by(invoice.month.desc())
    )
    if customer_ids is not None:
        wanted = wanted.where(invoice.customer_id.in_(customer_ids))
    return {row.customer_id: row.invoice_no for row in session.execute(wanted)}


def _find_estimates_before(
    session: Session, by_customer: Mapping[int, Mapping[date, Live]], month: Month
) -> dict[int, dict[str, int]]:
    """Return by customer and channel how many bills in a row before a month closed estimated."""
    before = [month.previous(), month.previous().previous()]
    owners = {
        rows[m.first()].id: (customer_id, n)
        for customer_id, rows in by_customer.items()
        for n, m in enumerate(before)
        if m.first() in rows
    }
    register = invoices.InvoiceRegister
    found: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for chunk in in_chunks(owners, IN_MOST):
        for invoice_id, name in session.execute(
            select(register.invoice_id, register.quantity).where(
                register.invoice_id.in_(chunk), register.closing_how == How.ESTIMATED.value
            )
        ):
            customer_id, n = owners[invoice_id]
            found[customer_id][name].add(n)
    return {
        customer_id: {
            name: 2 if steps >= {0, 1} else 1 if 0 in steps else 0 for name, steps in names.items()
        }
        for customer_id, names in found.items()
    }


def _earlier(
    rows: Mapping[date, Live], month: Month, pins: Mapping[Quantity, Mapping[date, Boundary]]
) -> Earlier:
    own = rows.get(month.first())
    previous = rows.get(month.previous().first())
    last_year = rows.get(Month(month.year - 1, month.month).first())
    before = sorted((day for day in rows if day < month.first()), reverse=True)
    done = [rows[day] for day in before[:USUAL_MONTHS] if rows[day].state != OPEN]
    return Earlier(
        pins=pins,
        previous=Before(
            previous.state, previous.period_end, previous.computed_at, previous.total_yen
        )
        if previous
        else None,
        own_period=Period(own.period_start, own.period_end) if own else None,
        totals=[row.total_yen for row in done if row.total_yen is not None],
        last_year_total=last_year.total_yen if last_year and last_year.state != OPEN else None,
    )


def find_pins(
    session: Session, issued: Collection[Live]
) -> dict[int, dict[Quantity, dict[date, Boundary]]]:
    """Return by customer the boundaries that issued bills pin (decision 16)."""
    register = invoices.InvoiceRegister
    by_id = {row.id: row for row in issued}
    rows = session.execute(
        select(
            register.invoice_id, register.quantity, register.meter_at, register.opening_wh,
            register.opening_at, register.opening_how, register.closing_wh, register.closing_at,
            register.closing_how,
        )
        .where(register.invoice_id.in_(by_id))
        .order_by(register.invoice_id, register.quantity, register.seq)
    )  # fmt: skip
    edges: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for row in rows:
        edges[row.invoice_id, row.quantity].append(row)
    found: dict[int, dict[Quantity, dict[date, Boundary]]] = defaultdict(lambda: defaultdict(dict))
    for (invoice_id, quantity), registers in edges.items():
        owner = by_id[invoice_id]
        pins = found[owner.customer_id][Quantity(quantity)]
        first, last = registers[0], registers[-1]
        if first.opening_wh is not None and first.opening_how != How.FIRST:
            pins[owner.period_start] = _pin(
                owner.period_start, first.meter_at,
                (first.opening_wh, first.opening_at, first.opening_how),
            )  # fmt: skip
        if last.closing_wh is not None:
            pins[owner.period_end] = _pin(
                owner.period_end, last.meter_at,
                (last.closing_wh, last.closing_at, last.closing_how),
            )  # fmt: skip
    return found


def _pin(day: date, meter_at: int, read: tuple[int, int | None, str]) -> Boundary:
    wh, at, how = read
    return Boundary(day, wh, 0, meter_at, How(how), at or 0, at or 0)
