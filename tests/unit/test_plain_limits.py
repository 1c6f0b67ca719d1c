"""Which channels are plain, on both sides of each limit, and the boundaries they then have."""

from dataclasses import replace
from datetime import date

import pytest

from shared.energy.boundaries import How
from shared.energy.plain import is_plain, plain_boundaries
from shared.energy.quantities import Battery, Quantity, Source
from shared.energy.readings import Channel, MeterEvent, Reading, Site
from shared.months import DAY_S, instant
from tests.unit.homes import at, read, swap

TEN = at("2024-01-16 10:00")
PV, EXPORT = Quantity.PV, Quantity.EXPORT


def every(seconds: int, *registers: int, source: Source = Source.IMPORT) -> list[Reading]:
    """Return registers in Wh read from 10:00 on at this distance."""
    return [Reading(TEN + n * seconds, int(source), wh) for n, wh in enumerate(registers)]


def plain(*readings: Reading, quantity: Quantity = PV, unit_wh: int = 1) -> bool:
    """Say whether a channel of 4 kW is plain."""
    return is_plain(Site({quantity: Channel(readings, unit_wh=unit_wh)}, panel_w=4_000))


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([], True),
        (every(3600, 5), True),
        (every(3600, 5, 5, 4_805), True),
        (every(3600, 0), False),  # a zero may have to be taken back
        (every(3600, 5, 0), False),
        (every(3600, 5, 4), False),
        (every(3600, 9_000, 14_000), True),  # 4.8 kWh and 0.2
        (every(3600, 9_000, 14_001), False),
        (every(3600, 9_000, 13_000, 18_001), False),
        (every(1, 9_000, 9_200), True),
        (every(1, 9_000, 9_202), False),  # a second of 4 kW is 1.3 Wh
        (every(0, 9_000, 9_000), False),
        (every(0, 9_000, 9_001), False),
        (every(3600, 5, 6, source=Source.POLL), True),
        (every(3600, 5, source=Source.MANUAL), False),
        ([*every(3600, 5), *every(7200, 5, 6, source=Source.MANUAL)[1:]], False),
        (every(3600, 10**15), True),
        (every(3600, 10**15 + 1), False),
        (every(3600, 10**15, 10**15 + 1), False),
        (every(3600, -1), False),
    ],
)
def test_a_channel_is_plain_where_registers_rise_by_what_panels_give(
    readings: list[Reading], *, expected: bool
) -> None:
    assert plain(*readings) is expected


def test_two_units_of_a_coarse_register_are_plain() -> None:
    assert plain(*every(1, 9_000, 11_000), unit_wh=1_000)
    assert not plain(*every(1, 9_000, 11_002), unit_wh=1_000)


def test_what_is_not_of_the_panels_has_30_kw() -> None:
    assert plain(*every(3600, 9_000, 45_200), quantity=Quantity.IMPORT)
    assert not plain(*every(3600, 9_000, 45_201), quantity=Quantity.IMPORT)


@pytest.mark.parametrize(
    ("events", "readings", "expected"),
    [
        ((), every(3600, 7, 8), True),
        ((TEN - 60,), every(3600, 1_000, 1_001), True),
        ((TEN - 60,), [], False),
        ((TEN - 60, TEN - 30), every(3600, 1_000), False),
        ((TEN + 1,), every(3600, 1_000, 1_001), False),
        ((TEN,), every(3600, 1_000, 1_001), True),
        ((TEN,), every(3600, 1_009, 1_011), True),  # the same, taken down
        ((TEN,), every(3600, 1_010, 1_011), False),
        ((TEN,), [*every(0, 1_000, 1_011), *every(60, 0, 1_020)[1:]], False),
        ((TEN - 60,), every(3600, 999, 1_001), False),  # below the register it was put in with
        ((TEN - 3600,), every(3600, 6_000), True),
        ((TEN - 3600,), every(3600, 6_001), False),
    ],
)
def test_a_channel_with_a_meter_is_plain_where_it_was_put_in_before_the_first_reading(
    events: tuple[int, ...], readings: list[Reading], *, expected: bool
) -> None:
    meters = [MeterEvent(when, "A1", 1_000) for when in events]
    assert is_plain(Site({PV: Channel(readings, meters)}, panel_w=4_000)) is expected


def test_a_meter_that_was_put_in_with_zero_has_no_leading_zero() -> None:
    assert is_plain(Site({PV: Channel(every(3600, 5), [MeterEvent(TEN - 60, "A1", 0)])}))
    again = Channel(every(3600, 0, 5), [MeterEvent(TEN, "A1", 0)])
    assert is_plain(Site({PV: again}))


@pytest.mark.parametrize(
    ("pv", "export", "expected"),
    [
        ((1_000, 2_000), (500, 1_700), True),
        ((1_000, 2_000), (500, 1_709), True),  # each taken down to 10 Wh
        ((1_009, 2_000), (500, 1_700), True),
        ((1_000, 2_000), (500, 1_710), False),
        ((1_000, 2_009), (509, 1_710), False),
        ((1_000, 2_000, 3_000), (500, 600, 1_800), True),
        ((1_000, 2_000, 3_000), (500, 600, 1_810), False),
        ((1_000, 2_000, 3_000, 4_000), (500, 600, 700, 1_910), False),
    ],
)
def test_a_site_is_plain_where_export_keeps_within_generation(
    pv: tuple[int, ...], export: tuple[int, ...], *, expected: bool
) -> None:
    site = Site({PV: Channel(every(3600, *pv)), EXPORT: Channel(every(3600, *export))})
    assert is_plain(site) is expected
    assert is_plain(replace(site, battery=Battery.NO_EXPORT)) is expected
    assert is_plain(replace(site, battery=Battery.MAY_EXPORT))
    assert is_plain(replace(site, channels={EXPORT: site.channels[EXPORT]}))
    assert not is_plain(
        replace(site, channels={**site.channels, Quantity.BATTERY_DISCHARGE: Channel([])})
    )


def test_export_is_compared_only_where_generation_is_known_too() -> None:
    pv = every(7200, 1_000, 2_000)
    export = every(3600, 500, 1_900, 1_900)
    site = Site({PV: Channel(pv), EXPORT: Channel(export)})
    assert not is_plain(site)
    assert is_plain(Site({PV: Channel(pv[:1]), EXPORT: Channel(export)}))
    fewer = every(3600, 500, 1_700, 1_700)
    assert is_plain(Site({PV: Channel(pv), EXPORT: Channel(fewer)}))


def test_the_registers_that_meters_were_put_in_with_say_nothing_of_export() -> None:
    """Only readings are compared, and those of generation with its installation register."""
    events = [MeterEvent(TEN, "A1", 1_000)]
    pv, export = every(3600, 1_000, 2_000), every(3600, 1_000, 3_000, 4_200)
    site = Site({PV: Channel(pv), EXPORT: Channel(export, events)})
    assert is_plain(site)
    assert not is_plain(Site({PV: Channel(pv), EXPORT: Channel(export)}))
    put_in = Site({PV: Channel(pv[1:], events), EXPORT: Channel(export)})
    assert not is_plain(put_in)


# -- their boundaries ----------------------------------------------------------------------------


def told(*readings: Reading, events: tuple[MeterEvent, ...] = (), flat: bool = True) -> object:
    """Return (day of January, register, ledger, how) of each boundary."""
    found = plain_boundaries(Channel(readings, events), night_is_flat=flat)
    by_day = {instant(date(2024, 1, day)): day for day in range(1, 32)}
    return [(by_day[when], one[0], one[1], one[3]) for when, one in sorted(found.items())]


EXACT, NIGHT, STILL, LINE = (How.EXACT, How.NIGHT, How.STILL, How.INTERPOLATED)


def test_midnights_that_were_read_are_exact() -> None:
    assert told(*(read(f"2024-01-{16 + n} 00:00", f"{100 + n}.009") for n in range(3))) == [
        (16, 100_009, 0, EXACT), (17, 101_009, 1_000, EXACT), (18, 102_009, 2_000, EXACT),
    ]  # fmt: skip


def test_midnights_that_were_not_read_come_of_the_readings_beside_them() -> None:
    readings = (
        read("2024-01-16 00:00", "100.001"),
        read("2024-01-16 23:00", "101"),  # the 17th by night
        read("2024-01-17 12:00", "105"),  # the 18th on a line
        read("2024-01-18 12:00", "109"),  # the 19th stands still
        read("2024-01-19 12:00", "109.1"),
        read("2024-01-20 00:00", "110"),
    )
    assert told(*readings) == [
        (16, 100_001, 0, EXACT), (17, 101_000, 1_000, NIGHT), (18, 107_000, 7_000, LINE),
        (19, 109_000, 9_000, STILL), (20, 110_000, 10_000, EXACT),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("last", "days"),
    [
        ("2024-01-17 19:59:59", []),
        ("2024-01-17 20:00", [18]),
        ("2024-01-17 23:59", [18]),
        ("2024-01-18 00:00", [18]),
        ("2024-01-18 19:59", [18]),
        ("2024-01-18 20:00", [18, 19]),
    ],
)
def test_a_last_reading_of_the_evening_tells_the_midnight_after_it(
    last: str, days: list[int]
) -> None:
    known = told(read("2024-01-17 06:00", "100"), read(last, "100.1"))
    assert [entry[0] for entry in known] == days  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("first", "days"),
    [("2024-01-17 00:00", [17, 18]), ("2024-01-17 03:30", [17, 18]), ("2024-01-17 03:31", [18])],
)
def test_a_first_reading_of_the_night_tells_the_midnight_before_it(
    first: str, days: list[int]
) -> None:
    known = told(read(first, "100"), read("2024-01-18 00:00", "101"))
    assert [entry[0] for entry in known] == days  # type: ignore[attr-defined]


def test_where_the_night_is_not_flat_a_midnight_lies_between_two_readings() -> None:
    readings = read("2024-01-16 23:00", "100"), read("2024-01-17 01:00", "102")
    assert told(*readings, flat=False) == [(17, 101_000, 1_000, LINE)]
    assert told(*readings) == [(17, 100_000, 0, NIGHT)]


def test_a_boundary_tells_when_it_was_read_and_what_it_rests_on() -> None:
    start, noon, later = at("2024-01-16 00:00"), at("2024-01-16 12:00"), at("2024-01-17 12:00")
    found = plain_boundaries(
        Channel([Reading(start, 1, 5_000), Reading(noon, 1, 6_000), Reading(later, 1, 8_000)]),
        night_is_flat=True,
    )
    assert found == {
        start: (5_000, 0, 0, EXACT, start, start),
        start + DAY_S: (7_000, 2_000, 0, LINE, start + DAY_S, later),
    }


def test_the_register_a_meter_was_put_in_with_begins_its_ledger() -> None:
    event = swap("2024-01-16 00:00", None, "90.009", "A1")
    beside = read("2024-01-16 00:00", "90.001")
    later = read("2024-01-17 00:00", "95"), read("2024-01-17 22:00", "96")
    for readings in (later, (beside, *later)):
        found = plain_boundaries(Channel(readings, (event,)), night_is_flat=True)
        read_at = later[1].at
        assert found == {
            event.at: (90_009, 0, event.at, EXACT, event.at, event.at),
            event.at + DAY_S: (
                95_000, 5_000, event.at, EXACT, event.at + DAY_S, event.at + DAY_S,
            ),
            event.at + 2 * DAY_S: (96_000, 6_000, event.at, NIGHT, read_at, read_at),
        }  # fmt: skip


def test_a_channel_without_readings_has_no_boundaries() -> None:
    assert plain_boundaries(Channel([]), night_is_flat=True) == {}
