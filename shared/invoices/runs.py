"""Runs on record: asked for, claimed by whoever works on them, and how far they are.

The row says what is due: a run whose worker died is claimed anew when its lease runs out, and goes
on after the last bill that was done. Progress is committed with the bills it tells of.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Select, func, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from shared.db import copy_rows
from shared.errors import NotFound, Refused
from shared.invoices.locking import lock_runs
from shared.invoices.reporting import RunReport
from shared.models import invoices
from shared.months import Month, day_of, instant, month_of
from shared.settings import find_settings

LEASE_S: Final = 60
"""How long nothing may be heard of a run before another worker goes on with it."""
MOST_TRIES: Final = 5
ITEM_COLUMNS = ("run_id", "seq", "outcome", "invoice_no", "customer_no", "detail")


class Kind(StrEnum):
    """What a run does: compute without writing bills, compute and close or hold, or issue."""

    DRY = "dry"
    RUN = "run"
    ISSUE = "issue"


class RunState(StrEnum):
    """How a run stands; a stopped one says why in `error`."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


UNFINISHED = (RunState.WAITING.value, RunState.RUNNING.value)


@dataclass(frozen=True, slots=True)
class Asked:
    """A run as somebody asks for it: what of which month, as of when, who and when."""

    kind: Kind
    month: Month
    as_of: int
    actor: str
    now: int


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as a page shows it; `report` holds counts, totals and the largest changes."""

    id: int
    kind: Kind
    month: Month
    as_of: int
    actor: str
    state: RunState
    requested_at: int
    started_at: int | None
    finished_at: int | None
    total: int
    done: int
    report: Mapping[str, Any]
    error: str

    @property
    def is_finished(self) -> bool:
        """Say whether nothing more will happen to it."""
        return self.state.value not in UNFINISHED


@dataclass(frozen=True, slots=True)
class Item:
    """What a run found of one bill that a person has to look at.

    `detail`: the reasons of a `held` one, the sentence of a `failed` one, and for a `waiting` one
    the number of the bill that has to be issued first.
    """

    outcome: str
    invoice_no: str
    customer_no: str
    detail: Any


class ClaimLost(Exception):
    """Another worker goes on with the run; what this one did since is rolled back."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is ours to work on, and how far it was when we took it."""

    id: int
    owner: str
    kind: Kind
    month: Month
    as_of: int
    actor: str
    after: str
    done: int
    items: int
    report: str


def request_run(session: Session, asked: Asked) -> int:
    """Put a run on record for a worker to begin; returns its id, or that of one that waits already.

    Raises Refused before the month has begun.
    """
    require_begun(session, asked.month, asked.as_of)
    lock_runs(session)
    run = invoices.BillRun
    waiting = session.scalar(
        select(run.id).where(
            run.kind == asked.kind.value,
            run.month == asked.month.first(),
            run.state == RunState.WAITING.value,
        )
    )
    return _record(session, asked).id if waiting is None else waiting


def begin_run(session: Session, asked: Asked) -> Claim:
    """Put a run on record as one that the caller works on at once; raises Refused as above."""
    require_begun(session, asked.month, asked.as_of)
    claim = claim_run(session, _record(session, asked).id, asked.now)
    if claim is None:
        raise RuntimeError("a run nobody knows of yet was claimed by somebody else")
    return claim


def require_begun(session: Session, month: Month, as_of: int) -> None:
    """Raise Refused before a month has begun."""
    period = month.period(find_settings(session, on=day_of(as_of)).closing_day)
    if as_of < instant(period.start):
        raise Refused(
            f"{month} begins on {period.start}: there is nothing to bill yet", "not_begun"
        )


def _record(session: Session, asked: Asked) -> invoices.BillRun:
    row = invoices.BillRun(
        kind=asked.kind.value, month=asked.month.first(), as_of=asked.as_of, actor=asked.actor,
        requested_at=asked.now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def find_due_runs(session: Session, now: int) -> list[int]:
    """Return the runs that a worker may begin or go on with, in order.

    Months go in order: an applied run or an issue holds up what is asked of its month or a later
    one after it.
    """
    run, ahead = invoices.BillRun, aliased(invoices.BillRun)
    held_up = (
        select(ahead.id)
        .where(
            ahead.state.in_(UNFINISHED),
            ahead.kind != Kind.DRY.value,
            tuple_(ahead.month, ahead.id) < tuple_(run.month, run.id),
        )
        .exists()
    )
    return list(
        session.scalars(
            select(run.id)
            .where(run.state.in_(UNFINISHED), run.lease_until <= now, ~held_up)
            .order_by(run.month, run.id)
        )
    )


def claim_run(session: Session, run_id: int, now: int) -> Claim | None:
    """Take a run that nobody works on, by a conditional update; commit before working on it."""
    run, owner = invoices.BillRun, uuid4().hex
    session.execute(
        update(run)
        .where(run.id == run_id, run.state.in_(UNFINISHED), run.lease_until <= now)
        .values(
            state=RunState.RUNNING.value,
            started_at=func.coalesce(run.started_at, now),
            tries=run.tries + 1,
            lease_until=now + LEASE_S,
            lease_owner=owner,
        )
        .execution_options(synchronize_session=False)
    )
    row = session.scalars(
        select(run).where(run.id == run_id, run.lease_owner == owner),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if row is None:
        return None
    return Claim(
        row.id, owner, Kind(row.kind), month_of(row.month), row.as_of, row.actor, row.after,
        row.done, row.items, row.report,
    )  # fmt: skip


def keep_alive(session: Session, claim: Claim, now: int, **progress: int | str | None) -> None:
    """Renew a claim and keep how far its run is; raises ClaimLost where it is ours no longer."""
    run = invoices.BillRun
    done = session.execute(
        update(run)
        .where(run.id == claim.id, run.lease_owner == claim.owner)
        .values(lease_until=now + LEASE_S, **progress)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise ClaimLost


def keep_items(session: Session, claim: Claim, seq: int, part: RunReport) -> int:
    """Keep what a part of a run found; returns how many items the run has then."""
    rows = [(claim.id, seq + n, *item) for n, item in enumerate(part.items())]
    copy_rows(session, invoices.BillItem, ITEM_COLUMNS, rows)
    return seq + len(rows)


def finish(session: Session, claim: Claim, now: int, error: str = "") -> None:
    """Say that a run is done, or stopped with a sentence; raises ClaimLost."""
    state = RunState.STOPPED if error else RunState.DONE
    keep_alive(session, claim, now, state=state.value, finished_at=now, error=error, lease_owner="")


def give_up(session: Session, claim: Claim, now: int, error: str) -> None:
    """Leave a run that something stopped to another try a lease later, the last time for good."""
    run = invoices.BillRun
    tries = session.scalar(select(run.tries).where(run.id == claim.id)) or 0
    if tries >= MOST_TRIES:
        finish(session, claim, now, error)
    else:
        session.execute(
            update(run)
            .where(run.id == claim.id, run.lease_owner == claim.owner)
            .values(error=error, lease_until=now + LEASE_S, lease_owner="")
        )


def find_run(session: Session, run_id: int) -> RunView:
    """Return a run with its progress; raises NotFound."""
    row = session.get(invoices.BillRun, run_id, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no run {run_id}")
    return _view(row)


def find_runs(session: Session, limit: int, month: Month | None = None) -> list[RunView]:
    """Return the newest runs, of a month or of all."""
    run = invoices.BillRun
    wanted = select(run).order_by(run.id.desc()).limit(limit)
    if month is not None:
        wanted = wanted.where(run.month == month.first())
    return [_view(row) for row in session.scalars(wanted)]


def _view(row: invoices.BillRun) -> RunView:
    return RunView(
        row.id, Kind(row.kind), month_of(row.month), row.as_of, row.actor, RunState(row.state),
        row.requested_at, row.started_at, row.finished_at, row.total, row.done,
        json.loads(row.report), row.error,
    )  # fmt: skip


def find_items(
    session: Session, run_id: int, outcomes: Sequence[str], limit: int, offset: int = 0
) -> tuple[list[Item], int]:
    """Return some of what a run found, in order of number, and how many there are in all."""
    item = invoices.BillItem
    count = session.scalar(_of(select(func.count()), run_id, outcomes)) or 0
    rows = session.scalars(
        _of(select(item), run_id, outcomes).order_by(item.seq).limit(limit).offset(offset)
    )
    found = [
        Item(row.outcome, row.invoice_no, row.customer_no, json.loads(row.detail)) for row in rows
    ]
    return found, count


def _of(query: Select[Any], run_id: int, outcomes: Sequence[str]) -> Select[Any]:
    item = invoices.BillItem
    return query.where(item.run_id == run_id, item.outcome.in_(outcomes))
