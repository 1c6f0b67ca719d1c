"""Estimated registers stand only where nothing is known, and their days are shared out evenly."""

import pytest

from shared.energy.boundaries import Boundary, How
from shared.energy.periods import ChannelDays, ChannelFacts, DayQuality, days
from shared.energy.readings import MeterEvent
from shared.months import Period, instant
from tests.unit.bills import START, day, edge

SPAN = Period(START, day(4))
ESTIMATED, MEASURED = DayQuality.ESTIMATED, DayQuality.MEASURED


def over(registers: dict[int, int], estimates: dict[int, int], *events: MeterEvent) -> ChannelDays:
    """Return four days of registers and estimates, each in Wh at the midnight of a day."""
    known = {day(n): edge(day(n), wh=wh)._replace(ledger=wh + 7_000) for n, wh in registers.items()}
    guessed = {day(n): wh for n, wh in estimates.items()}
    return days(SPAN, ChannelFacts(known, events=events, estimates=guessed))


@pytest.mark.parametrize(
    ("registers", "estimates", "day_wh"),
    [
        ({0: 1_000}, {4: 41_000}, (10_000, 10_000, 10_000, 10_000)),
        ({0: 1_000, 1: 3_000, 2: 5_000}, {4: 25_000}, (2_000, 2_000, 10_000, 10_000)),
        ({0: 1_000, 1: 3_000, 2: 5_000, 3: 6_000}, {4: 7_000}, (2_000, 2_000, 1_000, 1_000)),
        ({0: 1_000, 2: 5_000}, {4: 7_000}, (None, None, 1_000, 1_000)),
        # the register goes up by 6.25 a day; each is taken down to 10 Wh
        ({0: 1_003}, {4: 1_028}, (0, 10, 10, 0)),
        # a register may be estimated to stand still, but never to go back
        ({0: 1_000}, {4: 1_000}, (0, 0, 0, 0)),
        ({0: 1_000}, {4: 999}, (None, None, None, None)),
        # what was read stands
        ({0: 1_000, 4: 5_000}, {4: 9_000}, (None, None, None, None)),
        ({0: 1_000}, {0: 500, 4: 5_000}, (1_000, 1_000, 1_000, 1_000)),
        # nothing to go on from
        ({}, {4: 9_000}, (None, None, None, None)),
        ({0: 1_000}, {3: 9_000}, (None, None, None, None)),
        # an opening may be estimated, and the closing then too
        ({}, {0: 1_000, 4: 5_000}, (1_000, 1_000, 1_000, 1_000)),
        ({}, {0: 1_000}, (None, None, None, None)),
    ],
)
def test_days_up_to_an_estimated_closing_are_shared_out_from_the_last_register(
    registers: dict[int, int], estimates: dict[int, int], day_wh: tuple[int | None, ...]
) -> None:
    found = over(registers, estimates).day_wh
    assert found == day_wh
    assert not any(isinstance(wh, float) for wh in found)


def test_an_estimated_closing_goes_on_with_the_meter_and_the_ledger_before_it() -> None:
    known = edge(START, wh=1_005)._replace(ledger=200, meter_at=77)
    facts = ChannelFacts({START: known}, estimates={SPAN.end: 5_004})
    span = days(SPAN, facts)
    at = instant(SPAN.end)
    assert span.closing == Boundary(SPAN.end, 5_004, 4_200, 77, How.ESTIMATED, at, at)
    assert span.total_wh == 4_000
    assert span.qualities == (ESTIMATED,) * 4
    assert span.shared_out == {day(n) for n in (1, 2, 3, 4)}


def test_days_before_the_last_known_register_stay_measured() -> None:
    span = over({0: 1_000, 1: 2_000}, {4: 5_000})
    assert span.qualities == (MEASURED, ESTIMATED, ESTIMATED, ESTIMATED)
    assert span.shared_out == {day(2), day(3), day(4)}


@pytest.mark.parametrize(
    ("put_in", "meter_at"),
    [
        ((), 0),
        ((instant(START) - 9, instant(START) - 5), instant(START) - 5),
        ((instant(START) - 5, instant(START)), instant(START)),
        ((instant(START) - 5, instant(START) + 1), instant(START) - 5),
        ((instant(START) + 1,), 0),
    ],
)
def test_an_estimated_opening_is_of_the_meter_then_in_place(
    put_in: tuple[int, ...], meter_at: int
) -> None:
    opening = over({}, {0: 1_000}, *(MeterEvent(at, "A", 0) for at in put_in)).opening
    at = instant(START)
    assert opening == Boundary(START, 1_000, 0, meter_at, How.ESTIMATED, at, at)


def test_an_estimated_opening_only_opens() -> None:
    span = over({2: 5_000, 4: 9_000}, {0: 1_000, 4: 1})
    assert span.day_wh == (None, None, None, None)
    assert (span.opening is not None, span.closing is not None) == (True, True)
