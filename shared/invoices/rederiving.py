"""Bills that follow a change of terms at once: open ones anew, issued ones by a proposal."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.db import in_chunks
from shared.invoices.chaining import Act
from shared.invoices.drafting import ISSUED, VOID, Moment
from shared.invoices.locking import lock_bills
from shared.invoices.proposing import OPEN as PROPOSED
from shared.invoices.proposing import reexamine
from shared.invoices.recomputing import Failed
from shared.invoices.running import CHUNK, Run, run_some
from shared.models import customers, invoices, telemetry
from shared.months import Month, day_of, month_of
from shared.settings import find_settings
from shared.telemetry.deriving import refresh


@dataclass(frozen=True, slots=True)
class Standing:
    """How a bill stands: its state, or `proposed` where an issued one would come out otherwise."""

    state: str
    total_yen: int | None


@dataclass(frozen=True, slots=True)
class Effect:
    """One bill that a change makes come out otherwise."""

    invoice_no: str
    customer_no: str
    month: Month
    before: Standing
    after: Standing

    def document(self) -> dict[str, object]:
        """Return the effect as JSON tells it; totals in yen."""
        return {
            "invoice_no": self.invoice_no,
            "customer_no": self.customer_no,
            "month": str(self.month),
            "state": {"before": self.before.state, "after": self.after.state},
            "total_yen": {"before": self.before.total_yen, "after": self.after.total_yen},
        }


Standings = dict[tuple[int, date], tuple[str, str, Standing]]
"""By customer and month: the live bill's number, the customer's, and how it stands."""


def rederive(
    session: Session, customer_ids: Collection[int], since: date, act: Act
) -> list[Effect]:
    """Compute anew every bill that goes beyond a day, oldest month first (domain.md A8).

    What is open, held or closed is written again by the run's own code; an issued bill stays as
    it is and gets a proposal. Returns the bills that come out otherwise.
    """
    lock_bills(session)
    effects = []
    for chunk in in_chunks(customer_ids, CHUNK):
        effects += _rederive_chunk(session, chunk, since, act)
    return effects


def find_late(session: Session) -> dict[int, date]:
    """Return the customers of issued bills that new readings or meters reach into, and since when.

    It is what no run has looked at: sites whose derived rows are stale, from a day that such a
    bill covers or ends before.
    """
    stale, occupancy, invoice = telemetry.StaleSite, customers.Occupancy, invoices.Invoice
    rows = session.execute(
        select(
            occupancy.customer_id, stale.since_at, func.max(invoice.period_end).label("until")
        )
        .join(occupancy, occupancy.site_id == stale.site_id)
        .join(invoice, invoice.customer_id == occupancy.customer_id)
        .where(invoice.state == ISSUED)
        .group_by(occupancy.customer_id, stale.since_at)
    )  # fmt: skip
    found: dict[int, date] = {}
    for row in rows:
        since = day_of(row.since_at)
        if row.until >= since:
            found[row.customer_id] = min(since, found.get(row.customer_id, since))
    return found


def look_again(
    session: Session, customer_ids: Collection[int], since: date, act: Act, failed: Failed
) -> list[Effect]:
    """Propose what makes issued bills come out otherwise that end on a day or after it.

    Bills that are not issued are left to the next run. `failed` is told of a home that cannot be
    computed. Returns the bills that come out otherwise.
    """
    lock_bills(session)
    _bring_up_to_date(session, customer_ids)
    ending = since - timedelta(days=1)
    before = _find_standings(session, customer_ids, ending)
    issued = [key for key, told in before.items() if told[2].state in {ISSUED, "proposed"}]
    for first in sorted({month for _, month in issued}):
        month = month_of(first)
        as_of = max(act.as_of, _newest_as_of(session, month))
        settings = find_settings(session, on=day_of(as_of))
        ids = [customer for customer, of in issued if of == first]
        reexamine(session, ids, Moment(month, as_of, settings), act, failed)
    session.flush()
    return _effects(before, _find_standings(session, customer_ids, ending))


def foresee(
    session: Session,
    customer_ids: Collection[int],
    since: date,
    act: Act,
    change: Callable[[], object],
) -> list[Effect]:
    """Return the bills that come out otherwise after a change, and leave everything as it was.

    The change and the bills are really written, inside a savepoint that is rolled back. The
    change may let its bills follow by itself.
    """
    point = session.begin_nested()
    try:
        before = _find_all(session, customer_ids, since)
        change()
        session.flush()
        rederive(session, customer_ids, since, act)
        return _effects(before, _find_all(session, customer_ids, since))
    finally:
        point.rollback()
        session.expire_all()


def _rederive_chunk(
    session: Session, customer_ids: Collection[int], since: date, act: Act
) -> list[Effect]:
    _bring_up_to_date(session, customer_ids)
    before = _find_standings(session, customer_ids, since)
    for first in sorted({month for _, month in before}):
        month = month_of(first)
        ids = [customer for customer, of in before if of == first]
        as_of = max(act.as_of, _newest_as_of(session, month))
        run_some(session, ids, Run(month, as_of, act.now, act.actor, apply=True))
    session.flush()
    return _effects(before, _find_standings(session, customer_ids, since))


def _bring_up_to_date(session: Session, customer_ids: Collection[int]) -> None:
    """Rebuild the derived rows of the sites where some customers live or lived."""
    occupancy = customers.Occupancy
    lived_in = select(occupancy.site_id).where(occupancy.customer_id.in_(customer_ids)).distinct()
    refresh(session, session.scalars(lived_in).all())


def _find_all(session: Session, customer_ids: Collection[int], since: date) -> Standings:
    found: Standings = {}
    for chunk in in_chunks(customer_ids, CHUNK):
        found |= _find_standings(session, chunk, since)
    return found


def _effects(before: Standings, after: Standings) -> list[Effect]:
    """Return the bills that stand otherwise, oldest month first."""
    return [
        Effect(number, customer_no, month_of(key[1]), stood, after[key][2])
        for key, (number, customer_no, stood) in sorted(before.items(), key=_by_month)
        if key in after and after[key][2] != stood
    ]


def _by_month(
    item: tuple[tuple[int, date], tuple[str, str, Standing]],
) -> tuple[date, str]:
    return item[0][1], item[1][0]


def _newest_as_of(session: Session, month: Month) -> int:
    """Return the time that the newest run of a month billed it as of; 0 without one."""
    run = invoices.BillRun
    newest = session.scalar(
        select(func.max(run.as_of)).where(run.month == month.first(), run.kind == "run")
    )
    return newest or 0


def _find_standings(session: Session, customer_ids: Collection[int], since: date) -> Standings:
    invoice, customer, proposal = invoices.Invoice, customers.Customer, invoices.Proposal
    rows = session.execute(
        select(
            invoice.customer_id, invoice.month, invoice.invoice_no, invoice.state,
            invoice.total_yen, customer.customer_no, proposal.new,
        )
        .join(customer, customer.id == invoice.customer_id)
        .outerjoin(
            proposal, (proposal.invoice_id == invoice.id) & (proposal.state == PROPOSED)
        )
        .where(
            invoice.customer_id.in_(customer_ids),
            invoice.state != VOID,
            invoice.period_end > since,
        )
        .order_by(invoice.month, invoice.invoice_no)
    )  # fmt: skip
    return {
        (row.customer_id, row.month): (row.invoice_no, row.customer_no, _standing(row))
        for row in rows
    }


def _standing(row: Any) -> Standing:  # noqa: ANN401 - a row of the query above
    if row.state == ISSUED and row.new is not None:
        return Standing("proposed", json.loads(row.new)["total_yen"])
    return Standing(row.state, row.total_yen)
