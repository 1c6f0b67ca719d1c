"""What was done since last evening without a person: facts for the first page, in order of time.

Polls, runs, mails and fetched days leave rows of their own; what leaves none is not told here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from shared.fleet.requests import BY_ITSELF, Kind
from shared.invoices.runs import RunState, RunView, find_runs
from shared.models.fleet import GatewayRequest
from shared.models.gateways import Poll
from shared.models.mail import MailEvent
from shared.months import Month, day_of, instant

EVENING_S: Final = 6 * 3600
"""How long before midnight in Japan the night begins."""
MORNING_S: Final = 9 * 3600
"""How long after midnight it ends at the latest."""
AGAIN_S: Final = 9000
"""02:30 in Japan, when registers are asked for a second time (decision 6)."""
POLLS_S: Final = 4 * 3600
"""04:00 in Japan, when the polls of the day begin."""
RUNS: Final = 20


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done: when it was over, what, how many, of how many, and of which month.

    `kind` is `polled` or `polled_again` (devices), `dry`, `run` or `issue` (bills), `stopped` (a
    run), `mailed`, or `fetched` (past days, of `total` devices). `states` counts a run's bills.
    """

    at: int
    kind: str
    count: int
    total: int = 0
    month: Month | None = None
    states: dict[str, int] = field(default_factory=dict)


def find_night(session: Session, now: int) -> list[Done]:
    """Return what was done in the night that ends, or has ended, this morning."""
    midnight = instant(day_of(now))
    since, until = midnight - EVENING_S, min(now, midnight + MORNING_S)
    found = [
        *_find_polls(session, midnight, until),
        *(_told(run) for run in find_runs(session, RUNS) if _is_of(run, since, until)),
        *_find_mails(session, since, until),
        *_find_fetched(session, since, until),
    ]
    return sorted(found, key=lambda one: one.at)


def _find_polls(session: Session, midnight: int, until: int) -> Iterator[Done]:
    """Count the devices that were asked for the register of midnight, and those that told it."""
    again = Poll.slot >= midnight + AGAIN_S
    good = func.count(case((Poll.outcome == "ok", Poll.gateway_id)).distinct())
    rows = session.execute(
        select(again, func.min(Poll.slot), good, func.count(Poll.gateway_id.distinct()))
        .where(Poll.slot >= midnight, Poll.slot < min(until, midnight + POLLS_S))
        .group_by(again)
    )
    for is_again, at, read, asked in rows:
        yield Done(at, "polled_again" if is_again else "polled", read, asked)


def _is_of(run: RunView, since: int, until: int) -> bool:
    return run.finished_at is not None and since <= run.finished_at <= until


def _told(run: RunView) -> Done:
    kind = "stopped" if run.state is RunState.STOPPED else run.kind.value
    states = dict(run.report.get("counts", {}))
    return Done(run.finished_at or 0, kind, run.done, run.total, run.month, states)


def _find_mails(session: Session, since: int, until: int) -> Iterator[Done]:
    """Count the mails that the server took, and those that it refused."""
    rows = session.execute(
        select(MailEvent.kind, func.max(MailEvent.at), func.count(MailEvent.outbox_id.distinct()))
        .where(MailEvent.at.between(since, until), MailEvent.kind.in_(("accepted", "refused")))
        .group_by(MailEvent.kind)
    )
    found = {kind: (at, count) for kind, at, count in rows}
    if found:
        counts = {kind: count for kind, (_at, count) in found.items()}
        last = max(at for at, _count in found.values())
        yield Done(last, "mailed", counts.get("accepted", 0), states=counts)


def _find_fetched(session: Session, since: int, until: int) -> Iterator[Done]:
    """Count the past days that devices were asked for by the program itself."""
    asked = GatewayRequest
    at, days, devices = session.execute(
        select(
            func.max(asked.ended_at), func.sum(asked.done), func.count(asked.gateway_id.distinct())
        ).where(
            asked.ended_at.between(since, until),
            asked.kind == Kind.BACKFILL.value,
            asked.asked_by == BY_ITSELF,
        )
    ).one()
    if at is not None:
        yield Done(at, "fetched", int(days), devices)
