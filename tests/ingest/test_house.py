"""The made-up home keeps the laws of a real one."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulator.house import DAY_S, Home, SunnyHouse

YEAR_2024 = 1_704_034_800
"""2024-01-01 00:00 in Japan."""
INSTANTS = st.integers(YEAR_2024 - 400 * DAY_S, YEAR_2024 + 400 * DAY_S)
HOUSE = SunnyHouse(Home(7))


@given(INSTANTS, st.integers(0, 3 * DAY_S))
def test_registers_never_go_back_and_export_stays_below_generation(at: int, later: int) -> None:
    steps = [b - a for a, b in zip(HOUSE.registers(at), HOUSE.registers(at + later), strict=True)]
    assert min(steps) >= 0
    assert steps[1] <= steps[0] + 1


@settings(max_examples=5)
@given(INSTANTS)
def test_the_same_home_shows_the_same_registers(at: int) -> None:
    assert SunnyHouse(Home(7)).registers(at) == HOUSE.registers(at)


def test_nothing_is_generated_or_exported_at_night() -> None:
    for day in range(366):
        dusk, dawn = (YEAR_2024 + day * DAY_S + hour * 3600 for hour in (20, 27))
        assert HOUSE.registers(dusk)[:2] == HOUSE.registers(dawn)[:2]


def test_a_year_is_a_believable_one_in_japan() -> None:
    start, end = HOUSE.registers(YEAR_2024), HOUSE.registers(YEAR_2024 + 366 * DAY_S)
    pv, export, imported = (b - a for a, b in zip(start, end, strict=True))
    assert 5_000_000 < pv < 7_000_000
    assert 2_500_000 < export < pv
    assert 3_500_000 < pv - export + imported < 6_500_000


def test_summer_days_bring_more_than_winter_days() -> None:
    may, december = (YEAR_2024 + days * DAY_S for days in (121, 335))
    brought = [
        HOUSE.registers(start + 31 * DAY_S).pv - HOUSE.registers(start).pv
        for start in (may, december)
    ]
    assert brought[0] > 1.2 * brought[1]


def test_registers_are_zero_before_the_home_was_built() -> None:
    assert SunnyHouse(Home(1, built=date(2025, 1, 1))).registers(YEAR_2024) == (0, 0, 0)


def test_two_homes_are_not_alike() -> None:
    at = YEAR_2024 + 30 * DAY_S
    assert SunnyHouse(Home(1)).registers(at) != SunnyHouse(Home(2)).registers(at)
