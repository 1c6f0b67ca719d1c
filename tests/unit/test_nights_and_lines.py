"""Nights, standing registers and lines, on both sides of each limit (decision 4)."""

from datetime import date

import pytest

from shared.energy.boundaries import Boundary, How, boundaries, midnight_of
from shared.energy.quantities import Source
from shared.months import instant
from tests.unit.homes import a_ledger, at, midnight, read, swap


@pytest.mark.parametrize(
    ("before", "after", "wh"),
    [
        ("2024-01-15 22:00", "2024-01-16 02:00", 100_000),  # as near: the earlier
        ("2024-01-15 22:00", "2024-01-16 01:59", 100_050),
        ("2024-01-15 22:01", "2024-01-16 02:00", 100_000),
        ("2024-01-15 19:00", "2024-01-16 03:00", 100_050),
        ("2024-01-15 20:30", "2024-01-16 03:31", 100_000),
    ],
)
def test_the_nearest_reading_of_the_night_stands(before: str, after: str, wh: int) -> None:
    known = midnight(a_ledger(read(before, "100.00"), read(after, "100.05")), "2024-01-16")
    assert known is not None
    assert (known.how, known.wh, known.doubts) == (How.NIGHT, wh, ())
    assert known.read_at == known.until_at


def test_a_new_meter_says_nothing_about_the_old_ones_midnight() -> None:
    """Nobody read the old meter when it was taken down."""
    swapped = (swap("2024-01-16 00:10", None, "0"),)
    at_night = a_ledger(read("2024-01-15 22:00", "100"), events=swapped)
    known = midnight(at_night, "2024-01-16")
    assert known is not None
    assert (known.how, known.wh, known.meter_at) == (How.NIGHT, 100_000, 0)
    by_day = a_ledger(
        read("2024-01-15 12:00", "90"),
        read("2024-01-15 15:00", "100", Source.MANUAL),
        events=swapped,
    )
    start, end = at("2024-01-15 15:00"), at("2024-01-16 00:10")
    assert midnight(by_day, "2024-01-16") == Boundary(
        date(2024, 1, 16), 100_000, 10_000, 0, How.INTERPOLATED, start, end
    )


@pytest.mark.parametrize(
    ("source", "after", "how", "wh"),
    [
        (Source.IMPORT, "100.200", How.STILL, 100_000),
        (Source.IMPORT, "100.201", How.INTERPOLATED, 100_100),  # a line of 201 Wh, taken down
        (Source.MANUAL, "100.200", How.MANUAL, 100_000),
        (Source.MANUAL, "110.000", How.INTERPOLATED, 105_000),
    ],
)
def test_two_registers_at_most_200_wh_apart_stood_still(
    source: Source, after: str, how: How, wh: int
) -> None:
    ledger = a_ledger(read("2024-01-15 12:00", "100", source), read("2024-01-16 12:00", after))
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.wh) == (how, wh)


def test_a_boundary_tells_what_it_rests_on() -> None:
    noon, next_noon = at("2024-01-15 12:00"), at("2024-01-16 12:00")
    first, day = read("2024-01-14 12:00", "95"), date(2024, 1, 16)
    still = a_ledger(first, read("2024-01-15 12:00", "100"), read("2024-01-16 12:00", "100.1"))
    assert midnight(still, "2024-01-16") == Boundary(
        day, 100_000, 5_000, 0, How.STILL, noon, next_noon
    )
    line = a_ledger(first, read("2024-01-15 12:00", "100"), read("2024-01-16 12:00", "104"))
    assert midnight(line, "2024-01-16") == Boundary(
        day, 102_000, 7_000, 0, How.INTERPOLATED, instant(day), next_noon
    )
    night = a_ledger(first, read("2024-01-15 22:00", "100.009"))
    read_at = at("2024-01-15 22:00")
    assert midnight(night, "2024-01-16") == Boundary(
        day, 100_009, 5_000, 0, How.NIGHT, read_at, read_at
    )


@pytest.mark.parametrize(
    ("after", "wh", "ledger_wh"),
    [
        ("1.000", 0, 1_000),  # it passes through 0 just at midnight
        ("1.005", 2, 1_000),  # 9999 and half of 2.005 kWh
        ("0.995", 9_999_997, 990),
        ("5.000", 2_000, 3_000),
    ],
)
def test_a_line_goes_on_through_a_rollover(after: str, wh: int, ledger_wh: int) -> None:
    """The register wraps at 10,000 kWh; the line is taken down to the Wh."""
    ledger = a_ledger(read("2024-01-15 12:00", "9999"), read("2024-01-16 12:00", after))
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.wh, known.ledger) == (How.INTERPOLATED, wh, ledger_wh)


JUMP = ("over_capacity",)


@pytest.mark.parametrize(
    ("doubtful", "doubts"),
    [
        ("2024-01-15 21:59:59", ()),
        ("2024-01-15 22:00:01", JUMP),
        ("2024-01-16 00:00", JUMP),
        ("2024-01-16 02:00", JUMP),  # as near as the one that stands
        ("2024-01-16 02:00:01", ()),
    ],
)
def test_a_doubtful_reading_nearer_than_the_one_that_stands_puts_the_boundary_in_doubt(
    doubtful: str, doubts: tuple[str, ...]
) -> None:
    ledger = a_ledger(
        read("2024-01-15 11:00", "99"), read("2024-01-15 22:00", "100"), read(doubtful, "5000"),
        read("2024-01-16 12:00", "104"),
    )  # fmt: skip
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.doubts) == (How.NIGHT, doubts)


@pytest.mark.parametrize(
    ("doubtful", "doubts"), [("2024-01-15 21:59:59", ()), ("2024-01-15 22:00", JUMP)]
)
def test_a_doubtful_reading_before_midnight_counts_up_to_the_distance_of_one_after_it(
    doubtful: str, doubts: tuple[str, ...]
) -> None:
    ledger = a_ledger(
        read("2024-01-15 11:00", "99"), read(doubtful, "5000"), read("2024-01-16 02:00", "100")
    )
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.wh, known.doubts) == (How.NIGHT, 100_000, doubts)


@pytest.mark.parametrize("after", ["100.1", "104"])
def test_a_doubtful_reading_between_two_that_stand_puts_what_lies_between_in_doubt(
    after: str,
) -> None:
    def doubts(*doubtful: str) -> tuple[str, ...]:
        known = midnight(
            a_ledger(
                read("2024-01-15 11:00", "99"), read("2024-01-15 12:00", "100"),
                *(read(time, "5000") for time in doubtful), read("2024-01-16 12:00", after),
            ),
            "2024-01-16",
        )  # fmt: skip
        assert known is not None
        return known.doubts

    assert doubts() == ()
    assert doubts("2024-01-15 11:59", "2024-01-16 12:01") == ()
    assert doubts("2024-01-15 12:01") == JUMP
    assert doubts("2024-01-16 11:59", "2024-01-16 11:58") == JUMP


def test_an_exact_reading_is_never_in_doubt() -> None:
    ledger = a_ledger(
        read("2024-01-15 12:00", "99"), read("2024-01-15 23:59", "5000"),
        read("2024-01-16 00:00", "100"), read("2024-01-16 00:01", "5000"),
    )  # fmt: skip
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.doubts) == (How.EXACT, ())


def test_a_removal_register_that_was_set_aside_leaves_the_new_meters_midnight_beyond_doubt() -> (
    None
):
    ledger = a_ledger(
        read("2024-01-15 12:00", "100"), events=(swap("2024-01-16 00:00", "50", "0"),)
    )
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.wh, known.doubts) == (How.EXACT, 0, ())


def test_boundaries_are_all_those_known_in_order() -> None:
    ledger = a_ledger(
        read("2024-01-16 12:00", "100"), read("2024-01-18 12:00", "110"),
        read("2024-01-18 23:30", "112"),
    )  # fmt: skip
    known = [17, 18, 19]
    assert [one.day.day for one in boundaries(ledger)] == known
    for since, expected in ((10, known), (17, known), (18, known[1:]), (20, [])):
        told = boundaries(ledger, date(2024, 1, since))
        assert [one.day.day for one in told] == expected
    assert list(boundaries(a_ledger())) == []


def test_the_first_midnight_counts_where_the_first_reading_is_of_its_night() -> None:
    ledger = a_ledger(read("2024-01-16 03:00", "100"), read("2024-01-16 12:00", "110"))
    assert [one.day.day for one in boundaries(ledger)] == [16]


@pytest.mark.parametrize(
    ("time", "day"),
    [
        ("2024-01-15 19:59:59", None),
        ("2024-01-15 20:00", date(2024, 1, 16)),
        ("2024-01-16 00:00", date(2024, 1, 16)),
        ("2024-01-16 03:30", date(2024, 1, 16)),
        ("2024-01-16 03:30:01", None),
        ("2024-01-16 12:00", None),
    ],
)
def test_a_reading_of_the_night_stands_for_one_midnight(time: str, day: date | None) -> None:
    assert midnight_of(at(time)) == day
