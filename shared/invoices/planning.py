"""Which months the scheduler runs by itself (decisions 11 and 12)."""

from typing import Final

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.orm import Session

from shared.invoices.drafting import HELD, OPEN
from shared.invoices.locking import lock_runs
from shared.invoices.runs import Asked, Kind, request_run
from shared.models import invoices
from shared.months import DAY_S, Month, day_of, instant
from shared.settings import find_settings

MORNING_S: Final = 4 * 3600
"""04:00 JST: the night's registers are in by then (decision 6)."""
KEPT_S: Final = 60 * DAY_S
"""How long a dry run may be looked at."""


def find_months_due(session: Session, now: int) -> list[Month]:
    """Return the months to be run by themselves, in order; none before `first_month` is set.

    A month is run on the morning after it closed, and every morning again while one of its bills
    waits or is held, so that what has arrived since is found.
    """
    settings = find_settings(session, on=day_of(now))
    if settings.first_month is None:
        return []
    morning = instant(day_of(now - MORNING_S)) + MORNING_S
    run, invoice = invoices.BillRun, invoices.Invoice
    newest = dict(
        session.execute(
            select(run.month, func.max(run.as_of))
            .where(run.kind == Kind.RUN.value)
            .group_by(run.month)
        ).all()
    )
    undecided = set(
        session.scalars(select(invoice.month).where(invoice.state.in_((OPEN, HELD))).distinct())
    )
    found, month = [], settings.first_month
    while (closes := instant(month.period(settings.closing_day).end) + MORNING_S) <= now:
        last = newest.get(month.first(), 0)
        if last < closes or (month.first() in undecided and last < morning):
            found.append(month)
        month = month.next()
    return found


def request_months(session: Session, now: int, actor: str) -> list[int]:
    """Put a run of every such month on record; of several schedulers one does."""
    lock_runs(session)
    return [
        request_run(session, Asked(Kind.RUN, month, now, actor, now))
        for month in find_months_due(session, now)
    ]


def forget_dry_runs(session: Session, now: int) -> int:
    """Drop dry runs and what they found where they are old; return how many."""
    run, item = invoices.BillRun, invoices.BillItem
    old = select(run.id).where(run.kind == Kind.DRY.value, run.requested_at < now - KEPT_S)
    session.execute(delete(item).where(item.run_id.in_(old)))
    done = session.execute(delete(run).where(run.id.in_(old)))
    return done.rowcount if isinstance(done, CursorResult) else 0
