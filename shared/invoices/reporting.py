"""What a run is asked to do, and what it tells of the bills that it found."""

import heapq
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from shared.billing.bill import Figures
from shared.invoices.drafting import CLOSED, HELD, ISSUED, OPEN
from shared.invoices.writing import Stored
from shared.months import Month

TOTALS = ("pv_wh", "export_wh", "use_wh", "base_yen", "export_yen", "use_yen", "total_yen")
STATES = (OPEN, CLOSED, HELD, ISSUED, "proposed", "failed")
WAITING = "waiting"
CHANGES = 50
"""How many of the largest changes against the month before a run keeps."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as asked for: the month, the time it bills as of, who asked, and whether it writes."""

    month: Month
    as_of: int
    now: int
    actor: str
    apply: bool = False


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


@dataclass(frozen=True, slots=True)
class Change:
    """A bill's total in yen beside that of the month before."""

    invoice_no: str
    customer_no: str
    before_yen: int
    total_yen: int

    @property
    def difference_yen(self) -> int:
        """Return the yen more than the month before, negative where less."""
        return self.total_yen - self.before_yen


@dataclass(frozen=True, slots=True)
class WaitingBill:
    """A closed bill, and the earlier one of its customer that has to be issued first."""

    invoice_no: str
    earlier: str


@dataclass(slots=True)
class RunReport:
    """What a run found, or an issue did; `changes` are the largest ones first.

    `waiting` are bills that cannot be issued before the one of their customer that is named.
    """

    month: Month
    applied: bool
    counts: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    held: list[HeldBill] = field(default_factory=list)
    failed: list[FailedHome] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    waiting: list[WaitingBill] = field(default_factory=list)

    def add(self, state: str, figures: Figures | Stored) -> None:
        """Count a bill and its known figures."""
        self.counts[state] += 1
        for name in TOTALS:
            self.totals[name] += getattr(figures, name) or 0

    def fail(self, customer_no: str, error: Exception) -> None:
        """Count a home whose bill could not be computed."""
        self.counts["failed"] += 1
        self.failed.append(FailedHome(customer_no, f"{type(error).__name__}: {error}"))

    def issue(self, invoice_no: str) -> None:
        """Count a bill that is issued."""
        self.counts[ISSUED] += 1
        self.issued.append(invoice_no)

    def wait(self, invoice_no: str, earlier: str) -> None:
        """Count a bill that waits for an earlier one."""
        self.counts[WAITING] += 1
        self.waiting.append(WaitingBill(invoice_no, earlier))

    def note(self, change: Change | None) -> None:
        """Keep a bill's change, where there is any."""
        if change is not None and change.difference_yen:
            self.changes.append(change)

    def take(self, part: "RunReport") -> None:
        """Add what a part of the run found."""
        self.counts.update(part.counts)
        self.totals.update(part.totals)
        self.held += part.held
        self.failed += part.failed
        self.issued += part.issued
        self.waiting += part.waiting
        self.changes = largest([*self.changes, *part.changes])

    def document(self) -> dict[str, object]:
        """Return the report as the JSON document of `bill run --json`."""
        return {
            "month": str(self.month),
            "applied": self.applied,
            "counts": {state: self.counts[state] for state in STATES},
            "totals": {name: self.totals[name] for name in TOTALS},
            "held": [asdict(held) for held in self.held],
            "failed": [asdict(failed) for failed in self.failed],
        }

    def issue_document(self) -> dict[str, object]:
        """Return the report as the JSON document of `bill issue --json`."""
        return {
            "month": str(self.month),
            "applied": self.applied,
            "counts": {state: self.counts[state] for state in (ISSUED, WAITING, OPEN, HELD)},
            "issued": self.issued,
            "waiting": [asdict(bill) for bill in self.waiting],
            "failed": [asdict(failed) for failed in self.failed],
        }

    def items(self) -> list[tuple[str, str, str, str]]:
        """Return (outcome, bill, customer, JSON) of what a person has to look at."""
        found: list[tuple[str, str, str, object]] = [
            *((HELD, held.invoice_no, held.customer_no, held.reasons) for held in self.held),
            *((WAITING, bill.invoice_no, "", bill.earlier) for bill in self.waiting),
            *(("failed", "", failed.customer_no, failed.error) for failed in self.failed),
        ]
        return [(*names, json.dumps(detail, ensure_ascii=False)) for *names, detail in found]  # type: ignore[misc]

    def summary(self) -> str:
        """Return counts, totals and changes as the JSON that is kept of a run."""
        told = {
            "counts": self.counts,
            "totals": self.totals,
            "changes": [asdict(change) for change in self.changes],
        }
        return json.dumps(told)

    def resume(self, summary: str) -> None:
        """Go on from what was kept of a run that somebody began."""
        told = json.loads(summary)
        self.counts.update(told.get("counts", {}))
        self.totals.update(told.get("totals", {}))
        self.changes = [Change(**change) for change in told.get("changes", ())]


def largest(changes: Sequence[Change]) -> list[Change]:
    """Return the largest changes of some, upwards and downwards alike."""
    return heapq.nsmallest(CHANGES, changes, key=lambda c: (-abs(c.difference_yen), c.invoice_no))
