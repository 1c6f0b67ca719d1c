"""The homes of the demo: what each is there to show, and its registers at any instant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from ingest.simulator.house import Home, Registers, SunnyHouse
from shared.months import Month, day_of, instant

YEAR_DAYS = 396
"""A year of bills, and the month before it in which each home begins."""
STEP_S = 1800
FEW = 3
"""With fewer homes the last one has the AiSEG2 that every demo shows."""
PREFIX = "112023"
GENERATION_SERIAL, GRID_SERIAL = "2337{:04d}", "A704{:04d}"


@dataclass(frozen=True, slots=True)
class Story:
    """What a home of the demo shows."""

    title: str
    base_yen: int = 0
    panel_w: int = 5_000
    silent_days: tuple[int, int] | None = None
    """Days of the last month without any reading: first, and one after the last."""
    blank_contract: bool = False
    starts_this_month: bool = False
    swap_months_ago: int | None = None
    sells_through_aiseg: bool = False
    """Generation over Modbus, the grid through an AiSEG2, as the original system's homes."""


STORIES = (
    Story("a plain home", panel_w=5_500),
    Story("a gateway that fell silent for four days last month", 980, silent_days=(9, 13)),
    Story(
        "a contract without its days, and an AiSEG2",
        980,
        panel_w=4_200,
        blank_contract=True,
        sells_through_aiseg=True,
    ),
    Story("new this month", panel_w=6_200, starts_this_month=True),
    Story("a generation meter that was replaced", panel_w=4_800, swap_months_ago=3),
    Story("a small roof with an AiSEG2", 980, panel_w=3_300, sells_through_aiseg=True),
    Story("a large roof", panel_w=8_400),
)


class MeteredHouse(SunnyHouse):
    """A house whose generation meter may have been replaced: registers as the meters show them."""

    def __init__(self, home: Home, swap_at: int | None) -> None:
        """Count from the day it was built; the new meter begins at 0.2 kWh."""
        super().__init__(home)
        self.swap_at = swap_at
        self.removed_wh = super().registers(swap_at).pv if swap_at is not None else 0

    def registers(self, at: int) -> Registers:
        """Return what the meters show at a UTC instant."""
        shown = super().registers(at)
        if self.swap_at is None or at < self.swap_at:
            return shown
        return shown._replace(pv=shown.pv - self.removed_wh + 200)


@dataclass(frozen=True, slots=True)
class DemoHome:
    """One home: its number, its story, its house, and the first day of its contract."""

    number: int
    story: Story
    house: MeteredHouse
    contract_from: date

    @property
    def customer_no(self) -> str:
        """Return the customer's number."""
        return f"{PREFIX}{self.number:04d}"


def make_homes(count: int, now: int, closing_day: int) -> list[DemoHome]:
    """Return the homes of the demo as of an instant, the stories in turn; one has an AiSEG2."""
    today = day_of(now)
    month = Month.holding(today, closing_day)
    built = today - timedelta(days=YEAR_DAYS + 400)
    homes = []
    for n in range(count):
        story = STORIES[n % len(STORIES)]
        if n == count - 1 and count < FEW:
            story = replace(story, sells_through_aiseg=True)
        begins = month.start(closing_day)
        first = min(begins + timedelta(days=2), today - timedelta(days=1))
        start = first if story.starts_this_month else _months_before(month, 12).start(closing_day)
        house = MeteredHouse(
            Home(
                seed=n + 1, panel_w=story.panel_w, built=first if story.starts_this_month else built
            ),
            _swap_at(story, month, closing_day),
        )
        homes.append(DemoHome(n + 1, story, house, start))
    return homes


def _swap_at(story: Story, month: Month, closing_day: int) -> int | None:
    if story.swap_months_ago is None:
        return None
    day = _months_before(month, story.swap_months_ago).start(closing_day) + timedelta(days=12)
    return instant(day) + 13 * 3600


def _months_before(month: Month, count: int) -> Month:
    for _ in range(count):
        month = month.previous()
    return month


def instants(home: DemoHome, now: int, closing_day: int) -> Iterator[int]:
    """Yield the half-hours at which a home was read from its first day up to now."""
    first = instant(home.contract_from)
    silent = _silence(home.story, now, closing_day)
    for at in range(first, now + 1, STEP_S):
        if not (silent and silent[0] <= at < silent[1]):
            yield at


def _silence(story: Story, now: int, closing_day: int) -> tuple[int, int] | None:
    if story.silent_days is None:
        return None
    last = Month.holding(day_of(now), closing_day).previous()
    start = instant(last.start(closing_day))
    first, after = story.silent_days
    return start + first * 86_400 + 40_000, start + after * 86_400 + 50_000


def due_months(homes: Sequence[DemoHome], now: int, closing_day: int) -> list[Month]:
    """Return the months from the first contract to the one that runs, in order."""
    month = Month.holding(min(home.contract_from for home in homes), closing_day)
    last = Month.holding(day_of(now), closing_day)
    months = [month]
    while months[-1] < last:
        months.append(months[-1].next())
    return months
