"""From boundaries, pins and finished days to a span's days, its total and its registers."""

from dataclasses import replace
from datetime import date

import pytest

from shared.energy.boundaries import Boundary, How
from shared.energy.periods import (
    ChannelDays,
    ChannelFacts,
    DayFacts,
    DayQuality,
    days,
    finished_days,
    is_measured,
    stand,
    worst,
)
from shared.energy.readings import METER, MeterEvent, Point
from shared.months import Period, instant
from tests.unit.bills import START, day
from tests.unit.homes import at

SPAN = Period(START, day(4))
MEASURED, ALLOCATED, MISSING = DayQuality.MEASURED, DayQuality.ALLOCATED, DayQuality.MISSING
SWAP = at("2024-01-17 10:00")
A1 = MeterEvent(at("2020-01-01 10:00"), "A1", 0, certified_until=date(2030, 1, 1))
B2 = MeterEvent(SWAP, "B2", 200, 1_014_000, certified_until=date(2034, 1, 1))


def known(
    n: int, wh: int, how: How = How.EXACT, *, ledger: int | None = None, meter_at: int = 0
) -> Boundary:
    """Return the register of the midnight some days after the first."""
    read = instant(day(n))
    return Boundary(day(n), wh, wh if ledger is None else ledger, meter_at, how, read, read)


def over(*boundaries: Boundary, facts: ChannelFacts | None = None) -> ChannelDays:
    """Return four days of some boundaries."""
    told = {one.day: one for one in boundaries}
    return days(SPAN, replace(facts or ChannelFacts({}), boundaries=told))


def test_a_day_is_the_step_of_the_ledger_between_its_two_midnights() -> None:
    span = over(*(known(n, 1_000 * n * n, ledger=500 + 10 * n * n) for n in range(5)))
    assert span.day_wh == (10, 30, 50, 70)
    assert span.total_wh == 160
    assert span.qualities == (MEASURED,) * 4
    assert (span.span, span.of_registers, span.begun) == (SPAN, True, None)


def test_a_gap_leaves_its_days_unknown_and_the_total_exact() -> None:
    span = over(known(0, 0), known(1, 10), known(3, 70), known(4, 90))
    assert span.day_wh == (10, None, None, 20)
    assert span.qualities == (MEASURED, MISSING, MISSING, MEASURED)
    assert span.total_wh == 90


@pytest.mark.parametrize("missing", [0, 4])
def test_without_both_edges_there_is_no_total(missing: int) -> None:
    span = over(*(known(n, 10 * n) for n in range(5) if n != missing))
    assert span.total_wh is None
    assert (span.opening is None, span.closing is None) == (missing == 0, missing == 4)
    assert [wh is None for wh in span.day_wh] == [missing == 0, False, False, missing == 4]


@pytest.mark.parametrize(
    ("how", "quality", "shared_out"),
    [
        (How.EXACT, MEASURED, False),
        (How.NIGHT, MEASURED, False),
        (How.STILL, MEASURED, False),
        (How.FIRST, MEASURED, False),
        (How.INTERPOLATED, ALLOCATED, True),
        (How.MANUAL, DayQuality.MANUAL, False),
        (How.ESTIMATED, DayQuality.ESTIMATED, True),
    ],
)
def test_both_days_beside_a_boundary_are_as_trustworthy_as_it_is(
    how: How, quality: DayQuality, *, shared_out: bool
) -> None:
    span = over(*(known(n, 10 * n, how if n == 2 else How.EXACT) for n in range(5)))
    assert span.qualities == (MEASURED, quality, quality, MEASURED)
    assert span.shared_out == ({day(2)} if shared_out else set())


def test_the_worst_of_some_qualities_is_the_least_trustworthy() -> None:
    order = [MEASURED, ALLOCATED, DayQuality.ESTIMATED, DayQuality.MANUAL, MISSING]
    for n, quality in enumerate(order):
        assert worst(*order[: n + 1]) == quality
        assert worst(quality, MEASURED) == quality


@pytest.mark.parametrize(
    ("how", "sure"),
    [
        (How.EXACT, True), (How.NIGHT, True), (How.STILL, True), (How.FIRST, True),
        (How.DAYS, True), (How.INTERPOLATED, False), (How.MANUAL, False), (How.ESTIMATED, False),
    ],
)  # fmt: skip
def test_a_boundary_is_measured_unless_a_person_or_a_line_gave_it(how: How, *, sure: bool) -> None:
    assert is_measured(known(0, 0, how)) is sure


def test_a_boundary_that_is_not_known_is_not_measured() -> None:
    assert not is_measured(None)


def test_doubts_beside_either_edge_are_told_and_those_within_are_not() -> None:
    doubtful = [
        known(n, n)._replace(doubts=doubts)
        for n, doubts in ((0, ("b", "a")), (2, ("within",)), (4, ("c", "a")))
    ]
    late = ChannelFacts({}, late_doubts=("late",))
    assert over(*doubtful, facts=late).doubts == ("a", "b", "c")
    assert over(*doubtful[:2], facts=late).doubts == ("a", "b", "late")
    assert over(doubtful[2]).doubts == ("a", "c")


# -- pins (decision 16) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("register", "pin", "expected"),
    [
        (None, None, None),
        (known(1, 5), None, known(1, 5)),
        (None, known(1, 7), known(1, 7)),
        # an issued bill's register stands, and the ledger moves by the taken-down difference
        (
            known(1, 1_009, How.NIGHT, ledger=500),
            known(1, 1_031, How.MANUAL, ledger=0),
            known(1, 1_031, How.MANUAL, ledger=530),
        ),
        (
            known(1, 1_031, ledger=500),
            known(1, 1_009, ledger=0),
            known(1, 1_009, ledger=470),
        ),
        # of another meter: no difference between two meters' registers
        (
            known(1, 1_009, ledger=500, meter_at=SWAP),
            known(1, 9_999, ledger=0),
            known(1, 9_999, ledger=500),
        ),
        # a swap at this very midnight: the pin is the old meter's, which closed the bill before
        (
            known(1, 200, ledger=500, meter_at=instant(day(1))),
            known(1, 9_999, ledger=0),
            known(1, 200, ledger=500, meter_at=instant(day(1))),
        ),
    ],
)
def test_bills_read_the_pinned_register_of_a_day(
    register: Boundary | None, pin: Boundary | None, expected: Boundary | None
) -> None:
    facts = ChannelFacts(
        {} if register is None else {day(1): register}, pins={} if pin is None else {day(1): pin}
    )
    assert facts.at(day(1)) == expected
    assert facts.at(day(2)) is None


# -- a channel that begins inside (rule `first`) -----------------------------------------------


def first(when: str, wh: int = 5_000) -> ChannelFacts:
    """Return a channel whose first register was read then."""
    return ChannelFacts({}, Point(at(when), wh, 0, A1.at, METER), (A1,))


def test_days_before_the_first_register_hold_nothing_and_it_opens() -> None:
    facts = first("2024-01-17 10:00")
    span = over(*(known(n, 5_000 + n, ledger=10 * n) for n in (2, 3, 4)), facts=facts)
    read = at("2024-01-17 10:00")
    assert span.opening == Boundary(START, 5_000, 0, A1.at, How.FIRST, read, read)
    assert span.day_wh == (0, 20, 10, 10)
    assert (span.total_wh, span.qualities) == (40, (MEASURED,) * 4)


def test_a_channel_that_begins_on_the_first_day_opens_it_at_that_register() -> None:
    span = over(
        *(known(n, 5_000, ledger=10 * n) for n in range(1, 5)), facts=first("2024-01-16 12:00")
    )
    assert (span.day_wh, span.total_wh) == ((10, 10, 10, 10), 40)


def test_a_first_register_before_midnight_leaves_that_midnight_to_the_boundaries() -> None:
    span = over(known(4, 9_000, ledger=40), facts=first("2024-01-17 10:00"))
    assert span.day_wh == (0, None, None, None)
    assert span.total_wh == 40


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        ("2024-01-15 23:59", False),
        ("2024-01-16 00:00", True),
        ("2024-01-19 23:59", True),
        ("2024-01-20 00:00", False),
    ],
)
def test_only_a_first_register_inside_the_span_opens_it(when: str, *, opens: bool) -> None:
    span = over(known(4, 5_000, ledger=0), facts=first(when))
    assert (span.opening is not None) is opens


def test_a_known_opening_is_never_replaced_by_a_first_register() -> None:
    span = over(known(0, 4_000), known(4, 9_000), facts=first("2024-01-17 10:00"))
    assert span.opening == known(0, 4_000)


# -- finished days (decision 3) ------------------------------------------------------------------


def finished(values: dict[int, int], **facts: object) -> ChannelDays:
    """Return four finished days, each told by a device."""
    told = DayFacts({day(n): wh for n, wh in values.items()})
    return finished_days(SPAN, replace(told, **facts))  # type: ignore[arg-type]


def test_finished_days_are_summed_up_each_taken_down_to_10_wh() -> None:
    span = finished({0: 1_009, 1: 2_019, 2: 30, 3: 40, 4: 9_999})
    assert span.day_wh == (1_000, 2_010, 30, 40)
    assert span.total_wh == 3_080
    assert span.qualities == (MEASURED,) * 4
    assert (span.span, span.of_registers, span.doubts) == (SPAN, False, ())
    assert (span.opening, span.closing, span.begun) == (None, None, None)
    (row,) = span.registers
    assert (row.serial, row.certified_until, row.meter_at) == ("", None, 0)
    assert (row.opening_wh, row.opening_at, row.opening_how) == (None, None, How.DAYS)
    assert (row.closing_wh, row.closing_at, row.closing_how) == (None, None, How.DAYS)
    assert row.energy_wh == 3_080


def test_a_missing_finished_day_leaves_the_total_unknown() -> None:
    span = finished({0: 10, 1: 20, 3: 40})
    assert span.day_wh == (10, 20, None, 40)
    assert span.qualities == (MEASURED, MEASURED, MISSING, MEASURED)
    assert (span.total_wh, span.registers[0].energy_wh) == (None, None)


@pytest.mark.parametrize(
    ("first_day", "begun", "day_wh"),
    [
        (None, None, (None, None, 10, 10)),
        (day(2), day(2), (0, 0, 10, 10)),
        (day(1), day(1), (0, None, 10, 10)),
        (START, None, (None, None, 10, 10)),
        (day(-1), None, (None, None, 10, 10)),
        (day(3), day(3), (0, 0, 0, 10)),
        (day(4), None, (None, None, 10, 10)),
    ],
)
def test_days_before_the_very_first_finished_one_hold_nothing(
    first_day: date | None, begun: date | None, day_wh: tuple[int | None, ...]
) -> None:
    span = finished({2: 10, 3: 10}, first_day=first_day)
    assert (span.begun, span.day_wh) == (begun, day_wh)


@pytest.mark.parametrize(
    ("disputed", "doubts"),
    [
        ((day(-1), day(4)), ()),
        ((START,), ("reading_conflict",)),
        ((day(-1), day(3)), ("reading_conflict",)),
    ],
)
def test_a_day_that_was_told_in_two_ways_puts_its_span_in_doubt(
    disputed: tuple[date, ...], doubts: tuple[str, ...]
) -> None:
    assert finished({}, disputed=disputed).doubts == doubts


@pytest.mark.parametrize(
    ("told", "stands", "in_dispute"),
    [
        ((1_000,), 1_000, False),
        ((1_000, 1_024), 1_000, False),  # 24 hours, each rounded
        ((1_000, 976), 1_000, False),
        ((1_000, 1_025), 1_025, True),
        ((1_000, 975), 975, True),
        ((1_000, 2_000, 1_000), 1_000, True),
        ((1_000, 1_020, 1_010), 1_000, False),
    ],
)
def test_the_first_telling_of_a_day_stands_against_rounding_and_the_newest_against_a_change(
    told: tuple[int, ...], stands: int, *, in_dispute: bool
) -> None:
    assert stand(told) == (stands, in_dispute)
