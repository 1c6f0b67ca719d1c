"""The bill run of a month: the same code dry and real, in chunks, one home's failure alone."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.billing.bill import Figures
from shared.db import in_chunks
from shared.errors import Refused
from shared.invoices.drafting import (
    CLOSED,
    HELD,
    ISSUED,
    OPEN,
    Earlier,
    Home,
    Moment,
    draft,
    period_of,
)
from shared.invoices.loading import find_customer_ids, find_earlier, find_homes
from shared.invoices.writing import Stored, find_stored, write_drafts
from shared.models import invoices
from shared.months import Month, Period, day_of, instant
from shared.settings import find_settings
from shared.telemetry.deriving import refresh
from shared.telemetry.facts import SiteFacts, find_facts

CHUNK = 500
WIDEST = 45
"""Days around a period that may belong to a bill whose closing day has changed."""

OpenSession = Callable[[], AbstractContextManager[Session]]
TOTALS = ("pv_wh", "export_wh", "use_wh", "base_yen", "export_yen", "use_yen", "total_yen")


@dataclass(frozen=True, slots=True)
class HeldBill:
    """A bill that does not go out, and why."""

    invoice_no: str
    customer_no: str
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class FailedHome:
    """A home whose bill could not be computed, and what stopped it."""

    customer_no: str
    error: str


@dataclass(slots=True)
class RunReport:
    """What a run found, as `bill run --json` prints it."""

    month: Month
    applied: bool
    counts: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    held: list[HeldBill] = field(default_factory=list)
    failed: list[FailedHome] = field(default_factory=list)

    def add(self, state: str, figures: Figures | Stored) -> None:
        """Count a bill and its known figures."""
        self.counts[state] += 1
        for name in TOTALS:
            self.totals[name] += getattr(figures, name) or 0

    def document(self) -> dict[str, object]:
        """Return the report as the JSON document of `bill run --json`."""
        states = (OPEN, CLOSED, HELD, ISSUED, "proposed", "failed")
        return {
            "month": str(self.month),
            "applied": self.applied,
            "counts": {state: self.counts[state] for state in states},
            "totals": {name: self.totals[name] for name in TOTALS},
            "held": [asdict(held) for held in self.held],
            "failed": [asdict(failed) for failed in self.failed],
        }


@dataclass(frozen=True, slots=True)
class Run:
    """A run as asked for: the month, the time it bills as of, who asked, and whether it writes."""

    month: Month
    as_of: int
    now: int
    actor: str
    apply: bool = False


def run_month(
    open_session: OpenSession, run: Run, progress: Callable[[int, int], object] = lambda _d, _n: 0
) -> RunReport:
    """Compute every customer's bill of a month, and with `apply` close or hold them.

    Each chunk is a transaction of its own; running again changes nothing that has not changed, so
    a run that was stopped is finished by the next. Raises Refused before the month has begun.
    """
    report = RunReport(run.month, run.apply)
    with open_session() as session:
        settings = find_settings(session, on=day_of(run.as_of))
        period = run.month.period(settings.closing_day)
        if run.as_of < instant(period.start):
            raise Refused(f"{run.month} begins on {period.start}: there is nothing to bill yet")
        refresh(session)
        wide = Period(
            date.fromordinal(period.start.toordinal() - WIDEST),
            date.fromordinal(period.end.toordinal() + WIDEST),
        )
        customer_ids = find_customer_ids(session, wide)
    moment = Moment(run.month, run.as_of, settings)
    done = 0
    for chunk in in_chunks(customer_ids, CHUNK):
        with open_session() as session:
            _run_chunk(session, chunk, (run, moment), report)
        done += len(chunk)
        progress(done, len(customer_ids))
    if run.apply:
        with open_session() as session:
            session.add(_record(run))
    return report


def _record(run: Run) -> invoices.BillRun:
    return invoices.BillRun(
        month=run.month.first(),
        as_of=run.as_of,
        started_at=run.now,
        finished_at=run.now,
        actor=run.actor,
    )


def _run_chunk(
    session: Session,
    customer_ids: Sequence[int],
    asked: tuple[Run, Moment],
    report: RunReport,
) -> None:
    run, moment = asked
    homes = find_homes(session, customer_ids)
    stored = find_stored(session, customer_ids, run.month)
    earlier = find_earlier(session, homes, run.month)
    facts = _facts_by_period(session, homes, earlier, moment)
    drafts = []
    for home in homes:
        live = stored.get(home.customer_id)
        if live is not None and live.state == ISSUED:
            report.add(ISSUED, live)
            continue
        if home.archived and live is None:
            continue
        try:
            made = draft(home, facts[home.site_id], earlier[home.customer_id], moment)
        except Exception as error:  # noqa: BLE001 - one home's failure never stops a run (N7)
            report.counts["failed"] += 1
            report.failed.append(FailedHome(home.customer_no, f"{type(error).__name__}: {error}"))
            continue
        if made is not None:
            drafts.append(made)
    outcomes = write_drafts(session, drafts, stored, run)
    for made, invoice_no, state in outcomes:
        report.add(state, made.bill.figures)
        if state == HELD:
            report.held.append(HeldBill(invoice_no, made.home.customer_no, made.reasons))


def _facts_by_period(
    session: Session, homes: Sequence[Home], earlier: Mapping[int, Earlier], moment: Moment
) -> dict[int, SiteFacts]:
    """Return each site's facts for the period its bill covers; nearly always it is one for all."""
    sites: dict[Period, set[int]] = defaultdict(set)
    for home in homes:
        sites[period_of(moment, earlier[home.customer_id])].add(home.site_id)
    found: dict[int, SiteFacts] = {}
    for period, site_ids in sites.items():
        found |= find_facts(session, site_ids, period, moment.as_of)
    return found


def is_due(session: Session, month: Month) -> bool:
    """Say whether a run of a month was ever applied (decision 11)."""
    run = invoices.BillRun
    return session.scalar(select(run.id).where(run.month == month.first()).limit(1)) is not None
