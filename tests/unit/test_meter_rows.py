"""A row for each meter that was in place during a span (decision 4, domain.md 6.4)."""

from dataclasses import astuple, replace
from datetime import date

import pytest

from shared.energy.boundaries import Boundary, How
from shared.energy.periods import ChannelFacts, Register, days
from shared.energy.readings import METER, MeterEvent, Point
from shared.months import Period, instant
from tests.unit.bills import START, day
from tests.unit.homes import at

SPAN = Period(START, day(4))
SWAP = at("2024-01-17 10:00")
A1 = MeterEvent(at("2020-01-01 10:00"), "A1", 0, certified_until=date(2030, 1, 1))
B2 = MeterEvent(SWAP, "B2", 200, 1_014_000, certified_until=date(2034, 1, 1))
C3 = MeterEvent(SWAP + 3600, "C3", 50, 300)
OLD_CLOSE = Point(SWAP, 1_014_000, 44_000, A1.at, METER)


def known(n: int, wh: int, ledger: int, meter_at: int, how: How = How.EXACT) -> Boundary:
    """Return the register of the midnight some days after the first, read a minute before."""
    read = instant(day(n)) - 60
    return Boundary(day(n), wh, ledger, meter_at, how, read, read)


OPENING = known(0, 1_000_000, 30_000, A1.at, How.NIGHT)
SWAPPED = ChannelFacts({}, events=(A1, B2), closes={SWAP: OLD_CLOSE})


def rows(facts: ChannelFacts, *boundaries: Boundary) -> list[tuple[object, ...]]:
    """Return serial, opening, closing and energy of each meter of four days."""
    return [
        (row.serial, row.opening_wh, row.closing_wh, row.energy_wh)
        for row in registers(facts, *boundaries)
    ]


def registers(facts: ChannelFacts, *boundaries: Boundary) -> tuple[Register, ...]:
    """Return the rows of four days."""
    return days(SPAN, replace(facts, boundaries={one.day: one for one in boundaries})).registers


def test_one_meter_has_one_row_that_tells_both_registers_and_when_they_were_read() -> None:
    closing = known(4, 1_040_009, 70_000, A1.at)
    (row,) = registers(replace(SWAPPED, events=(A1,)), OPENING, closing)
    assert astuple(row) == (
        "A1", date(2030, 1, 1), A1.at,
        1_000_000, OPENING.read_at, How.NIGHT, 1_040_009, closing.read_at, How.EXACT, 40_000,
    )  # fmt: skip


def test_a_swap_ends_one_row_and_begins_the_next_at_its_own_instant() -> None:
    closing = known(4, 26_200, 70_000, SWAP)
    old, new = registers(SWAPPED, OPENING, closing)
    assert astuple(old) == (
        "A1", date(2030, 1, 1), A1.at,
        1_000_000, OPENING.read_at, How.NIGHT, 1_014_000, SWAP, How.EXACT, 14_000,
    )  # fmt: skip
    assert astuple(new) == (
        "B2", date(2034, 1, 1), SWAP,
        200, SWAP, How.EXACT, 26_200, closing.read_at, How.EXACT, 26_000,
    )  # fmt: skip


def test_a_meter_that_nobody_recorded_has_no_name() -> None:
    (row,) = registers(ChannelFacts({}), known(0, 10, 0, 0), known(4, 20, 10, 0))
    assert (row.serial, row.certified_until, row.meter_at) == ("", None, 0)


def test_two_swaps_give_three_rows_each_with_its_own_difference() -> None:
    facts = ChannelFacts(
        {},
        events=(A1, B2, C3),
        closes={SWAP: OLD_CLOSE, C3.at: Point(C3.at, 300, 44_100, SWAP, METER)},
    )
    assert rows(facts, OPENING, known(4, 950, 45_000, C3.at)) == [
        ("A1", 1_000_000, 1_014_000, 14_000),
        ("B2", 200, 300, 100),
        ("C3", 50, 950, 900),
    ]


def test_a_swap_of_another_time_gives_no_row() -> None:
    """One before the span, or at its first midnight, and one after it."""
    early, at_start = replace(B2, at=instant(START) - 60), replace(B2, at=instant(START))
    late = replace(C3, at=instant(SPAN.end) + 1)
    for event in (early, at_start):
        facts = ChannelFacts({}, events=(A1, event, late))
        opening, closing = known(0, 200, 0, event.at), known(4, 900, 700, event.at)
        assert rows(facts, opening, closing) == [("B2", 200, 900, 700)]


def test_a_swap_at_the_last_midnight_closes_the_old_meter_and_shows_no_new_one() -> None:
    swap = replace(B2, at=instant(SPAN.end))
    closes = {swap.at: Point(swap.at, 1_014_000, 44_000, A1.at, METER)}
    facts = ChannelFacts({}, events=(A1, swap), closes=closes)
    (row,) = registers(facts, OPENING, known(4, 200, 44_000, swap.at))
    assert (row.serial, row.closing_wh, row.closing_at) == ("A1", 1_014_000, swap.at)
    assert row.energy_wh == 14_000


def test_without_a_closing_the_last_meter_shows_how_it_opened() -> None:
    assert rows(SWAPPED, OPENING) == [
        ("A1", 1_000_000, 1_014_000, 14_000),
        ("B2", 200, None, None),
    ]
    assert rows(replace(SWAPPED, events=(A1,)), OPENING) == [("A1", 1_000_000, None, None)]


def test_without_an_opening_there_is_no_difference_of_the_first_meter() -> None:
    closing = known(4, 26_200, 70_000, SWAP)
    assert rows(SWAPPED, closing) == [
        ("A1", None, 1_014_000, None),
        ("B2", 200, 26_200, 26_000),
    ]
    assert rows(SWAPPED) == [("A1", None, 1_014_000, None), ("B2", 200, None, None)]
    assert rows(ChannelFacts({})) == []
    assert rows(ChannelFacts({}), known(4, 900, 700, 0)) == [("", None, 900, None)]


def test_a_closing_alone_is_named_by_its_meter() -> None:
    assert rows(ChannelFacts({}, events=(A1,)), known(4, 900, 700, A1.at)) == [
        ("A1", None, 900, None)
    ]


def test_a_first_meter_put_in_inside_the_span_opens_it_with_one_row() -> None:
    facts = ChannelFacts({}, Point(SWAP, 200, 0, SWAP, METER), (B2,))
    (row,) = registers(facts, known(4, 26_200, 26_000, SWAP))
    assert (row.serial, row.opening_wh, row.opening_at) == ("B2", 200, SWAP)
    assert (row.opening_how, row.energy_wh) == (How.FIRST, 26_000)


@pytest.mark.parametrize("closes_at", [1_014_000, 999_000])
def test_a_pinned_opening_of_a_meter_no_longer_known_to_be_there_gives_no_difference(
    closes_at: int,
) -> None:
    """A swap before the span was recorded after the bill before had been issued."""
    early = replace(B2, at=instant(START) - 7200)
    facts = ChannelFacts({}, events=(A1, early), pins={START: OPENING})
    opening = known(0, 250, 44_050, early.at)
    assert rows(facts, opening, known(4, closes_at, 70_000, early.at)) == [
        ("A1", 1_000_000, None, None),
        ("B2", None, closes_at, None),
    ]


def test_a_swap_inside_the_span_closes_the_meter_that_was_in_place_and_not_the_pinned_one() -> None:
    early, later = replace(B2, at=instant(START) - 7200), replace(C3, removed_wh=14_250)
    facts = ChannelFacts(
        {}, events=(A1, early, later), pins={START: OPENING},
        closes={later.at: Point(later.at, 14_250, 58_050, early.at, METER)},
    )  # fmt: skip
    opening, closing = known(0, 250, 44_050, early.at), known(4, 12_000, 70_000, later.at)
    assert rows(facts, opening, closing) == [
        ("A1", 1_000_000, None, None),
        ("B2", None, 14_250, None),
        ("C3", 50, 12_000, 11_950),
    ]


@pytest.mark.parametrize(
    ("swapped", "removed", "closed", "doubts"),
    [
        ("2024-01-17 10:00", 900_000, "2024-01-17 09:00", ("register_back",)),
        ("2024-01-17 10:00", 900_000, "2024-01-17 10:00", ()),
        ("2024-01-17 10:00", None, "2024-01-17 09:00", ()),  # nobody read it
        ("2024-01-20 00:00", 900_000, "2024-01-19 09:00", ("register_back",)),
        ("2024-01-20 00:01", 900_000, "2024-01-19 09:00", ()),
        ("2024-01-16 00:00", 900_000, "2024-01-15 09:00", ()),  # that is the bill before
    ],
)
def test_a_removal_register_that_was_set_aside_puts_the_bill_of_its_day_in_doubt(
    swapped: str, removed: int | None, closed: str, doubts: tuple[str, ...]
) -> None:
    event = replace(B2, at=at(swapped), removed_wh=removed)
    closes = {event.at: Point(at(closed), 1_014_000, 44_000, A1.at, METER)}
    first = replace(A1, removed_wh=5)  # it ended no meter of ours
    facts = ChannelFacts({START: OPENING}, events=(first, event), closes=closes)
    assert days(SPAN, facts).doubts == doubts
