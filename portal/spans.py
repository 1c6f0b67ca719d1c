"""The one date control of the energy page: a day, a month or a year, and the way to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from shared.errors import ValueRefused
from shared.months import MONTH_END, Month, Period

DAY, MONTH, YEAR = "day", "month", "year"
KINDS = (DAY, MONTH, YEAR)
BILLING, CALENDAR = "billing", "calendar"
YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True)
class Span:
    """What the energy page shows: `at` is a day, or names a month or year by its first day.

    `by` says whether a month is the billing month or the calendar's; `closing_day` is today's.
    """

    kind: str
    at: date
    by: str
    closing_day: int

    @property
    def month(self) -> Month:
        """Return the month shown, or the one that holds the day."""
        if self.kind == DAY:
            return Month.holding(self.at, self.closes)
        return Month(self.at.year, self.at.month)

    @property
    def closes(self) -> int:
        """Return the closing day by which months are counted here."""
        return MONTH_END if self.by == CALENDAR else self.closing_day

    @property
    def period(self) -> Period:
        """Return the days shown, as the closing day of today counts them."""
        if self.kind == DAY:
            return Period(self.at, self.at + timedelta(days=1))
        months = self.months
        return Period(months[0].start(self.closes), months[-1].next().start(self.closes))

    @property
    def months(self) -> list[Month]:
        """Return the months of a year, or the one month."""
        if self.kind == YEAR:
            return [Month(self.at.year, number) for number in range(1, 13)]
        return [self.month]

    def moved(self, steps: int) -> "Span":
        """Return the span so many days, months or years later."""
        if self.kind == DAY:
            return replace(self, at=self.at + timedelta(days=steps))
        if self.kind == YEAR:
            return replace(self, at=self.at.replace(year=self.at.year + steps))
        number = self.at.year * 12 + self.at.month - 1 + steps
        return replace(self, at=date(number // 12, number % 12 + 1, 1))

    def last_year(self) -> "Span":
        """Return the same day or month of the year before; the 29th of February has the 28th."""
        if self.kind != DAY:
            return self.moved(-12 if self.kind == MONTH else -1)
        leap = self.at.month == 2 and self.at.day == 29  # noqa: PLR2004 - the leap day
        return replace(
            self, at=self.at.replace(year=self.at.year - 1, day=28 if leap else self.at.day)
        )

    def of_kind(self, kind: str, today: date) -> "Span":
        """Return a wider or narrower look at the same time; a day is today where it is shown."""
        period = self.period
        if kind == DAY:
            last = period.end - timedelta(days=1)
            return replace(self, kind=DAY, at=min(today, last))
        if kind == YEAR:
            return replace(self, kind=YEAR, at=date(self.month.year, 1, 1))
        shown = Month.holding(today, self.closes) if self.kind == YEAR else self.month
        if self.kind == YEAR and shown.year != self.at.year:
            shown = Month(self.at.year, 12)
        return replace(self, kind=MONTH, at=shown.first())

    def counted_by(self, by: str) -> "Span":
        """Return the same month counted as billed, or as in the calendar."""
        return replace(self, by=by)

    def args(self) -> dict[str, str]:
        """Return the span as the address says it."""
        at = {DAY: self.at.isoformat(), MONTH: f"{self.at:%Y-%m}", YEAR: f"{self.at:%Y}"}
        by = {"by": CALENDAR} if self.by == CALENDAR else {}
        return {"view": self.kind, "at": at[self.kind]} | by


def span_of(args: Mapping[str, str], today: date, closing_day: int) -> Span:
    """Return the span that an address asks for; a bad value counts as absent."""
    kind = args.get("view", MONTH)
    kind = kind if kind in KINDS else MONTH
    by = CALENDAR if args.get("by") == CALENDAR else BILLING
    span = Span(kind, today, by, closing_day)
    usual = Month.holding(today, span.closes)
    default = {DAY: today, MONTH: usual.first(), YEAR: date(usual.year, 1, 1)}[kind]
    return replace(span, at=_at(kind, args.get("at", "")) or default)


def _at(kind: str, text: str) -> date | None:
    try:
        if kind == MONTH:
            return Month.parse(text).first()
        found = date.fromisoformat(f"{text}-01-01" if kind == YEAR else text)
    except (ValueError, ValueRefused):
        return None
    return found if found.year in YEARS else None
