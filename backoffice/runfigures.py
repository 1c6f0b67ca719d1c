"""What the page of a month's run shows: the five steps, and what was found at each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from shared.customers.listing import find_names
from shared.invoices.approving import Closed, find_closed, find_request
from shared.invoices.documents import Document
from shared.invoices.inbox import count_warnings
from shared.invoices.queries import count_by
from shared.invoices.rows import InvoiceFilter, Totals
from shared.invoices.runs import Item, Kind, RunState, RunView, find_items, find_runs
from shared.invoices.sampling import find_sample
from shared.mail.listing import MailFilter, count_mails
from shared.models.invoices import IssueRequest
from shared.months import Month, Period, day_of
from shared.settings import find_settings, lacks_issuer
from shared.telemetry.coverage import Coverage, find_coverage
from shared.web.formula import Formula, formula_of
from shared.worklist import find_month_sums

LARGEST = 20
HALF = 70
"""The width of the longest change, in a drawing twice as wide."""
ITEMS = 30


@dataclass(frozen=True, slots=True)
class Changed:
    """A bill's total beside the month before, and its bar from the middle of a drawing."""

    invoice_no: str
    customer_no: str
    name: str
    before_yen: int
    total_yen: int
    x: int
    width: int

    @property
    def difference_yen(self) -> int:
        """Return the yen more than the month before."""
        return self.total_yen - self.before_yen


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month's run: `step` is the one to look at, 1 to 5; `run` is the newest that computed."""

    month: Month
    period: Period
    is_over: bool
    step: int
    coverage: Coverage
    run: RunView | None
    working: RunView | None
    states: Mapping[str, int]
    closed: Closed
    wish: IssueRequest | None
    needs_approval: bool
    held: Sequence[Item]
    failed: Sequence[Item]
    names: Mapping[str, str]
    warnings: Mapping[str, int]
    lacks_issuer: bool
    changes: Sequence[Changed]
    before: Totals | None
    sample: Document | None
    formula: Formula
    mails: Mapping[str, int]

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many bills the newest run found in each state."""
        told: Mapping[str, int] = self.run.report.get("counts", {}) if self.run else {}
        return {state: told.get(state, 0) for state in ("open", "held", "closed", "failed")}

    @property
    def held_count(self) -> int:
        """Return how many bills are held, or would be after a trial."""
        is_trial = self.run is not None and self.run.kind is Kind.DRY
        return self.counts["held"] if is_trial else self.states.get("held", 0)


def find_month_view(session: Session, month: Month, now: int) -> MonthView:
    """Ask for all that the page of a month's run shows."""
    settings = find_settings(session, on=day_of(now))
    period = month.period(settings.closing_day)
    newest = find_runs(session, LARGEST, month)
    run = next((one for one in newest if one.kind is not Kind.ISSUE and _is_done(one)), None)
    working = next((one for one in newest if not one.is_finished), None)
    states = count_by(session, InvoiceFilter(month=month), "state")
    held = find_items(session, run.id, ["held"], ITEMS)[0] if run else []
    failed = find_items(session, run.id, ["failed"], ITEMS)[0] if run else []
    found = run.report.get("changes", [])[:LARGEST] if run else []
    numbers = {one["customer_no"] for one in found} | {one.customer_no for one in (*held, *failed)}
    names, begun = find_names(session, numbers), day_of(now) > period.start
    sample = find_sample(session, month, now) if run and begun else None
    previous = month.previous()
    return MonthView(
        month=month,
        period=period,
        is_over=day_of(now) >= period.end,
        step=_step(run, working, states),
        coverage=find_coverage(session, period, day_of(now)),
        run=run,
        working=working,
        states=states,
        closed=find_closed(session, month),
        wish=find_request(session, month),
        needs_approval=settings.approval,
        held=held,
        failed=failed,
        names=names,
        warnings=count_warnings(session, InvoiceFilter(month=month)),
        lacks_issuer=lacks_issuer(settings),
        changes=_laid(found, names),
        before=find_month_sums(session, previous, previous).get(previous),
        sample=sample,
        formula=formula_of(sample) if sample else Formula(),
        mails=count_mails(session, MailFilter(month=month), goes_out=True),
    )


def _is_done(run: RunView) -> bool:
    return run.state is RunState.DONE


def _step(run: RunView | None, working: RunView | None, states: Mapping[str, int]) -> int:
    """Return the step that waits for a person, or is under way."""
    if working is not None:
        return 4 if working.kind is Kind.ISSUE else 2
    if states.get("closed"):
        return 3 if states.get("held") else 4
    if states.get("issued") and not states.get("held") and not states.get("open"):
        return 5
    return 3 if run is not None else 1


def _laid(found: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[Changed]:
    """Lay the changes' bars out around the middle, the longest HALF wide."""
    differences = [one["total_yen"] - one["before_yen"] for one in found]
    longest = max((abs(one) for one in differences), default=0) or 1
    laid = []
    for one, difference in zip(found, differences, strict=True):
        width = max(1, abs(difference) * HALF // longest)
        x = HALF - width if difference < 0 else HALF
        laid.append(Changed(**one, name=names.get(one["customer_no"], ""), x=x, width=width))
    return laid
