"""What the desk's pages draw: counts and sums laid out, nothing computed that is billed."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from shared.invoices.queries import count_by
from shared.invoices.rows import FIGURES, InvoiceFilter, Totals
from shared.months import Month, day_of
from shared.night import Done, find_night
from shared.telemetry.coverage import Coverage, find_day_coverage, find_days_covered
from shared.worklist import Worklist, find_month_sums, find_worklist, newest_month

SEGMENTS = ("issued", "closed", "held", "open")
BARS = 12
FORTNIGHT = 14
_WIDTH, _HEIGHT = 496, 48
_EARLIEST = date(2000, 1, 31)
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
class DayBar:
    """A day's homes, those whose registers are known, and how high these are in a drawing of 48."""

    day: date
    homes: int
    known: int
    height: float


@dataclass(frozen=True, slots=True)
class Registers:
    """Of how many homes a day's registers are there, in a drawing 496 wide, and the days around."""

    day: date
    coverage: Coverage
    known_width: float
    fortnight: list[DayBar]


@dataclass(frozen=True, slots=True)
class Morning:
    """What the first page shows; without any bill `newest` is None."""

    work: Worklist
    night: list[Done]
    registers: Registers
    newest: MonthFigures | None
    months: list[tuple[Month, Totals]]


def find_morning(session: Session, now: int, asked: date | None) -> Morning:
    """Ask for all that the first page shows; `asked` is a day whose fortnight is wanted."""
    registers = find_registers(session, day_of(now) - timedelta(days=1), asked)
    early = (find_worklist(session, now), find_night(session, now), registers)
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


def find_registers(session: Session, yesterday: date, asked: date | None) -> Registers:
    """Ask of which homes a day's registers are known; of the days around it where one is asked."""
    day = yesterday if asked is None else max(_EARLIEST, min(asked, yesterday))
    coverage = find_day_coverage(session, day)
    width = round(_WIDTH * coverage.known / (coverage.homes or 1), 1)
    if asked is None:
        return Registers(day, coverage, width, [])
    is_recent = (yesterday - day).days < FORTNIGHT
    bars = [
        DayBar(one.day, one.homes, one.known, round(_HEIGHT * one.known / (one.homes or 1), 1))
        for one in find_days_covered(session, yesterday if is_recent else day, FORTNIGHT)
    ]
    return Registers(day, coverage, width, bars)


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
