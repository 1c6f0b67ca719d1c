"""Which register stands for midnight (decision 4)."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.energy.boundaries import How
from shared.energy.quantities import Battery, Quantity, Source
from tests.unit.homes import a_ledger, a_span, midnight, read, swap


def test_a_reading_at_midnight_is_exact() -> None:
    ledger = a_ledger(read("2024-01-15 23:30", "100"), read("2024-01-16 00:00", "100.02"))
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.wh) == (How.EXACT, 100_020)


@pytest.mark.parametrize(
    ("time", "how"),
    [
        ("2024-01-15 19:59:59", None),
        ("2024-01-15 20:00", How.NIGHT),
        ("2024-01-16 03:30", How.NIGHT),
        ("2024-01-16 03:30:01", None),
    ],
)
def test_the_night_is_from_20_00_to_03_30(time: str, how: How | None) -> None:
    known = midnight(a_ledger(read(time, "100")), "2024-01-16")
    assert (known.how if known else None) == how


def test_the_nearest_night_reading_stands_and_of_two_as_near_the_earlier() -> None:
    ledger = a_ledger(
        read("2024-01-15 22:00", "100.00"),
        read("2024-01-15 23:00", "100.01"),
        read("2024-01-16 01:00", "100.05"),
    )
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert known.wh == 100_010


def test_no_night_rule_for_export_where_a_battery_may_export() -> None:
    readings = (read("2024-01-15 23:00", "100"), read("2024-01-16 06:00", "102"))
    flat = a_ledger(*readings, quantity=Quantity.EXPORT, battery=Battery.NO_EXPORT)
    may = a_ledger(*readings, quantity=Quantity.EXPORT, battery=Battery.MAY_EXPORT)
    assert midnight(flat, "2024-01-16").how is How.NIGHT  # type: ignore[union-attr]
    assert midnight(may, "2024-01-16").how is How.INTERPOLATED  # type: ignore[union-attr]


def test_a_register_that_stood_still_is_the_earlier_one() -> None:
    ledger = a_ledger(read("2024-01-15 15:00", "100.0"), read("2024-01-16 09:00", "100.2"))
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.wh) == (How.STILL, 100_000)


def test_between_two_readings_the_register_lies_on_the_straight_line() -> None:
    ledger = a_ledger(read("2024-01-15 12:00", "100"), read("2024-01-16 12:00", "110"))
    known = midnight(ledger, "2024-01-16")
    assert known is not None
    assert (known.how, known.wh, known.ledger) == (How.INTERPOLATED, 105_000, 5_000)


def test_a_channel_that_begins_inside_opens_with_its_first_reading() -> None:
    ledger = a_ledger(read("2024-01-20 10:00", "100"), read("2024-02-16 00:00", "350"))
    span = a_span(ledger, "2024-01-16", "2024-02-16")
    assert span.opening is not None
    assert (span.opening.how, span.total_wh) == (How.FIRST, 250_000)
    assert span.day_wh[:4] == (0, 0, 0, 0)


def test_without_a_reading_on_one_side_nothing_is_known() -> None:
    ledger = a_ledger(read("2024-01-16 00:00", "100"), read("2024-02-10 12:00", "300"))
    span = a_span(ledger, "2024-01-16", "2024-02-16")
    assert (span.closing, span.total_wh, span.day_wh[-1]) == (None, None, None)


def test_a_typed_register_is_manual_and_the_word_of_its_instant() -> None:
    ledger = a_ledger(
        read("2024-01-16 00:00", "100"),
        read("2024-02-16 00:00", "390"),
        read("2024-02-16 00:00", "388", Source.MANUAL),
    )
    known = midnight(ledger, "2024-02-16")
    assert known is not None
    assert (known.how, known.wh) == (How.MANUAL, 388_000)


def test_a_swap_at_midnight_closes_the_old_month_and_opens_the_next() -> None:
    ledger = a_ledger(
        read("2024-01-16 00:00", "10000"),
        read("2024-03-16 00:00", "200"),
        events=(swap("2024-02-16 00:00", "10123.4", "0.2"),),
    )
    before = a_span(ledger, "2024-01-16", "2024-02-16")
    after = a_span(ledger, "2024-02-16", "2024-03-16")
    assert [(r.opening_wh, r.closing_wh, r.energy_wh) for r in before.registers] == [
        (10_000_000, 10_123_400, 123_400)
    ]
    assert [(r.serial, r.opening_wh, r.closing_wh, r.energy_wh) for r in after.registers] == [
        ("M2", 200, 200_000, 199_800)
    ]


def test_a_swap_inside_the_month_gives_a_row_for_each_meter() -> None:
    ledger = a_ledger(
        read("2024-01-16 00:00", "10000"),
        read("2024-02-16 00:00", "200"),
        events=(swap("2024-01-30 10:00", "10123.4", "0.2"),),
    )
    span = a_span(ledger, "2024-01-16", "2024-02-16")
    assert span.total_wh == 323_200
    assert [r.energy_wh for r in span.registers] == [123_400, 199_800]


_STEPS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 1500)), min_size=2, max_size=60)


@given(_STEPS, st.randoms(use_true_random=False))
def test_order_and_repetition_of_readings_never_matter(
    steps: list[tuple[int, int]], random: Random
) -> None:
    readings, hour, wh = [], 0, 1000
    start = read("2024-01-01 00:00", "0").at
    for hours, step in steps:
        hour, wh = hour + hours, wh + step
        readings.append(read("2024-01-01 00:00", "0")._replace(at=start + hour * 3600, wh=wh))
    shuffled = readings + random.sample(readings, len(readings) // 2)
    random.shuffle(shuffled)
    one, other = a_ledger(*readings), a_ledger(*shuffled)
    assert one.points == other.points
    assert sorted(one.refusals) == sorted(other.refusals)


@given(_STEPS)
def test_days_add_up_to_the_month(steps: list[tuple[int, int]]) -> None:
    readings, hour, wh = [], 0, 1000
    start = read("2024-01-01 00:00", "0").at
    for hours, step in steps:
        hour, wh = hour + hours, wh + step
        readings.append(read("2024-01-01 00:00", "0")._replace(at=start + hour * 3600, wh=wh))
    span = a_span(a_ledger(*readings), "2024-01-02", "2024-01-20")
    if span.total_wh is not None:
        assert sum(wh or 0 for wh in span.day_wh) == span.total_wh
        assert sum(r.energy_wh or 0 for r in span.registers) == span.total_wh
