"""Meters put in and taken down: what closes the old one and where the new one begins."""

import pytest

from shared.energy.ledger import Ledger, judge
from shared.energy.quantities import Quantity, Source
from shared.energy.readings import METER, Channel, MeterEvent, Point, Reading, Refusal, Site
from tests.unit.homes import a_ledger, at, read, reasons, swap

NOON = at("2024-01-16 12:00")
BEFORE = read("2024-01-16 10:00", "100")
AFTER = read("2024-01-16 14:00", "7")


def swapped(removed: str | None, installed: str = "5") -> Ledger:
    """Return a channel that is read before and after a swap at noon."""
    return a_ledger(BEFORE, AFTER, events=(swap("2024-01-16 12:00", removed, installed),))


def test_a_swap_closes_with_the_register_removed_and_opens_with_the_one_put_in() -> None:
    ledger = swapped("103.009", "5.009")
    close = Point(NOON, 103_009, 3_000, 0, METER)
    assert ledger.points == [
        Point(BEFORE.at, 100_000, 0, 0, 1),
        close,
        Point(NOON, 5_009, 3_000, NOON, METER),
        Point(AFTER.at, 7_000, 5_000, NOON, 1),
    ]
    assert ledger.closes == {NOON: close}
    assert ledger.refusals == []


def test_what_nobody_read_between_the_last_reading_and_the_swap_is_not_billed() -> None:
    ledger = swapped(None)
    last = Point(BEFORE.at, 100_000, 0, 0, 1)
    assert ledger.points == [
        last,
        Point(NOON, 5_000, 0, NOON, METER),
        Point(AFTER.at, 7_000, 2_000, NOON, 1),
    ]
    assert ledger.closes == {NOON: last}


@pytest.mark.parametrize(
    ("installed", "counted"),
    [
        ("103", 3_000),  # nobody had told the meter's name: it goes on
        ("99.9", 0),
        ("99.899", None),
        ("172.2", 72_200),  # what 30 kW give in two hours, and 0.2
        ("172.201", None),
    ],
)
def test_a_meter_that_is_first_named_where_it_stands_goes_on(
    installed: str, counted: int | None
) -> None:
    ledger = a_ledger(BEFORE, events=(swap("2024-01-16 12:00", None, installed),))
    assert ledger.points[-1].ledger == (counted or 0)
    assert (ledger.closes[NOON].at == NOON) is (counted is not None)
    assert ledger.closes[NOON].meter_at == 0


def test_a_meter_with_a_name_never_goes_on_in_another() -> None:
    named = swap("2024-01-15 00:00", None, "90", "A1")
    ledger = a_ledger(BEFORE, events=(named, swap("2024-01-16 12:00", None, "103")))
    assert ledger.closes[NOON] == Point(BEFORE.at, 100_000, 10_000, named.at, 1)
    assert ledger.points[-1].ledger == 10_000


@pytest.mark.parametrize(
    ("read_on", "last", "removed", "step"),
    [
        ("2024-01-16", "100", "99.9", 0),
        ("2024-01-16", "100", "99.899", None),
        ("2024-01-16", "9990", "5", 15_000),  # it rolled over before it was taken down
        ("2024-01-16", "9950", "22.2", 72_200),  # what 30 kW give in two hours, and 0.2
        ("2024-01-16", "9950", "22.201", None),
        ("2024-01-14", "9000.00", "1.019", 1_001_010),  # from nine tenths on
        ("2024-01-14", "8999.99", "1.019", None),
        ("2023-11-16", "9990", "9990", 0),  # two months could give 10,000 kWh; it stood still
    ],
)
def test_a_removal_register_below_the_last_one_rolled_over_stepped_back_or_is_set_aside(
    read_on: str, last: str, removed: str, step: int | None
) -> None:
    before = read(f"{read_on} 10:00", last)
    event = swap("2024-01-16 12:00", removed, "0")
    ledger = a_ledger(before, events=(event,))
    assert event.removed_wh is not None
    if step is None:
        assert ledger.closes[NOON] == Point(before.at, before.wh, 0, 0, 1)
        assert ledger.refusals == [Refusal(NOON, METER, event.removed_wh, "register_back")]
    else:
        assert ledger.closes[NOON] == Point(NOON, event.removed_wh, step, 0, METER)
        assert ledger.refusals == []
    assert ledger.points[-1] == Point(NOON, 0, step or 0, NOON, METER)


def test_a_first_meter_begins_with_its_own_register() -> None:
    ledger = a_ledger(AFTER, events=(swap("2024-01-16 12:00", "103", "5"),))
    assert ledger.points == [
        Point(NOON, 5_000, 0, NOON, METER),
        Point(AFTER.at, 7_000, 2_000, NOON, 1),
    ]
    assert ledger.closes == {}


def test_meters_are_taken_in_order_of_time_whatever_the_order_they_were_recorded_in() -> None:
    first = swap("2024-01-16 11:00", "101", "50", "B2")
    second = swap("2024-01-16 12:00", "53", "5", "C3")
    ledger = a_ledger(BEFORE, AFTER, events=(second, first))
    assert [point.ledger for point in ledger.points] == [0, 1_000, 1_000, 4_000, 4_000, 6_000]
    assert ledger.points[-1].meter_at == second.at


@pytest.mark.parametrize(
    ("kwh", "source", "why"),
    [
        ("103.00", Source.IMPORT, []),  # the old meter's register
        ("103.009", Source.IMPORT, []),
        ("5.00", Source.IMPORT, []),  # the new one's
        ("5.009", Source.POLL, []),
        ("5.01", Source.IMPORT, ["at_swap"]),
        ("104", Source.MANUAL, ["at_swap"]),
    ],
)
def test_a_reading_at_the_instant_of_a_swap_is_one_of_its_two_registers(
    kwh: str, source: Source, why: list[str]
) -> None:
    event = swap("2024-01-16 12:00", "103", "5")
    ledger = a_ledger(BEFORE, read("2024-01-16 12:00", kwh, source), AFTER, events=(event,))
    assert reasons(ledger) == why
    assert [point.wh for point in ledger.points] == [100_000, 103_000, 5_000, 7_000]


def test_beside_a_first_meter_only_its_own_register_is_told() -> None:
    event = swap("2024-01-16 12:00", None, "5")
    beside = Reading(NOON, 1, 5_010)
    ledger = a_ledger(beside, Reading(NOON, 2, 5_009), AFTER, events=(event,))
    assert ledger.refusals == [Refusal(NOON, 1, 5_010, "at_swap")]


def test_a_new_meter_forgets_what_was_in_doubt_of_the_old_one() -> None:
    high = [read("2024-01-16 10:30", "5000"), read("2024-01-16 11:00", "5001")]
    ledger = a_ledger(
        BEFORE,
        *high,
        read("2024-02-16 14:00", "5002"),
        events=(swap("2024-01-16 12:00", "103", "5"),),
    )
    assert ledger.points[-1].wh == 5_002_000
    assert reasons(ledger) == ["over_capacity", "over_capacity"]


def test_zeros_before_a_meter_is_put_in_are_no_leading_zeros_of_the_new_one() -> None:
    event = swap("2024-01-16 12:00", "0", "5")
    zero, later = read("2024-01-16 10:00", "0"), read("2024-01-16 12:30", "6350")
    ledger = a_ledger(zero, later, events=(event,))
    assert [point.wh for point in ledger.points] == [0, 0, 5_000]
    assert reasons(ledger) == ["over_capacity"]


def test_each_meter_wraps_where_its_own_digits_say() -> None:
    """The old one has four digits, the new one six."""
    four = MeterEvent(at("2024-01-15 00:00"), "A1", 9_990_000, digits=4)
    six = MeterEvent(NOON, "B2", 9_995_000, 2_000, digits=6)
    channel = Channel(
        [read("2024-01-16 10:00", "9999"), read("2024-01-16 14:00", "1")], (four, six)
    )
    ledger = judge(Site({Quantity.PV: channel})).ledgers[Quantity.PV]
    assert [point.ledger for point in ledger.points] == [0, 9_000, 12_000, 12_000]
    assert reasons(ledger) == ["register_back"]


@pytest.mark.parametrize(
    ("digits", "told", "step"),
    [(4, None, 15_000), (5, None, 0), (None, None, 15_000), (None, 20_000_000, 0)],
)
def test_a_removal_register_wraps_where_the_old_meters_digits_or_the_device_say(
    digits: int | None, told: int | None, step: int
) -> None:
    """9,990 kWh is just before the end of four digits and far from that of more."""
    old = MeterEvent(at("2024-01-15 00:00"), "A1", 9_990_000, digits=digits)
    new = MeterEvent(NOON, "B2", 0, 5_000, digits=8)
    channel = Channel([read("2024-01-16 10:00", "9990")], (old, new), modulus_wh=told)
    ledger = judge(Site({Quantity.PV: channel})).ledgers[Quantity.PV]
    assert ledger.closes[NOON].ledger == step
