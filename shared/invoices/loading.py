"""What a chunk of bills is computed from, in a handful of queries whatever the chunk's size."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from shared.customers.terms import find_own_terms, find_terms
from shared.db import in_chunks, rows_of
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


_HOMES: Final = (
    select(
        customers.Customer.id, customers.Customer.customer_no, customers.Customer.name,
        customers.Customer.email, customers.Customer.archived_at, customers.Occupancy.site_id,
        customers.Occupancy.from_day, customers.Occupancy.to_day,
    )
    .join(customers.Occupancy, customers.Occupancy.customer_id == customers.Customer.id)
    .where(customers.Customer.id.in_(bindparam("customer_ids", expanding=True)))
    .order_by(customers.Occupancy.id)
)  # fmt: skip


def find_homes(
    session: Session, customer_ids: Collection[int], period: Period | None = None
) -> list[Home]:
    """Return customers with all their terms and their newest site, or that of a period."""
    rows = rows_of(session, _HOMES, {"customer_ids": customer_ids})
    ids = list(customer_ids)
    terms = (
        find_terms(session, ids) if len(ids) > 1 else {i: find_own_terms(session, i) for i in ids}
    )
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


_LIVE: Final = select(*(getattr(invoices.Invoice, name) for name in Live._fields)).where(
    invoices.Invoice.customer_id.in_(bindparam("customer_ids", expanding=True)),
    or_(
        invoices.Invoice.month.in_(bindparam("months", expanding=True)),
        (invoices.Invoice.month >= bindparam("since"))
        & (invoices.Invoice.month < bindparam("month")),
    ),
)
_EARLIER: Final = _LIVE.where(invoices.Invoice.state != VOID)
_EARLIER_THEN: Final = _LIVE.where(
    invoices.Invoice.issued_at <= bindparam("known_at"),
    or_(invoices.Invoice.voided_at.is_(None), invoices.Invoice.voided_at > bindparam("known_at")),
)


def find_earlier(
    session: Session, homes: Sequence[Home], month: Month, known_at: int | None = None
) -> dict[int, Earlier]:
    """Return by customer what their other live bills say about this month's.

    With `known_at` those count that were issued and not void then.
    """
    since, last_year = month, Month(month.year - 1, month.month)
    for _ in range(USUAL_MONTHS):
        since = since.previous()
    months = [month.first(), month.next().first(), last_year.first()]
    asked = {
        "customer_ids": [home.customer_id for home in homes],
        "months": months,
        "since": since.first(),
        "month": month.first(),
        "known_at": known_at,
    }
    found = rows_of(session, _EARLIER if known_at is None else _EARLIER_THEN, asked)
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


_UNDECIDED: Final = (
    select(invoices.Invoice.customer_id, invoices.Invoice.invoice_no)
    .join(invoices.Proposal, invoices.Proposal.invoice_id == invoices.Invoice.id)
    .where(
        invoices.Proposal.state == "open",
        invoices.Invoice.state == ISSUED,
        invoices.Invoice.month < bindparam("month"),
    )
    .order_by(invoices.Invoice.month.desc())
)
_UNDECIDED_OF: Final = _UNDECIDED.where(
    invoices.Invoice.customer_id.in_(bindparam("customer_ids", expanding=True))
)


def find_undecided(
    session: Session, customer_ids: Collection[int] | None, month: Month
) -> dict[int, str]:
    """Return by customer the earliest bill before a month with an open proposal (decision 16)."""
    asked = {"month": month.first(), "customer_ids": customer_ids}
    rows = rows_of(session, _UNDECIDED if customer_ids is None else _UNDECIDED_OF, asked)
    return {row.customer_id: row.invoice_no for row in rows}


_ESTIMATED: Final = select(
    invoices.InvoiceRegister.invoice_id, invoices.InvoiceRegister.quantity
).where(
    invoices.InvoiceRegister.invoice_id.in_(bindparam("invoice_ids", expanding=True)),
    invoices.InvoiceRegister.closing_how == How.ESTIMATED.value,
)


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
    found: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for chunk in in_chunks(owners, IN_MOST):
        for invoice_id, name in rows_of(session, _ESTIMATED, {"invoice_ids": chunk}):
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


_REGISTERS: Final = (
    select(
        *(
            getattr(invoices.InvoiceRegister, name)
            for name in (
                "invoice_id", "quantity", "meter_at", "opening_wh", "opening_at", "opening_how",
                "closing_wh", "closing_at", "closing_how",
            )
        )
    )
    .where(invoices.InvoiceRegister.invoice_id.in_(bindparam("invoice_ids", expanding=True)))
    .order_by(
        invoices.InvoiceRegister.invoice_id, invoices.InvoiceRegister.quantity,
        invoices.InvoiceRegister.seq,
    )
)  # fmt: skip


def find_pins(
    session: Session, issued: Collection[Live]
) -> dict[int, dict[Quantity, dict[date, Boundary]]]:
    """Return by customer the boundaries that issued bills pin (decision 16)."""
    by_id = {row.id: row for row in issued}
    rows = rows_of(session, _REGISTERS, {"invoice_ids": list(by_id)})
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
