"""What is set aside and what stands, on both sides of each limit (decisions 2 and 5)."""

import pytest

from shared.energy.judging import modulus_wh, plausible_wh
from shared.energy.ledger import judge
from shared.energy.quantities import Quantity, Source
from shared.energy.readings import Channel, MeterEvent, Reading, Refusal, Site
from shared.months import DAY_S
from tests.unit.homes import a_ledger, at, read, reasons

TEN_THOUSAND_KWH = 10_000_000


def on(day: int, time: str, kwh: str, source: Source = Source.IMPORT) -> Reading:
    """Return a reading of a day in January 2024."""
    return read(f"2024-01-{day:02d} {time}", kwh, source)


def stands(*readings: Reading, unit_wh: int = 1, panel_w: int | None = None) -> list[int]:
    """Return the registers in Wh that stand of one channel."""
    site = Site({Quantity.PV: Channel(readings, unit_wh=unit_wh)}, panel_w=panel_w)
    return [point.wh for point in judge(site).ledgers[Quantity.PV].points]


def energies(*readings: Reading, events: tuple[MeterEvent, ...] = ()) -> list[int]:
    """Return the energy up to each register that stands."""
    return [point.ledger for point in a_ledger(*readings, events=events).points]


@pytest.mark.parametrize(
    ("digits", "told", "last_wh", "modulus"),
    [
        (5, None, 0, 100_000_000),
        (6, 4_000_000, 3_000_000, 1_000_000_000),  # what a person recorded goes first
        (None, 42_949_673, 42_949_673, 42_949_670),  # as told by the device, taken down
        (None, 42_949_672, 42_949_673, 100_000_000),  # it cannot wrap below what it shows
        (None, None, 0, TEN_THOUSAND_KWH),  # at least 10,000 kWh
        (None, None, TEN_THOUSAND_KWH - 1, TEN_THOUSAND_KWH),
        (None, None, TEN_THOUSAND_KWH, 100_000_000),
        (None, None, 123_456_789, 1_000_000_000),
    ],
)
def test_where_a_register_wraps(
    digits: int | None, told: int | None, last_wh: int, modulus: int
) -> None:
    meter = MeterEvent(0, "A", 0, digits=digits)
    assert modulus_wh(meter, last_wh, told) == modulus
    if digits is None:
        assert modulus_wh(None, last_wh, told) == modulus


@pytest.mark.parametrize(
    ("hours", "wh"), [(0, 0), (1, 4_800), (24, 115_200), (25, 116_700), (48, 151_200)]
)
def test_4_kw_give_120_percent_up_to_a_day_and_nine_hours_of_each_further_one(
    hours: int, wh: int
) -> None:
    found = plausible_wh(4_000, hours * 3600)
    assert found == wh
    assert not isinstance(found, float)


def test_what_panels_give_is_reckoned_by_the_second() -> None:
    assert plausible_wh(3_000, 1) == 1
    assert plausible_wh(3_000, DAY_S + 8) == 86_400 + 2


@pytest.mark.parametrize(
    ("kwh", "unit_wh", "reason"),
    [
        ("99.900", 1, "step_back"),
        ("99.899", 1, "register_back"),
        ("99.000", 1_000, "step_back"),
        ("98.999", 1_000, "register_back"),
        ("0.000", 1, "zero"),
    ],
)
def test_a_step_back_is_small_up_to_100_wh_or_one_unit(kwh: str, unit_wh: int, reason: str) -> None:
    channel = Channel([on(16, "10:00", "100"), on(16, "11:00", kwh)], unit_wh=unit_wh)
    ledger = judge(Site({Quantity.PV: channel})).ledgers[Quantity.PV]
    assert [point.wh for point in ledger.points] == [100_000]
    refused = on(16, "11:00", kwh)
    assert ledger.refusals == [Refusal(refused.at, refused.source, refused.wh, reason)]


@pytest.mark.parametrize(
    ("kwh", "unit_wh", "stood"),
    [
        ("100.200", 1, True),
        ("100.201", 1, False),
        ("102.000", 1_000, True),
        ("102.001", 1_000, False),
    ],
)
def test_two_hundred_wh_or_two_units_are_no_jump_even_without_panels(
    kwh: str, unit_wh: int, *, stood: bool
) -> None:
    readings = on(16, "10:00", "100"), on(16, "11:00", kwh)
    assert (len(stands(*readings, unit_wh=unit_wh, panel_w=0)) == 2) is stood


@pytest.mark.parametrize(
    ("time", "kwh", "stood"),
    [
        ("11:00", "104.999", True),
        ("11:00", "105.000", True),
        ("11:00", "105.001", False),
        ("10:30", "102.600", True),
        ("10:30", "102.601", False),
    ],
)
def test_beyond_200_wh_the_panels_bound_a_step(time: str, kwh: str, *, stood: bool) -> None:
    readings = on(16, "10:00", "100"), on(16, time, kwh)
    assert (len(stands(*readings, panel_w=4_000)) == 2) is stood


def test_without_a_size_the_panels_have_30_kw() -> None:
    assert len(stands(on(16, "10:00", "100"), on(16, "11:00", "136.2"))) == 2
    assert len(stands(on(16, "10:00", "100"), on(16, "11:00", "136.201"))) == 1


@pytest.mark.parametrize(
    ("before", "after", "days", "step"),
    [
        ("9000.00", "1.00", 2, 1_001_000),  # just 0.9 of 10,000 kWh; 1,001 kWh in two days
        ("8999.99", "1.00", 2, None),
        ("9999.99", "0.01", 1, 20),
        ("9999.999", "0.019", 1, 20),  # each taken down to 10 Wh
        ("9500.00", "364.20", 1, 864_200),  # 30 kW x 1.2 x 24 h and 0.2
        ("9500.00", "364.21", 1, None),
    ],
)
def test_a_lower_register_rolled_over_from_nine_tenths_on_by_a_plausible_step(
    before: str, after: str, days: int, step: int | None
) -> None:
    ledger = a_ledger(on(16, "10:00", before), on(16 + days, "10:00", after))
    assert [point.ledger for point in ledger.points] == ([0] if step is None else [0, step])
    assert reasons(ledger) == (["register_back"] if step is None else [])


def test_the_digits_of_the_meter_in_place_decide_where_it_wraps() -> None:
    """9,999 of five digits is far from the end, of four just before it."""
    meters = [MeterEvent(on(day, "08:00", "0").at, "A", 9_990_000, None, d) for day, d in (
        (14, 4), (15, 5))]  # fmt: skip
    readings = on(16, "10:00", "9999"), on(16, "11:00", "1")
    assert reasons(a_ledger(*readings, events=(meters[0],))) == []
    assert reasons(a_ledger(*readings, events=tuple(meters))) == ["register_back"]


# -- several registers of one instant -----------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "stood", "why"),
    [
        ([("101.001", Source.IMPORT), ("101.009", Source.POLL)], 101_001, []),
        ([("101.009", Source.IMPORT), ("101.001", Source.POLL)], 101_001, []),
        ([("101.009", Source.IMPORT), ("101.010", Source.POLL)], None, ["reading_conflict"] * 2),
        ([("0", Source.IMPORT), ("101", Source.POLL)], 101_000, ["zero"]),
        ([("0", Source.IMPORT), ("0", Source.POLL)], None, ["zero"] * 2),
        (
            [("0", Source.IMPORT), ("101", Source.POLL), ("102", Source.PUSH)],
            None,
            ["reading_conflict", "reading_conflict", "zero"],
        ),
        ([("101", Source.IMPORT), ("105", Source.MANUAL)], 105_000, ["superseded"]),
        ([("105", Source.IMPORT), ("105", Source.MANUAL)], 105_000, []),
        ([("101", Source.IMPORT), ("102", Source.POLL), ("101", Source.MANUAL)], 101_000,
         ["superseded"]),
    ],
)  # fmt: skip
def test_of_differing_registers_of_an_instant_only_a_typed_one_decides(
    others: list[tuple[str, Source]], stood: int | None, why: list[str]
) -> None:
    ledger = a_ledger(
        on(16, "10:00", "100"), *(on(16, "11:00", kwh, source) for kwh, source in others)
    )
    assert [point.wh for point in ledger.points[1:]] == ([] if stood is None else [stood])
    assert sorted(reasons(ledger)) == why
    assert {refusal.at for refusal in ledger.refusals} <= {at("2024-01-16 11:00")}


def test_a_zero_beside_a_register_is_no_conflict_once_a_meter_has_counted() -> None:
    first = on(16, "10:00", "0.001")
    ledger = a_ledger(first, on(16, "11:00", "0"), on(16, "11:00", "0.5", Source.POLL))
    assert [point.wh for point in ledger.points] == [1, 500]
    assert reasons(ledger) == ["zero"]


def test_before_any_register_a_zero_beside_another_is_a_conflict() -> None:
    both = on(16, "10:00", "0"), on(16, "10:00", "101", Source.POLL)
    for readings in (both, (on(15, "10:00", "0"), *both)):
        assert reasons(a_ledger(*readings)) == ["reading_conflict"] * 2


def test_a_typed_zero_after_a_register_is_set_aside_too() -> None:
    assert reasons(a_ledger(on(16, "10:00", "100"), on(16, "11:00", "0", Source.MANUAL))) == [
        "zero"
    ]


@pytest.mark.parametrize(
    ("wh", "stood"), [(0, True), (10**15, True), (10**15 + 1, False), (-1, False)]
)
def test_a_register_that_no_meter_can_have_never_counts(wh: int, *, stood: bool) -> None:
    alone = Reading(at("2024-01-16 10:00"), 1, wh)
    ledger = a_ledger(alone)
    assert ([point.wh for point in ledger.points] == [wh]) is stood
    assert reasons(ledger) == ([] if stood else ["implausible"])
    if not stood:
        beside = a_ledger(alone, alone._replace(source=2, wh=700))
        assert [point.wh for point in beside.points] == [700]
        assert beside.refusals == [Refusal(alone.at, 1, wh, "implausible")]


# -- zeros before the first real register --------------------------------------------------------


@pytest.mark.parametrize(
    ("readings", "stood", "why"),
    [
        (["0", "0", "6350.6"], [6_350_600], ["zero", "zero"]),
        (["0", "0", "0.01"], [0, 0, 10], []),
        (["0.001", "0"], [1], ["zero"]),
        (["0", "0.01", "6350.6"], [0, 10], ["over_capacity"]),  # it has begun to count
        (["0", "36.2", "72.4"], [0, 36_200, 72_400], []),  # 30 kW x 1.2 h: a new meter
        (["0", "36.201", "36.21"], [36_201, 36_210], ["zero"]),
        (["5", "6350.6"], [5_000], ["over_capacity"]),
        (["0", "6350.6", "9999.9"], [6_350_600], ["over_capacity", "zero"]),
    ],
)
def test_leading_zeros_are_taken_back_once_the_real_register_shows(
    readings: list[str], stood: list[int], why: list[str]
) -> None:
    ledger = a_ledger(*(on(16, f"{10 + n}:00", kwh) for n, kwh in enumerate(readings)))
    assert [point.wh for point in ledger.points] == stood
    assert ledger.points[0].ledger == 0
    assert sorted(reasons(ledger)) == why


def test_a_zero_that_is_taken_back_is_refused_at_its_own_instant() -> None:
    zero = on(16, "10:00", "0", Source.POLL)
    ledger = a_ledger(zero, on(16, "10:30", "6350.6"))
    assert ledger.refusals == [Refusal(zero.at, zero.source, 0, "zero")]


# -- levels that wait for a meter event ------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "stood"),
    [
        ("5000.000", False),  # a month later the panels could have given it: but it was seen before
        ("4999.900", False),
        ("4999.899", True),  # 101 Wh below the level: something else
        ("8849.000", False),  # what the panels give on top of the level
    ],
)
def test_a_register_that_agrees_with_a_jump_waits_even_when_it_would_be_plausible(
    later: str, *, stood: bool
) -> None:
    readings = on(1, "10:00", "100"), on(1, "10:30", "5000"), on(31, "10:00", later)
    assert (len(stands(*readings)) == 2) is stood


def test_a_jump_is_forgotten_when_the_channel_goes_on_where_it_was() -> None:
    readings = on(1, "10:00", "100"), on(1, "10:30", "5000"), on(1, "11:00", "101")
    assert stands(*readings, on(31, "10:00", "5000")) == [100_000, 101_000, 5_000_000]


def test_what_follows_a_jump_has_the_reason_of_the_jump() -> None:
    ledger = a_ledger(
        on(1, "10:00", "100"), on(1, "10:30", "5000"), on(2, "10:00", "5100"),
        on(3, "10:00", "5200"), on(31, "10:00", "99"),
    )  # fmt: skip
    assert reasons(ledger) == [*["over_capacity"] * 3, "register_back"]
    lower = a_ledger(
        on(1, "10:00", "100"), on(2, "10:00", "5"), on(3, "10:00", "60"), on(4, "10:00", "105")
    )
    assert reasons(lower) == ["register_back"] * 3


@pytest.mark.parametrize(
    ("lower", "stood"),
    [
        (["5.000"], True),  # one glitch
        (["5.000", "5.000"], True),  # twice the same
        (["5.000", "5.001"], False),  # another meter, which counts
        (["5.000", "60.000", "100.000"], False),  # it passes where the old one stood
        (["5.000", "4.950"], True),
        (["5.000", "5.001", "5.001"], False),
        (["5.000", "4.899", "5.001"], False),
    ],
)
def test_a_lower_level_waits_once_it_has_counted(lower: list[str], *, stood: bool) -> None:
    readings = [on(2 + n, "10:00", kwh) for n, kwh in enumerate(lower)]
    after = on(2 + len(lower), "10:00", "105")
    assert (len(stands(on(1, "10:00", "100"), *readings, after)) == 2) is stood


@pytest.mark.parametrize(("others", "stood"), [(7, False), (8, True)])
def test_the_last_eight_levels_are_kept_in_mind(others: int, *, stood: bool) -> None:
    levels = [on(1, f"{11 + n}:00", f"{20000 - 100 * n}") for n in range(others)]
    first = on(1, "10:00", "100"), on(1, "10:30", "5000")
    assert (len(stands(*first, *levels, on(31, "10:00", "5001"))) == 2) is stood


def test_energy_counts_from_the_first_register_each_taken_down_to_10_wh() -> None:
    kwh = ["100.019", "100.020", "100.029", "100.130"]
    assert energies(*(on(16, f"{10 + n}:00", one) for n, one in enumerate(kwh))) == [0, 10, 10, 120]
