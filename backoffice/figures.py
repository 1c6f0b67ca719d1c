"""What the desk's pages draw: counts and sums laid out, nothing computed that is billed."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from shared.invoices.queries import count_by
from shared.invoices.rows import FIGURES, InvoiceFilter, Totals
from shared.months import Month, day_of
from shared.night import Done, find_night
from shared.settings import find_settings
from shared.telemetry.coverage import Coverage, find_coverage
from shared.worklist import Worklist, find_month_sums, find_worklist, newest_month

SEGMENTS = ("issued", "closed", "held", "open")
BARS = 12
_WIDTH = 496
_NOTHING = Totals(0, **dict.fromkeys(FIGURES, 0))


@dataclass(frozen=True, slots=True)
class Segment:
    """One state's part of the month's bar, in a drawing 496 wide."""

    state: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """A month's sums beside those of the month and of the year before, None where none is known."""

    month: Month
    totals: Totals
    before: Totals | None
    last_year: Totals | None
    segments: list[Segment]


@dataclass(frozen=True, slots=True)
class Morning:
    """What the first page shows; without any bill `newest` is None.

    `known_width` is how wide the homes with all registers are, in a drawing 496 wide.
    """

    work: Worklist
    night: list[Done]
    coverage: Coverage
    known_width: float
    newest: MonthFigures | None
    months: list[tuple[Month, Totals]]


def find_morning(session: Session, now: int) -> Morning:
    """Ask for all that the first page shows."""
    today = day_of(now)
    closing_day = find_settings(session, on=today).closing_day
    period = Month.holding(today, closing_day).period(closing_day)
    coverage = find_coverage(session, period, today)
    width = round(_WIDTH * coverage.known / (coverage.homes or 1), 1)
    early = (find_worklist(session, now), find_night(session, now), coverage, width)
    newest = newest_month(session)
    if newest is None:
        return Morning(*early, None, [])
    year = _year_to(newest)
    sums = find_month_sums(session, year[0], newest)
    states = count_by(session, InvoiceFilter(month=newest), "state")
    figures = MonthFigures(
        newest,
        sums.get(newest, _NOTHING),
        sums.get(newest.previous()),
        sums.get(year[0]),
        segments({state: states.get(state, 0) for state in SEGMENTS}),
    )
    return Morning(*early, figures, [(month, sums[month]) for month in year[1:] if month in sums])


def _year_to(last: Month) -> list[Month]:
    """Return the thirteen months up to one, the same month of last year first."""
    months = [last]
    for _ in range(BARS):
        months.append(months[-1].previous())
    return months[::-1]


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
