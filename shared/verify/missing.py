"""Bills that a run of their month should have made and that nobody finds (I1)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.invoices.drafting import Moment, draft
from shared.invoices.loading import find_earlier, find_homes
from shared.invoices.recomputing import facts_by_period
from shared.invoices.runs import Kind, RunState
from shared.models import customers, invoices
from shared.months import Month, day_of, month_of
from shared.settings import find_settings
from shared.verify.findings import Finding
from shared.verify.histories import Bill


class Applied(NamedTuple):
    """The newest run of a month that went to its end: as of when, and when it began."""

    month: Month
    as_of: int
    began: int


def find_applied(session: Session) -> list[Applied]:
    """Return for each month the newest applied run that went to its end."""
    run = invoices.BillRun
    newest = (
        select(func.max(run.id))
        .where(run.kind == Kind.RUN.value, run.state == RunState.DONE.value)
        .group_by(run.month)
    )
    rows = session.execute(
        select(run.month, run.as_of, func.coalesce(run.started_at, run.requested_at).label("began"))
        .where(run.id.in_(newest))
        .order_by(run.month)
    )
    return [Applied(month_of(row.month), row.as_of, row.began) for row in rows]


def check_missing(
    session: Session,
    histories: Mapping[int, tuple[str, Sequence[Bill]]],
    applied: Sequence[Applied],
) -> Iterator[Finding]:
    """I1: whoever a run of a month had something to bill to has a bill of it.

    Who was registered, given other terms, or whose bill was made void since is for the next run.
    """
    have = {
        customer_id: {bill.month for bill in bills if bill.is_live or bill.voided_at}
        for customer_id, (_, bills) in histories.items()
    }
    since = _changed_at(session, list(histories))
    for run in applied:
        first = run.month.first().isoformat()
        wanting = [
            customer_id
            for customer_id, months in have.items()
            if first not in months and since[customer_id] <= run.began
        ]
        if wanting:
            yield from _billable(session, wanting, run)


def _changed_at(session: Session, customer_ids: Sequence[int]) -> dict[int, int]:
    """Return when something that decides whether there is a bill was last recorded of customers."""
    customer, term = customers.Customer, customers.Term
    rows = session.execute(
        select(
            customer.id, customer.registered_at, func.max(term.recorded_at),
            func.max(term.withdrawn_at),
        )
        .outerjoin(term, term.customer_id == customer.id)
        .where(customer.id.in_(customer_ids))
        .group_by(customer.id, customer.registered_at)
    )  # fmt: skip
    return {
        customer_id: max(registered, recorded or 0, withdrawn or 0)
        for customer_id, registered, recorded, withdrawn in rows
    }


def _billable(session: Session, customer_ids: Sequence[int], run: Applied) -> Iterator[Finding]:
    settings = find_settings(session, on=day_of(run.as_of))
    moment = Moment(run.month, run.as_of, settings)
    period = run.month.period(settings.closing_day)
    homes = [home for home in find_homes(session, customer_ids, period) if not home.archived]
    earlier = find_earlier(session, homes, run.month)
    facts = facts_by_period(session, homes, earlier, moment)
    for home in homes:
        if draft(home, facts[home.site_id], earlier[home.customer_id], moment) is not None:
            yield Finding("I1", home.customer_no, f"no bill of {run.month}, which was run")
