"""Runs of a month: the same code dry and real, in chunks, one home's failure alone (N7).

Pages, scheduler and command line put a run on record and work on it through the same functions.
Every chunk is a transaction that also keeps how far the run is, so that a run that was killed goes
on where it was, and of two workers on one run the one that lost its claim writes nothing.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shared.db import in_chunks
from shared.errors import PpaError
from shared.invoices.chaining import Act
from shared.invoices.chunk import run_chunk, run_some
from shared.invoices.drafting import Moment
from shared.invoices.issuing import find_numbers, issue_some
from shared.invoices.loading import find_customer_ids
from shared.invoices.reporting import FailedHome, HeldBill, Run, RunReport
from shared.invoices.runs import (
    Asked,
    Claim,
    ClaimLost,
    Kind,
    begin_run,
    claim_run,
    finish,
    give_up,
    keep_alive,
    keep_items,
)
from shared.models.telemetry import StaleSite
from shared.months import Period, day_of
from shared.settings import find_settings
from shared.telemetry.deriving import refresh

__all__ = [
    "FailedHome", "HeldBill", "Run", "RunReport", "Worker", "run_at_once", "run_month", "run_some",
    "work_on",
]  # fmt: skip

_log = logging.getLogger(__name__)

CHUNK = 500
STALE_CHUNK: Final = 200
WIDEST: Final = 45
"""Days around a period that may belong to a bill whose closing day has changed."""

OpenSession = Callable[[], AbstractContextManager[Session]]
Progress = Callable[[int, int], object]


def _untold(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What working on a run needs: the database, the time, and whom to tell how far it is.

    With `person_key` an issue keeps a keyed digest of whom each bill went to.
    """

    open_session: OpenSession
    clock: Callable[[], int]
    progress: Progress = _untold
    person_key: str | None = field(default=None, repr=False)


def run_month(open_session: OpenSession, run: Run, progress: Progress = _untold) -> RunReport:
    """Compute every customer's bill of a month, and with `apply` close or hold them.

    Running again changes nothing that has not changed. The run is on record from its beginning.
    Raises Refused before the month has begun.
    """
    kind = Kind.RUN if run.apply else Kind.DRY
    asked = Asked(kind, run.month, run.as_of, run.actor, run.now)
    return run_at_once(Worker(open_session, lambda: run.now, progress), asked)


def run_at_once(worker: Worker, asked: Asked) -> RunReport:
    """Put a run on record and work on it here and now; raises Refused before the month began."""
    with worker.open_session() as session:
        claim = begin_run(session, asked)
    try:
        return _Work(worker, claim).all()
    except KeyboardInterrupt:
        with worker.open_session() as session:
            finish(session, claim, worker.clock(), "stopped by hand")
        raise


def work_on(worker: Worker, run_id: int) -> bool:
    """Begin a run that waits, or go on with one whose worker died; False where it is not ours.

    What stops it is kept with the run, which is tried again a few times.
    """
    with worker.open_session() as session:
        claim = claim_run(session, run_id, worker.clock())
    if claim is None:
        return False
    try:
        _Work(worker, claim).all()
    except ClaimLost:
        _log.warning("another worker goes on with run %d", run_id)
    except Exception as error:  # noqa: BLE001 - isolated, kept with the run, and tried again
        _log.exception("run %d was stopped", run_id)
        with worker.open_session() as session:
            give_up(session, claim, worker.clock(), f"{type(error).__name__}: {error}")
    return True


class _Work:
    """One worker's work on one run."""

    def __init__(self, worker: Worker, claim: Claim) -> None:
        self.worker, self.claim = worker, claim
        self.done, self.items = claim.done, claim.items
        self.report = self._fresh(claim.report)

    def _fresh(self, summary: str = "{}") -> RunReport:
        report = RunReport(self.claim.month, applied=self.claim.kind is not Kind.DRY)
        report.resume(summary)
        return report

    def all(self) -> RunReport:
        """Do what is left of the run, chunk by chunk."""
        if self.claim.kind is not Kind.ISSUE:
            self._bring_up_to_date()
        with self.worker.open_session() as session:
            moment = Moment(
                self.claim.month,
                self.claim.as_of,
                find_settings(session, on=day_of(self.claim.as_of)),
            )
            left = [pair for pair in self._find_all(session, moment) if pair[1] > self.claim.after]
            total = self.done + len(left)
            keep_alive(session, self.claim, self.worker.clock(), total=total)
        for chunk in in_chunks(left, CHUNK):
            self._chunk(chunk, moment)
            self.worker.progress(self.done, total)
        with self.worker.open_session() as session:
            finish(session, self.claim, self.worker.clock())
        return self.report

    def _bring_up_to_date(self) -> None:
        """Judge what has arrived, some sites a transaction."""
        with self.worker.open_session() as session:
            stale = session.scalars(select(StaleSite.site_id).order_by(StaleSite.site_id)).all()
        for sites in in_chunks(stale, STALE_CHUNK):
            with self.worker.open_session() as session:
                refresh(session, sites)
                keep_alive(session, self.claim, self.worker.clock())

    def _find_all(self, session: Session, moment: Moment) -> Sequence[tuple[int, str]]:
        """Return the (id, number) of every customer, or bill to issue, in order of number."""
        if self.claim.kind is Kind.ISSUE:
            return find_numbers(session, self.claim.month)
        period = self.claim.month.period(moment.settings.closing_day)
        wide = Period(
            date.fromordinal(period.start.toordinal() - WIDEST),
            date.fromordinal(period.end.toordinal() + WIDEST),
        )
        return find_customer_ids(session, wide)

    def _chunk(self, chunk: Sequence[tuple[int, str]], moment: Moment) -> None:
        """Do a chunk in a transaction; where it cannot be written, each home in one of its own."""
        try:
            self._write(chunk, lambda session: self._compute(session, chunk, moment))
        except (ClaimLost, PpaError, OperationalError):
            raise
        except Exception as error:  # noqa: BLE001 - isolated - one home's failure never stops a run (N7)
            if len(chunk) > 1:
                _log.exception("a chunk of run %d failed; doing it one by one", self.claim.id)
                for one in chunk:
                    self._chunk([one], moment)
                return
            failed = error
            self._write(chunk, lambda _session: self._failed(chunk[0], failed))

    def _compute(
        self, session: Session, chunk: Sequence[tuple[int, str]], moment: Moment
    ) -> RunReport:
        claim, now = self.claim, self.worker.clock()
        ids = [one_id for one_id, _ in chunk]
        if claim.kind is Kind.ISSUE:
            act = Act(claim.actor, now, claim.as_of, self.worker.person_key)
            return issue_some(session, claim.month, ids, act)
        run = Run(claim.month, claim.as_of, now, claim.actor, claim.kind is Kind.RUN)
        return run_chunk(session, ids, run, moment)

    def _failed(self, one: tuple[int, str], error: Exception) -> RunReport:
        report = self._fresh()
        report.fail(one[1], error)
        return report

    def _write(self, chunk: Sequence[tuple[int, str]], act: Callable[[Session], RunReport]) -> None:
        """Do something in a transaction that also keeps how far the run is."""
        with self.worker.open_session() as session:
            part = act(session)
            so_far = self._fresh(self.report.summary())
            so_far.take(part)
            items = keep_items(session, self.claim, self.items, part)
            keep_alive(
                session, self.claim, self.worker.clock(), done=self.done + len(chunk),
                after=chunk[-1][1], items=items, report=so_far.summary(), tries=0,
            )  # fmt: skip
        self.report.take(part)
        self.done, self.items = self.done + len(chunk), items
