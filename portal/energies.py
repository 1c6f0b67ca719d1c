"""What the energy page tells of a span: its bars, its total, and what to compare it with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy.orm import Session

from portal.spans import BILLING, DAY, MONTH, YEAR, Span
from shared.energy.periods import DayQuality
from shared.invoices.documents import Document
from shared.invoices.live import live_bill
from shared.invoices.own import find_billed_days, find_own_bills, live_ones
from shared.invoices.rows import BillRow
from shared.months import Month, Period, day_of
from shared.telemetry.energies import (
    DayEnergies,
    Energy,
    find_day_energies,
    find_first_day,
    total_of,
)
from shared.telemetry.shapes import find_shape
from shared.telemetry.today import find_today


@dataclass(frozen=True, slots=True)
class Row:
    """A bar of the chart and a line of its table; `at` is a UTC second in a day's shape."""

    at: date | int
    energy: Energy
    span: Span | None = None
    is_estimated: bool = False

    @property
    def is_missing(self) -> bool:
        """Say whether nothing was received for it."""
        return self.energy.use_wh is None


@dataclass(frozen=True, slots=True)
class Told:
    """The bars and the total of a span; `bill_no` is the bill whose figures the total is."""

    rows: Sequence[Row]
    total: Energy
    period: Period
    bill_no: str | None = None
    is_running: bool = False
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same before, and what it is held against: both whole, or their `first` days or months."""

    span: Span
    before: Energy
    now: Energy
    first: int | None


@dataclass(slots=True)
class Home:
    """One homeowner's own energy and bills, asked for once."""

    session: Session
    customer_id: int
    now: int
    bills: Mapping[Month, BillRow] = field(init=False)
    live: Document | None = field(init=False)
    first_day: date = field(init=False)

    def __post_init__(self) -> None:
        """Ask for the bills that count, the one that runs, and since when anything is known."""
        own = live_ones(find_own_bills(self.session, self.customer_id))
        self.bills = {bill.month: bill for bill in own}
        self.live = live_bill(self.session, self.customer_id, self.now)
        read = find_first_day(self.session, self.customer_id)
        billed = [bill.period_start or bill.month.first() for bill in own]
        self.first_day = min([self.today, *billed, *([read] if read else [])])

    @property
    def today(self) -> date:
        """Return the day it is."""
        return day_of(self.now)

    def days(self, period: Period) -> DayEnergies:
        """Return days as their bills tell them, and else as they were measured."""
        found = find_day_energies(self.session, self.customer_id, period, self.now)
        days = dict(found.days)
        for day, row in find_billed_days(self.session, self.customer_id, period).items():
            days[day] = _billed(
                days.get(day, Energy()),
                (row.pv_wh, row.export_wh, row.use_wh),
                DayQuality(row.quality),
            )
        for told in self.live["days"] if self.live else ():
            day = date.fromisoformat(told["date"])
            if day in period and day < self.today:
                figures = (told["pv_wh"], told["export_wh"], told["use_wh"])
                days[day] = _billed(days.get(day, Energy()), figures, DayQuality(told["quality"]))
        begun = {day: days[day] for day in sorted(days) if day >= self.first_day}
        return DayEnergies(begun, found.total)


def _billed(
    measured: Energy, figures: tuple[int | None, int | None, int | None], quality: DayQuality
) -> Energy:
    """Return energy with generation, export and use as a bill tells them."""
    pv, export, use = figures
    return replace(measured, pv_wh=pv, export_wh=export, use_wh=use, quality=quality)


def tell(home: Home, span: Span) -> Told:
    """Return what a span shows."""
    return {DAY: _day, MONTH: _month, YEAR: _year}[span.kind](home, span)


def _day(home: Home, span: Span) -> Told:
    shape = find_shape(home.session, home.customer_id, span.at, home.now)
    rows = [Row(slot.at, slot.energy) for slot in shape.slots]
    known = total_of(row.energy for row in rows)
    if span.at == home.today:
        today = find_today(home.session, home.customer_id, home.now)
        figures = (today.pv_wh, today.export_wh, today.use_wh)
        total = known if today.use_wh is None else _billed(known, figures, DayQuality.MEASURED)
    else:
        total = home.days(span.period).days.get(span.at, Energy())
    return Told(rows, total, span.period, is_running=span.at == home.today, minutes=shape.minutes)


def _month(home: Home, span: Span) -> Told:
    bill = home.bills.get(span.month) if span.by == BILLING else None
    live = _is_of(home.live, span)
    period = span.period
    if bill and bill.period_start and bill.period_end:
        period = Period(bill.period_start, bill.period_end)
    elif live:
        period = Period(*(date.fromisoformat(live["period"][end]) for end in ("start", "end")))
    found = home.days(period)
    rows = [
        Row(day, energy, _look(span, DAY, day), energy.quality is not DayQuality.MEASURED)
        for day, energy in found.days.items()
    ]
    total, number = found.total, None
    if bill:
        figures, number = (bill.pv_wh, bill.export_wh, bill.use_wh), bill.invoice_no
        total = _billed(total, figures, DayQuality.MEASURED)
    elif live:
        figures, number = (live["pv_wh"], live["export_wh"], live["use_wh"]), live["invoice_no"]
        total = _billed(total, figures, DayQuality.MEASURED)
    return Told(rows, total, period, number, is_running=home.today in period)


def _is_of(live: Document | None, span: Span) -> Document | None:
    """Return the bill that runs where it is of the billing month shown."""
    return live if live and span.by == BILLING and live["month"] == str(span.month) else None


def _year(home: Home, span: Span) -> Told:
    found = home.days(span.period)
    rows = []
    for month in span.months:
        look = _look(span, MONTH, month.first())
        if look.period.start > home.today or look.period.end <= home.first_day:
            continue
        days = [energy for day, energy in found.days.items() if day in look.period]
        energy, is_estimated = total_of(days), False
        bill = home.bills.get(month) if span.by == BILLING else None
        live = _is_of(home.live, look)
        if bill:
            energy = _billed(energy, (bill.pv_wh, bill.export_wh, bill.use_wh), energy.quality)
            is_estimated = bill.quality == "C"
        elif live:
            figures = (live["pv_wh"], live["export_wh"], live["use_wh"])
            energy = _billed(energy, figures, energy.quality)
        rows.append(Row(month.first(), energy, look, is_estimated))
    return Told(
        rows,
        total_of(row.energy for row in rows),
        span.period,
        is_running=home.today in span.period,
    )


def _look(span: Span, kind: str, at: date) -> Span:
    return replace(span, kind=kind, at=at)


def compare(home: Home, span: Span, told: Told) -> list[Comparison]:
    """Return the span before and the same of last year, as far as anything is known of them.

    What still runs is compared with as many first days or months of them.
    """
    if span.kind == DAY and told.is_running:
        return []
    earlier = [span.moved(-1)] if span.kind == YEAR else [span.moved(-1), span.last_year()]
    found = []
    for other in earlier:
        before = tell(home, other)
        first = len(told.rows) if told.is_running and before.rows else None
        if span.kind == YEAR and first:
            first -= 1  # the month that runs is no whole one
        total = _first_of(before, first)
        is_alike = first is None or 0 < first <= len(before.rows)
        if total.use_wh is not None and is_alike:
            found.append(Comparison(other, total, _first_of(told, first), first))
    return found


def _first_of(told: Told, first: int | None) -> Energy:
    """Return the total of the first bars, or of the whole."""
    return told.total if first is None else total_of(row.energy for row in told.rows[:first])


def neighbours(home: Home, span: Span) -> tuple[Span | None, Span | None]:
    """Return the spans before and after, None where nothing can be there."""
    before, after = span.moved(-1), span.moved(1)
    is_there = before.period.end > home.first_day
    return before if is_there else None, after if after.period.start <= home.today else None
