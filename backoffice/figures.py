"""What the desk's pages draw: counts and sums laid out, nothing computed that is billed."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from shared.invoices.queries import count_by, filter_totals, find_hold_counts, find_months
from shared.invoices.rows import InvoiceFilter, Totals
from shared.months import Month

SEGMENTS = ("issued", "closed", "held", "open")
BARS = 12
_WIDTH = 496


@dataclass(frozen=True, slots=True)
class Segment:
    """One state's part of the month's bar, in a drawing 496 wide."""

    state: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """A month's sums beside those of the month before."""

    month: Month
    totals: Totals
    before: Totals
    segments: list[Segment]


@dataclass(frozen=True, slots=True)
class Morning:
    """What the first page shows; without any bill `newest` is None."""

    held: int
    reasons: dict[str, int]
    unissued: int
    waiting: int
    newest: MonthFigures | None
    months: list[tuple[Month, Totals]]


def find_morning(session: Session) -> Morning:
    """Ask for all that the first page shows."""
    states = count_by(session, InvoiceFilter(), "state")
    months = find_months(session, BARS)
    sums = [(month, filter_totals(session, InvoiceFilter(month=month))) for month in months]
    newest = _month_figures(session, months[-1]) if months else None
    return Morning(
        held=states.get("held", 0),
        reasons=find_hold_counts(session),
        unissued=states.get("closed", 0),
        waiting=find_hold_counts(session, "open").get("waiting", 0),
        newest=newest,
        months=sums,
    )


def _month_figures(session: Session, month: Month) -> MonthFigures:
    wanted = InvoiceFilter(month=month)
    states = count_by(session, wanted, "state")
    return MonthFigures(
        month,
        filter_totals(session, wanted),
        filter_totals(session, InvoiceFilter(month=month.previous())),
        segments({state: states.get(state, 0) for state in SEGMENTS}),
    )


def segments(counts: dict[str, int]) -> list[Segment]:
    """Lay counts side by side, 2 apart; what is not there takes no room."""
    shown = {state: count for state, count in counts.items() if count}
    room = _WIDTH - 2 * (len(shown) - 1)
    total, x, laid = sum(shown.values()), 0.0, []
    for state, count in shown.items():
        width = round(room * count / total, 1)
        laid.append(Segment(state, count, round(x, 1), width))
        x += width + 2
    return laid
