"""Whether generation and export begin and end at the same boundary (decision 21)."""

from dataclasses import replace
from datetime import date

import pytest

from shared.billing.bill import opens_and_closes_alike
from shared.energy.boundaries import Boundary, How
from shared.energy.periods import ChannelDays, DayFacts, finished_days
from tests.unit.bills import START, a_bill, a_channel, day, edge
from tests.unit.homes import at

DAYS = 5


def registers(opening: Boundary | None) -> ChannelDays:
    """Return a channel of registers that opens so."""
    return replace(a_channel(*[100] * DAYS), opening=opening)


def first(read_at: str, on: date = START) -> Boundary:
    """Return the boundary of a channel whose first register was read then."""
    return edge(on, How.FIRST, read_at=at(read_at))


def finished(*day_wh: int, first_day: date | None = None) -> ChannelDays:
    """Return a channel of finished days."""
    values = {day(n): wh for n, wh in enumerate(day_wh)}
    return finished_days(a_channel(*[0] * DAYS).span, DayFacts(values, first_day))


def alike(one: ChannelDays, other: ChannelDays) -> bool:
    """Say whether two channels begin and end alike, whichever of them is generation."""
    said = {
        opens_and_closes_alike(a_bill(pv, export, running=True))
        for pv, export in ((one, other), (other, one))
    }
    assert len(said) == 1
    return said.pop()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (edge(START), edge(START), True),
        (edge(START, How.NIGHT, read_at=at("2024-01-15 23:30")), edge(START), True),
        (edge(START, How.INTERPOLATED), edge(START), True),
        (first("2024-01-17 10:00"), first("2024-01-17 10:00"), True),
        (first("2024-01-17 10:00"), first("2024-01-17 10:01"), False),
        (first("2024-01-17 10:00"), edge(START), False),
        (first("2024-01-17 10:00"), None, True),  # that is another reason
        (None, None, True),
    ],
)
def test_registers_begin_alike_unless_one_of_them_begins_inside(
    one: Boundary | None, other: Boundary | None, *, expected: bool
) -> None:
    assert alike(registers(one), registers(other)) is expected


def test_registers_must_also_end_alike() -> None:
    ends = first("2024-01-21 10:00", day(DAYS))
    channel = a_channel(*[100] * DAYS)
    assert not alike(replace(channel, closing=ends), channel)
    assert alike(replace(channel, closing=ends), replace(channel, closing=ends))
    assert alike(replace(channel, closing=ends), replace(channel, closing=None))
    assert not alike(replace(channel, closing=ends), replace(channel, opening=None))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(None, None, True), (day(2), day(2), True), (day(2), day(3), False), (day(2), None, False)],
)
def test_finished_days_begin_alike_where_their_first_day_is_the_same(
    one: date | None, other: date | None, *, expected: bool
) -> None:
    channels = [finished(*[100] * DAYS, first_day=begun) for begun in (one, other)]
    assert alike(*channels) is expected


@pytest.mark.parametrize(
    ("opening", "begun", "expected"),
    [
        (edge(START), None, True),
        (None, None, True),
        (edge(START), day(2), False),
        (None, day(2), False),
        (first("2024-01-17 20:00"), day(2), True),
        (first("2024-01-18 03:30"), day(2), True),
        (first("2024-01-18 03:31"), day(2), False),
        (first("2024-01-17 19:59"), day(2), False),
        (first("2024-01-18 00:00"), day(3), False),
    ],
)
def test_a_first_finished_day_goes_with_a_first_register_of_its_own_midnight(
    opening: Boundary | None, begun: date | None, *, expected: bool
) -> None:
    assert alike(registers(opening), finished(*[100] * DAYS, first_day=begun)) is expected


@pytest.mark.parametrize(
    ("opening", "day_wh", "expected"),
    [
        (first("2024-01-18 10:00"), (0, 0, 0, 100, 100), True),
        (first("2024-01-18 10:00"), (0, 0, 10, 100, 100), False),
        (first("2024-01-18 00:00"), (0, 0, 100, 100, 100), True),
        (first("2024-01-17 23:00"), (0, 0, 100, 100, 100), True),
        (first("2024-01-18 00:00"), (0, 10, 100, 100, 100), False),
        (first("2024-01-16 00:00"), (100, 100, 100, 100, 100), True),
    ],
)
def test_days_from_before_go_with_a_first_register_where_they_counted_nothing_until_then(
    opening: Boundary, day_wh: tuple[int, ...], *, expected: bool
) -> None:
    assert alike(registers(opening), finished(*day_wh)) is expected
