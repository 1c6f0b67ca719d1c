"""Billing months, their periods, and the days of Japan (UTC+9, no daylight saving)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from shared.errors import ValueRefused

JST_S = 9 * 3600
DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_MONTH = re.compile(r"(20\d\d)[-/](0[1-9]|1[0-2])", re.ASCII)

MONTH_END = 31
"""The closing day that stands for the last day of every month."""


def instant(day: date) -> int:
    """Return the UTC second at which a day begins in Japan (00:00 JST)."""
    return (day.toordinal() - _EPOCH) * DAY_S - JST_S


def day_of(at: int) -> date:
    """Return the day in Japan that holds a UTC second."""
    return date.fromordinal((at + JST_S) // DAY_S + _EPOCH)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` up to and without `end`."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        """Say whether a day lies in the period."""
        return self.start <= day < self.end

    def __len__(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days

    def days(self) -> Iterator[date]:
        """Yield each day in order."""
        first = self.start.toordinal()
        return (date.fromordinal(first + n) for n in range(len(self)))


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A billing month, named by the month in which its period starts (domain.md D1)."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read `2024-01` or `2024/01`, 2000-01 to 2099-12; raises ValueRefused."""
        match = _MONTH.fullmatch(text)
        if not match:
            raise ValueRefused(f"{text!r} is not a month such as 2024-01")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def holding(cls, day: date, closing_day: int) -> "Month":
        """Return the month whose period holds a day."""
        own = cls(day.year, day.month)
        return own if day >= own.start(closing_day) else own.previous()

    def first(self) -> date:
        """Return the first day of the calendar month, as the database keeps it."""
        return date(self.year, self.month, 1)

    def next(self) -> "Month":
        """Return the month after."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> "Month":
        """Return the month before."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def period(self, closing_day: int) -> Period:
        """Return the days billed under this name: the day after closing to the next closing."""
        return Period(self.start(closing_day), self.next().start(closing_day))

    def start(self, closing_day: int) -> date:
        """Return the first day billed under this name."""
        if closing_day == MONTH_END:
            return self.first()
        return date(self.year, self.month, closing_day) + timedelta(days=1)

    def __str__(self) -> str:
        """Return `2024-01`."""
        return f"{self.year:04d}-{self.month:02d}"

    def slashed(self) -> str:
        """Return `2024/01`, as the screens and CSV files print it."""
        return f"{self.year:04d}/{self.month:02d}"


def month_of(first: date) -> Month:
    """Return the month that the database keeps as its first day."""
    return Month(first.year, first.month)


def due_on(issued_on: date, due_day: int) -> date:
    """Return the day by which a bill is to be paid: the due day of the month after its issue."""
    after = Month(issued_on.year, issued_on.month).next()
    if due_day == MONTH_END:
        return after.next().first() - timedelta(days=1)
    return date(after.year, after.month, due_day)


def invoice_no(month: Month, customer_no: str, revision: int = 1) -> str:
    """Return YYMM and the customer's number, with `-2`, `-3` … on revisions (domain.md D2)."""
    suffix = "" if revision == 1 else f"-{revision}"
    return f"{month.year % 100:02d}{month.month:02d}{customer_no}{suffix}"
