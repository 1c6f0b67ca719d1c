"""The bill run of a month: the same code dry and real, in chunks, one home's failure alone."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import date

from sqlalchemy.orm import Session

from shared.billing.bill import Figures
from shared.db import in_chunks
from shared.errors import Refused
from shared.invoices.chaining import Act
from shared.invoices.drafting import (
    CLOSED,
    HELD,
    ISSUED,
    OPEN,
    Earlier,
    Home,
    Moment,
    draft,
)
from shared.invoices.loading import (
    find_customer_ids,
    find_earlier,
    find_homes,
    find_undecided,
)
from shared.invoices.locking import lock_bills
from shared.invoices.proposing import reexamine
from shared.invoices.recomputing import facts_by_period
from shared.invoices.writing import Stored, find_stored, write_drafts
from shared.models import invoices
from shared.months import Month, Period, day_of, instant
from shared.settings import find_settings
from shared.telemetry.deriving import refresh
from shared.telemetry.facts import SiteFacts
from shared.units import take_down

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

    def fail(self, customer_no: str, error: Exception) -> None:
        """Count a home whose bill could not be computed."""
        self.counts["failed"] += 1
        self.failed.append(FailedHome(customer_no, f"{type(error).__name__}: {error}"))

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
    a run that was stopped is finished by the next. The run is on record from its
    beginning. Raises Refused before the month has begun.
    """
    report = RunReport(run.month, run.apply)
    with open_session() as session:
        settings = find_settings(session, on=day_of(run.as_of))
        period = run.month.period(settings.closing_day)
        if run.as_of < instant(period.start):
            raise Refused(
                f"{run.month} begins on {period.start}: there is nothing to bill yet", "not_begun"
            )
        refresh(session)
        wide = Period(
            date.fromordinal(period.start.toordinal() - WIDEST),
            date.fromordinal(period.end.toordinal() + WIDEST),
        )
        customer_ids = find_customer_ids(session, wide)
        record = _record(run) if run.apply else None
        if record is not None:
            session.add(record)
            session.flush()
        run_id = record.id if record is not None else None
    moment = Moment(run.month, run.as_of, settings)
    done = 0
    for chunk in in_chunks(customer_ids, CHUNK):
        with open_session() as session:
            _run_chunk(session, chunk, (run, moment), report)
        done += len(chunk)
        progress(done, len(customer_ids))
    if run_id is not None:
        with open_session() as session:
            session.get_one(invoices.BillRun, run_id).finished_at = run.now
    return report


def run_some(session: Session, customer_ids: Sequence[int], run: Run) -> RunReport:
    """Compute some customers' bills of a month anew, in the caller's transaction."""
    settings = find_settings(session, on=day_of(run.as_of))
    report = RunReport(run.month, run.apply)
    _run_chunk(session, customer_ids, (run, Moment(run.month, run.as_of, settings)), report)
    return report


def _record(run: Run) -> invoices.BillRun:
    return invoices.BillRun(
        month=run.month.first(),
        as_of=run.as_of,
        started_at=run.now,
        actor=run.actor,
    )


def _run_chunk(
    session: Session,
    customer_ids: Sequence[int],
    asked: tuple[Run, Moment],
    report: RunReport,
) -> None:
    run, moment = asked
    if run.apply:
        lock_bills(session)
    act = Act(run.actor, run.now, run.as_of) if run.apply else None
    homes = find_homes(session, customer_ids, run.month.period(moment.settings.closing_day))
    stored = find_stored(session, customer_ids, run.month)
    issued = [i for i, live in stored.items() if live.state == ISSUED]
    undecided = reexamine(session, issued, moment, act, report.fail)
    report.counts["proposed"] += len(undecided)
    earlier = find_earlier(session, homes, run.month)
    facts = facts_by_period(session, homes, earlier, moment)
    drafted = [home for home in homes if home.customer_id not in set(issued)]
    earlier |= _look_back(session, drafted, (facts, earlier), (moment, act), report)
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
            report.fail(home.customer_no, error)
            continue
        if made is not None:
            drafts.append(made)
    outcomes = write_drafts(session, drafts, stored, run)
    for made, invoice_no, state in outcomes:
        report.add(state, made.bill.figures)
        if state == HELD:
            report.held.append(HeldBill(invoice_no, made.home.customer_no, made.reasons))


def _look_back(
    session: Session,
    homes: Sequence[Home],
    known: tuple[Mapping[int, SiteFacts], Mapping[int, Earlier]],
    asked: tuple[Moment, Act | None],
    report: RunReport,
) -> dict[int, Earlier]:
    """Re-examine the bills before, where something says that they would come out otherwise.

    That is a register at their closing that is not the pinned one, or terms recorded since: a
    month must not go on from a bill that may be revised (decision 16).
    """
    facts, earlier = known
    moment, act = asked
    doubtful = [
        home.customer_id
        for home in homes
        if _differs_behind(home, facts[home.site_id], earlier[home.customer_id])
    ]
    if not doubtful:
        return {}
    before = replace(moment, month=moment.month.previous())
    undecided = reexamine(session, doubtful, before, act, report.fail)
    return {
        customer_id: replace(
            earlier[customer_id],
            undecided=undecided[customer_id].invoice_no if customer_id in undecided else "",
        )
        for customer_id in doubtful
        if customer_id in undecided or act is not None
    } | _still(session, doubtful, moment, earlier)


def _still(
    session: Session, customer_ids: Sequence[int], moment: Moment, earlier: Mapping[int, Earlier]
) -> dict[int, Earlier]:
    """Return the customers of whom a bill still further back is undecided."""
    stored = find_undecided(session, customer_ids, moment.month)
    return {i: replace(earlier[i], undecided=number) for i, number in stored.items()}


def _differs_behind(home: Home, facts: SiteFacts, earlier: Earlier) -> bool:
    """Say whether the registers or terms under the bill before are no longer those it pinned."""
    if earlier.previous is None or earlier.previous.state != ISSUED:
        return False
    end, since = earlier.previous.period_end, earlier.previous.computed_at
    for quantity, pins in earlier.pins.items():
        pin = pins.get(end)
        now = facts.registers[quantity].boundaries.get(end) if quantity in facts.registers else None
        if pin is None or now is None or now.meter_at == instant(end):
            continue
        if (pin.meter_at, take_down(pin.wh)) != (now.meter_at, take_down(now.wh)):
            return True
    return any(
        max(row.recorded_at, row.withdrawn_at or 0) >= since and row.valid_from < end
        for row in home.terms
    )
