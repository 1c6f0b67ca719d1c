"""One chunk of customers' bills of a month: computed, examined again where issued, written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from shared.invoices.chaining import Act
from shared.invoices.drafting import HELD, ISSUED, Draft, Earlier, Home, Moment, draft
from shared.invoices.loading import find_earlier, find_homes, find_undecided
from shared.invoices.locking import lock_bills
from shared.invoices.proposing import reexamine
from shared.invoices.recomputing import facts_by_period
from shared.invoices.reporting import Change, HeldBill, Run, RunReport
from shared.invoices.writing import find_stored, write_drafts
from shared.months import day_of, instant
from shared.settings import find_settings
from shared.telemetry.facts import SiteFacts
from shared.units import take_down


def run_some(session: Session, customer_ids: Sequence[int], run: Run) -> RunReport:
    """Compute some customers' bills of a month anew, in the caller's transaction."""
    settings = find_settings(session, on=day_of(run.as_of))
    return run_chunk(session, customer_ids, run, Moment(run.month, run.as_of, settings))


def run_chunk(session: Session, customer_ids: Sequence[int], run: Run, moment: Moment) -> RunReport:
    """Compute some customers' bills in the caller's transaction; one home's failure stays alone."""
    report = RunReport(run.month, run.apply)
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
        report.note(_change(made, invoice_no, earlier[made.home.customer_id]))
    return report


def _change(made: Draft, invoice_no: str, earlier: Earlier) -> Change | None:
    """Return a bill's total beside that of the month before, where both are known."""
    total = made.bill.figures.total_yen
    before = earlier.previous.total_yen if earlier.previous else None
    if total is None or before is None:
        return None
    return Change(invoice_no, made.home.customer_no, before, total)


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
