"""What a chunk of bills is computed from, in a handful of queries whatever the chunk's size."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from shared.customers.terms import find_terms
from shared.energy.boundaries import Boundary, How
from shared.energy.quantities import Quantity
from shared.invoices.drafting import ISSUED, OPEN, VOID, Earlier, Home
from shared.models import customers, invoices
from shared.months import Month, Period, month_of

USUAL_MONTHS = 6


class Live(NamedTuple):
    """A stored bill that is not void, as its neighbours need it."""

    id: int
    customer_id: int
    month: date
    state: str
    total_yen: int | None
    period_start: date
    period_end: date


def find_customer_ids(session: Session, period: Period) -> list[int]:
    """Return the customers who live somewhere on some day of a period, by number."""
    occupancy, customer = customers.Occupancy, customers.Customer
    return list(
        session.scalars(
            select(customer.id)
            .join(occupancy, occupancy.customer_id == customer.id)
            .where(
                or_(occupancy.from_day.is_(None), occupancy.from_day < period.end),
                or_(occupancy.to_day.is_(None), occupancy.to_day >= period.start),
            )
            .group_by(customer.id, customer.customer_no)
            .order_by(customer.customer_no)
        )
    )


def find_homes(session: Session, customer_ids: Collection[int]) -> list[Home]:
    """Return customers with their newest site and all their terms."""
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
    newest = {row.id: row for row in rows}
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


def find_earlier(session: Session, homes: Sequence[Home], month: Month) -> dict[int, Earlier]:
    """Return by customer what their other live bills say about this month's."""
    invoice = invoices.Invoice
    since, last_year = month, Month(month.year - 1, month.month)
    for _ in range(USUAL_MONTHS):
        since = since.previous()
    months = [month.first(), month.next().first(), last_year.first()]
    found = session.execute(
        select(
            invoice.id, invoice.customer_id, invoice.month, invoice.state, invoice.total_yen,
            invoice.period_start, invoice.period_end,
        ).where(
            invoice.customer_id.in_([home.customer_id for home in homes]),
            invoice.state != VOID,
            or_(
                invoice.month.in_(months),
                (invoice.month >= since.first()) & (invoice.month < month.first()),
            ),
        )
    )  # fmt: skip
    rows = [Live(*row) for row in found]
    by_customer: dict[int, dict[date, Live]] = defaultdict(dict)
    for row in rows:
        by_customer[row.customer_id][row.month] = row
    neighbours = [
        row
        for row in rows
        if row.state == ISSUED and month_of(row.month) in (month.previous(), month.next())
    ]
    pins = find_pins(session, neighbours)
    return {
        home.customer_id: _earlier(
            by_customer[home.customer_id], month, pins.get(home.customer_id, {})
        )
        for home in homes
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
        previous_end=previous.period_end if previous else None,
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
    rows = session.scalars(
        select(register)
        .where(register.invoice_id.in_(by_id))
        .order_by(register.invoice_id, register.quantity, register.seq)
    ).all()
    edges: dict[tuple[int, str], list[invoices.InvoiceRegister]] = defaultdict(list)
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
