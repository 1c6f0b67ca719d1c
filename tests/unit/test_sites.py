"""A site's channels judged together, and a pass that begins where an earlier one stood."""

import pytest

from shared.energy.ledger import Judged, Ledger, is_night_flat, judge, limit_w
from shared.energy.quantities import Battery, Quantity, Source
from shared.energy.readings import Channel, LineState, Point, Reading, Site, SuspectTrack
from tests.unit.homes import a_ledger, at, midnight, read, reasons, swap

PV, EXPORT, DISCHARGE = Quantity.PV, Quantity.EXPORT, Quantity.BATTERY_DISCHARGE


@pytest.mark.parametrize(
    ("panel_w", "quantity", "limit"),
    [
        (4_000, PV, 4_000),
        (4_000, EXPORT, 4_000),
        (4_000, Quantity.IMPORT, 30_000),
        (4_000, Quantity.BATTERY_CHARGE, 30_000),
        (50_000, DISCHARGE, 50_000),
        (None, PV, 30_000),
        (0, EXPORT, 0),
    ],
)
def test_panels_bound_what_comes_of_them_and_nothing_else_below_30_kw(
    panel_w: int | None, quantity: Quantity, limit: int
) -> None:
    assert limit_w(Site(panel_w=panel_w), quantity) == limit


@pytest.mark.parametrize(
    ("quantity", "battery", "flat"),
    [
        (PV, Battery.MAY_EXPORT, True),
        (EXPORT, Battery.NONE, True),
        (EXPORT, Battery.NO_EXPORT, True),
        (EXPORT, Battery.MAY_EXPORT, False),
        (Quantity.IMPORT, Battery.NONE, False),
    ],
)
def test_only_the_sun_stands_still_at_night(
    quantity: Quantity, battery: Battery, *, flat: bool
) -> None:
    site = Site({quantity: Channel([])}, battery)
    assert is_night_flat(site, quantity) is flat
    assert judge(site).ledgers[quantity].night_is_flat is flat


# -- export against generation -----------------------------------------------------------------


def hourly(*kwh: str | None, source: Source = Source.IMPORT) -> Channel:
    """Return a channel read each hour from 10:00 on, where not None."""
    return Channel(
        [read(f"2024-01-16 {10 + n}:00", one, source) for n, one in enumerate(kwh) if one]
    )


def exported(site: dict[Quantity, Channel], battery: Battery = Battery.NONE) -> list[str]:
    """Return why readings of export were set aside."""
    return reasons(judge(Site(site, battery)).ledgers[EXPORT])


OVER = "export_over_generation"


@pytest.mark.parametrize(
    ("pv", "export", "why"),
    [
        (("100", "101"), ("50", "51.20"), []),
        (("100", "101"), ("50", "51.21"), [OVER]),
        # only between instants where both are known
        (("100", None, "101"), ("50", "51.1", "51.20"), []),
        (("100", None, "101"), ("50", "51.1", "51.21"), [OVER]),
        ((None, "100", "101"), ("50", "60", "61.2"), []),
        ((None, "100", "101"), ("50", "60", "61.21"), [OVER]),
        # what was set aside is no instant to go on from
        (("100", "101", "102"), ("50", "52", "52.2"), [OVER]),
        (("100", "101", "103"), ("50", "52", "53.2"), [OVER]),
        (("100", "101", "103"), ("50", "52", "53.21"), [OVER, OVER]),
        # each good step begins anew
        (("100", "110", "111"), ("50", "51", "52.2"), []),
        (("100", "110", "111"), ("50", "51", "52.21"), [OVER]),
    ],
)
def test_export_is_at_most_200_wh_above_generation(
    pv: tuple[str | None, ...], export: tuple[str | None, ...], why: list[str]
) -> None:
    assert exported({PV: hourly(*pv), EXPORT: hourly(*export)}) == why


def test_a_typed_register_of_export_is_the_word_of_its_instant() -> None:
    typed = [read("2024-01-16 10:00", "50"), read("2024-01-16 11:00", "55", Source.MANUAL)]
    assert exported({PV: hourly("100", "101"), EXPORT: Channel(typed)}) == []


@pytest.mark.parametrize(
    ("discharge", "why"),
    [
        (("7", "9"), []),  # 1 kWh of the sun and 2 of the battery
        (("7", "8.99"), [OVER]),
        (("7", None), []),  # not known at that instant
        ((None, None), []),
    ],
)
def test_what_a_battery_gave_may_be_exported_too(
    discharge: tuple[str | None, ...], why: list[str]
) -> None:
    for battery in (Battery.NO_EXPORT, Battery.MAY_EXPORT):
        site = {
            PV: hourly("100", "101"),
            EXPORT: hourly("50", "53.2"),
            DISCHARGE: hourly(*discharge),
        }
        assert exported(site, battery) == why


def test_without_generation_or_the_batterys_own_meter_nothing_can_be_said_of_export() -> None:
    export = hourly("50", "60")
    assert exported({EXPORT: export}) == []
    assert exported({EXPORT: export, DISCHARGE: hourly("0.1", "0.2")}) == []
    assert exported({PV: hourly("100", "101"), EXPORT: export}, Battery.MAY_EXPORT) == []
    assert exported({PV: hourly("100", "101"), EXPORT: export}, Battery.NO_EXPORT) == [OVER]


def test_export_is_judged_after_the_channels_it_rests_on_in_whatever_order_they_come() -> None:
    pv, export = hourly("100", "101"), hourly("50", "53")
    assert exported({PV: pv, EXPORT: export}) == exported({EXPORT: export, PV: pv}) == [OVER]


def test_a_ledger_knows_its_first_and_its_newest_register() -> None:
    ledger = judge(Site({PV: hourly("100", "101", "102")})).ledgers[PV]
    assert ledger.first is not None
    assert ledger.last is not None
    assert (ledger.first.wh, ledger.last.wh) == (100_000, 102_000)
    nothing = a_ledger()
    assert (nothing.first, nothing.last) == (None, None)


# -- doubts --------------------------------------------------------------------------------


def test_doubts_between_two_instants_are_those_strictly_between_each_once() -> None:
    ledger = Ledger((), (), {}, (), night_is_flat=True, doubts=[
        (10, "b"), (10, "z"), (12, "a"), (12, "b"), (14, "a"), (15, "c")
    ])  # fmt: skip
    assert ledger.doubts_between(9, 15) == ("a", "b", "z")
    assert ledger.doubts_between(10, 15) == ("a", "b")
    assert ledger.doubts_between(10, 16) == ("a", "b", "c")
    assert ledger.doubts_between(12, 14) == ()
    assert Ledger((), (), {}, (), night_is_flat=True).doubts_between(0, 99) == ()


def test_only_what_may_be_a_register_puts_a_boundary_in_doubt() -> None:
    ledger = a_ledger(
        read("2024-01-16 10:00", "100"),
        read("2024-01-16 10:01", "0"),
        read("2024-01-16 10:02", "99.9"),
        read("2024-01-16 10:03", "50"),
        read("2024-01-16 10:04", "5000"),
        read("2024-01-16 10:05", "100"), read("2024-01-16 10:05", "100.2"),
    )  # fmt: skip
    assert ledger.doubts == [
        (at("2024-01-16 10:03"), "register_back"),
        (at("2024-01-16 10:04"), "over_capacity"),
        (at("2024-01-16 10:05"), "reading_conflict"),
        (at("2024-01-16 10:05"), "reading_conflict"),
    ]


def test_export_above_generation_puts_a_boundary_in_doubt() -> None:
    site = Site({PV: hourly("100", "101"), EXPORT: hourly("50", "53")})
    assert judge(site).ledgers[EXPORT].doubts == [(at("2024-01-16 11:00"), OVER)]


# -- marks, and passes that begin at one -----------------------------------------------------------


def judged(channel: Channel, *marks: int, state: LineState | None = None) -> Judged:
    """Return a channel of generation judged, perhaps from a state on."""
    return judge(Site({PV: channel}), None if state is None else {PV: state}, marks)


def test_the_state_at_a_mark_covers_exactly_the_readings_before_it() -> None:
    first, second = read("2024-01-16 10:00", "100"), read("2024-01-16 11:00", "101")
    marks = [first.at, first.at + 1, second.at, second.at + 1]
    reached = judged(Channel([first, second]), *marks).marks
    assert list(reached) == marks
    told = [reached[mark][PV].last for mark in marks]
    assert [last.wh if last else None for last in told] == [None, 100_000, 100_000, 101_000]


def test_a_meter_put_in_at_a_mark_belongs_after_it() -> None:
    event = swap("2024-01-16 12:00", "103", "5")
    marks = [event.at, event.at + 1]
    reached = judged(Channel([read("2024-01-16 10:00", "100")], (event,)), *marks).marks
    before, after = (reached[mark][PV].last for mark in marks)
    assert before is not None
    assert after is not None
    assert (before.wh, after.wh) == (100_000, 5_000)


def test_a_state_keeps_the_levels_and_doubts_that_wait() -> None:
    high, higher = read("2024-01-16 10:30", "5000"), read("2024-01-16 11:00", "5001")
    channel = Channel([read("2024-01-16 10:00", "0"), high, higher, read("2024-01-16 09:00", "1")])
    ((_, reached),) = judged(channel, higher.at).marks.items()
    assert reached[PV] == LineState(
        last=Point(at("2024-01-16 09:00"), 1_000, 0, 0, 1),
        suspects=(SuspectTrack(high.at, 5_000_000, "over_capacity", moved=False),),
        doubts=((high.at, "over_capacity"),),
    )


def test_a_pass_goes_on_from_a_state_with_all_that_waits() -> None:
    noon = at("2024-01-16 12:00")
    state = LineState(
        last=Point(noon, 100_000, 70_000, 0, 1),
        suspects=(SuspectTrack(noon + 60, 5_000_000, "over_capacity", moved=False),),
        doubts=((noon + 60, "over_capacity"),),
    )
    later = read("2024-02-16 12:00", "5001")
    ledger = judged(Channel([later]), state=state).ledgers[PV]
    assert ledger.points == [state.last]
    assert ledger.doubts == [(noon + 60, "over_capacity"), (later.at, "over_capacity")]
    goes_on = judged(Channel([read("2024-01-16 13:00", "101.009")]), state=state).ledgers[PV]
    assert goes_on.points[1:] == [Point(noon + 3600, 101_009, 71_000, 0, 1)]
    assert goes_on.doubts == [(noon + 60, "over_capacity")]


def test_what_a_state_has_seen_is_not_judged_again() -> None:
    event = swap("2024-01-16 12:00", "103", "5")
    state = LineState(last=Point(event.at, 5_000, 70_000, event.at, 6))
    readings = [
        read("2024-01-16 11:59", "1"), Reading(event.at, 1, 5_000), read("2024-01-16 13:00", "6")
    ]  # fmt: skip
    ledger = judged(Channel(readings, (event,)), state=state).ledgers[PV]
    assert [point.ledger for point in ledger.points] == [70_000, 71_000]
    assert (ledger.refusals, ledger.closes) == ([], {})


def test_a_leading_zero_that_a_state_remembers_is_taken_back() -> None:
    zero = Point(at("2024-01-16 10:00"), 0, 0, 0, 1)
    state = LineState(last=zero, leading_zero=True)
    ledger = judged(Channel([read("2024-01-16 10:30", "6350")]), state=state).ledgers[PV]
    assert [(point.wh, point.ledger) for point in ledger.points] == [(6_350_000, 0)]
    assert reasons(ledger) == ["zero"]


def test_export_goes_on_from_the_last_instant_at_which_both_were_known() -> None:
    ten = at("2024-01-16 10:00")
    state = {
        PV: LineState(last=Point(ten, 100_000, 40_000, 0, 1)),
        EXPORT: LineState(last=Point(ten, 50_000, 20_000, 0, 1), common=(20_000, 40_000)),
    }
    for kwh, why in (("51.2", []), ("51.21", [OVER])):
        site = Site({PV: hourly(None, "101"), EXPORT: hourly(None, kwh)})
        again = judge(site, state, [ten + 7200])
        assert reasons(again.ledgers[EXPORT]) == why
        expected = (20_000, 40_000) if why else (21_200, 41_000)
        assert again.marks[ten + 7200][EXPORT].common == expected


def test_a_channel_without_a_state_begins_at_its_first_reading() -> None:
    site = Site({PV: hourly("100", "101"), EXPORT: hourly("50", "51")})
    ten = at("2024-01-16 10:00")
    again = judge(site, {PV: LineState(last=Point(ten, 100_000, 7_000, 0, 1))})
    assert [point.ledger for point in again.ledgers[PV].points] == [7_000, 8_000]
    assert [point.ledger for point in again.ledgers[EXPORT].points] == [0, 1_000]


def test_a_removal_set_aside_is_doubted_also_by_a_pass_that_begins_after_it() -> None:
    event = swap("2024-01-16 22:00", "5", "0")
    channel = Channel([read("2024-01-16 10:00", "100"), read("2024-02-16 12:00", "7")], (event,))
    mark = at("2024-02-01 00:00")
    whole = judged(channel, mark)
    later = judged(Channel(channel.readings[1:], (event,)), state=whole.marks[mark][PV])
    told = [midnight(one.ledgers[PV], "2024-01-17") for one in (whole, later)]
    assert told[0] == told[1]
    assert told[0] is not None
    assert told[0].doubts == ("register_back",)
