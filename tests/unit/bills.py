"""Bills in words for the pure core: two channels of a few days each, their terms, the bill."""

from collections.abc import Sequence
from datetime import date, timedelta

from shared.billing.bill import Bill, bill
from shared.billing.terms import DayTerms, Schedule
from shared.energy.boundaries import Boundary, How
from shared.energy.periods import ChannelDays, DayQuality, Register
from shared.months import Period, instant

START = date(2024, 1, 16)
JANUARY = Period(START, date(2024, 2, 16))
OLD = date(2020, 12, 16)
TERMS = DayTerms(contract_given=True, start=OLD, base_yen=980, use_sen=2700, export_sen=1600)
BLANK = DayTerms(contract_given=True, base_yen=980, use_sen=2700, export_sen=1600)


def day(n: int) -> date:
    """Return the day some days after the first one."""
    return START + timedelta(days=n)


def edge(at: date, how: How = How.EXACT, *, wh: int = 0, read_at: int | None = None) -> Boundary:
    """Return a boundary of a day, read at its 00:00 where nothing else is said."""
    read = instant(at) if read_at is None else read_at
    return Boundary(at, wh, wh, 0, how, read, read)


def a_channel(
    *day_wh: int | None,
    opening: How | None = How.EXACT,
    closing: How | None = How.EXACT,
    qualities: Sequence[DayQuality] = (),
    certified_until: date | None = date(2030, 12, 1),
) -> ChannelDays:
    """Return a channel of registers with these Wh on the days from the first one on."""
    span = Period(START, day(len(day_wh)))
    known = None not in day_wh and opening is not None and closing is not None
    total = sum(wh for wh in day_wh if wh is not None) if known else None
    missing, measured = DayQuality.MISSING, DayQuality.MEASURED
    row = Register(
        "", certified_until, 0, 0, instant(START), opening, total, instant(span.end), closing, total
    )
    return ChannelDays(
        span=span,
        day_wh=day_wh,
        qualities=tuple(qualities or (missing if wh is None else measured for wh in day_wh)),
        opening=None if opening is None else edge(START, opening),
        closing=None if closing is None else edge(span.end, closing, wh=total or 0),
        total_wh=total,
        registers=(row,),
    )


def try_bill(
    pv: ChannelDays, export: ChannelDays, *terms: DayTerms | tuple[int, DayTerms],
    running: bool = False,
) -> Bill | None:  # fmt: skip
    """Return the bill of two channels; terms hold from the first day, or (n, terms) from later."""
    told: Schedule = [
        (day(entry[0]), entry[1]) if isinstance(entry, tuple) else (START, entry)
        for entry in terms or (TERMS,)
    ]
    return bill(told, pv, export, JANUARY, running=running)


def a_bill(
    pv: ChannelDays, export: ChannelDays, *terms: DayTerms | tuple[int, DayTerms],
    running: bool = False,
) -> Bill:  # fmt: skip
    """Return the bill of two channels, which there is."""
    made = try_bill(pv, export, *terms, running=running)
    assert made is not None
    return made
