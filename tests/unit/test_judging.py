"""Which readings are set aside, and what waits for a meter event (decision 5)."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.energy.ledger import judge
from shared.energy.quantities import Battery, Quantity
from shared.energy.readings import Channel, MeterEvent, Reading, Site
from tests.unit.homes import a_ledger, at, read, reasons, swap

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text("utf-8"))["vectors"]


def energy(ledger) -> int:  # type: ignore[no-untyped-def] # noqa: ANN001
    """Return the energy from the first to the newest register that stands."""
    return ledger.points[-1].ledger - ledger.points[0].ledger  # type: ignore[no-any-return]


def test_zeros_after_a_real_register_are_set_aside() -> None:
    glitch = GOLDEN["register_glitch"]
    ledger = a_ledger(
        *(read(f"2024-01-16 0{n}:00", kwh) for n, kwh in enumerate(glitch["readings"]))
    )
    assert reasons(ledger) == ["zero", "zero"]
    assert energy(ledger) == 1000 * float(glitch["expect_kwh"])


def test_a_rollover_counts_on_where_the_wrapped_step_is_plausible() -> None:
    golden = GOLDEN["register_rollover"]
    ledger = a_ledger(
        read("2024-01-16 10:00", f"{golden['prev_raw'] / 10}"),
        read("2024-01-16 11:00", f"{golden['cur_raw'] / 10}"),
        events=(MeterEvent(at("2024-01-01 00:00"), "M", 99_998_000, None, 5),),
    )
    assert ledger.points[-1].ledger - ledger.points[-2].ledger == 2500


def test_the_modulus_of_a_meter_of_unknown_digits_is_the_power_of_ten_above() -> None:
    ledger = a_ledger(read("2024-01-16 10:00", "9999.0"), read("2024-01-16 11:00", "1.5"))
    assert energy(ledger) == 2500
    assert reasons(ledger) == []


def test_the_modulus_that_a_device_tells_stands_unless_a_person_recorded_digits() -> None:
    def counted(*events: MeterEvent) -> tuple[int, list[str]]:
        readings = (read("2024-01-16 10:00", "42949.0"), read("2024-01-16 11:00", "1.5"))
        channel = Channel(readings, events, modulus_wh=42_949_673)
        ledger = judge(Site({Quantity.PV: channel})).ledgers[Quantity.PV]
        return energy(ledger), reasons(ledger)

    assert counted() == (2170, [])
    eight = MeterEvent(at("2024-01-01 00:00"), "M", 42_940_000, None, 8)
    assert counted(eight)[1] == ["register_back"]


def test_a_replaced_meter_counts_each_register_for_itself() -> None:
    golden = GOLDEN["meter_replacement"]
    ledger = a_ledger(
        read("2024-01-16 00:00", golden["old"][0]),
        read("2024-02-16 00:00", golden["new"][1]),
        events=(swap("2024-01-30 10:00", golden["old"][1], golden["new"][0]),),
    )
    assert energy(ledger) == 323_200


def test_a_small_step_back_is_set_aside_and_counting_goes_on() -> None:
    ledger = a_ledger(
        read("2024-01-16 10:00", "100.0"),
        read("2024-01-16 10:30", "99.9"),
        read("2024-01-16 11:00", "100.5"),
    )
    assert (reasons(ledger), energy(ledger)) == (["step_back"], 500)


def test_a_lower_register_waits_for_a_swap_even_when_it_has_grown_past_the_old_one() -> None:
    days = [read(f"2024-01-{day} 12:00", f"{kwh}") for day, kwh in ((17, 5), (18, 60), (19, 105))]
    ledger = a_ledger(read("2024-01-16 12:00", "100.0"), *days)
    assert reasons(ledger) == ["register_back"] * 3
    told = a_ledger(
        read("2024-01-16 12:00", "100.0"), *days, events=(swap("2024-01-16 13:00", "100.2", "0"),)
    )
    assert (reasons(told), energy(told)) == ([], 105_200)


def test_one_glitch_downwards_does_not_stop_a_channel() -> None:
    ledger = a_ledger(
        read("2024-01-16 10:00", "7737.0"),
        read("2024-01-16 10:30", "5000.0"),
        read("2024-01-16 11:00", "7737.6"),
    )
    assert (reasons(ledger), energy(ledger)) == (["register_back"], 600)


def test_readings_that_agree_with_a_jump_wait_however_long() -> None:
    ledger = a_ledger(
        read("2024-01-16 10:00", "100"),
        read("2024-01-16 10:30", "5000"),
        read("2024-06-16 10:30", "5003"),
    )
    assert reasons(ledger) == ["over_capacity", "over_capacity"]


def test_a_jump_that_comes_back_was_a_glitch() -> None:
    ledger = a_ledger(
        read("2024-01-16 10:00", "100"),
        read("2024-01-16 10:30", "5000"),
        read("2024-01-16 11:00", "101"),
    )
    assert (reasons(ledger), energy(ledger)) == (["over_capacity"], 1000)


def test_the_panels_bound_a_step_by_hours_up_to_a_day_and_by_nine_hours_a_day_beyond() -> None:
    inside = a_ledger(
        read("2024-01-16 00:00", "100"), read("2024-01-16 01:00", "105"), panel_w=4000
    )
    beyond = a_ledger(
        read("2024-01-16 00:00", "100"), read("2024-01-16 01:00", "105.01"), panel_w=4000
    )
    assert (reasons(inside), reasons(beyond)) == ([], ["over_capacity"])
    weeks = a_ledger(
        read("2024-01-16 00:00", "0.5"), read("2024-02-15 00:00", "1159"), panel_w=4000
    )
    assert reasons(weeks) == []


def test_differing_values_of_one_instant_decide_nothing() -> None:
    ledger = a_ledger(
        read("2024-01-16 10:00", "100"),
        read("2024-01-16 11:00", "101"),
        read("2024-01-16 11:00", "102"),
        read("2024-01-16 12:00", "103"),
    )
    assert reasons(ledger) == ["reading_conflict", "reading_conflict"]
    assert energy(ledger) == 3000


def test_a_leading_zero_is_taken_back_when_the_real_register_appears() -> None:
    ledger = a_ledger(read("2024-01-16 10:00", "0"), read("2024-01-16 10:30", "6350.6"))
    assert (reasons(ledger), len(ledger.points)) == (["zero"], 1)


def a_site(pv: list[Reading], export: list[Reading], battery: Battery = Battery.NONE) -> Site:
    return Site({Quantity.PV: Channel(pv), Quantity.EXPORT: Channel(export)}, battery)


def test_export_beyond_generation_is_set_aside_only_where_both_are_known() -> None:
    pv = [read("2024-01-16 10:00", "100"), read("2024-01-16 11:00", "101")]
    export = [read("2024-01-16 10:00", "50"), read("2024-01-16 11:00", "51.3")]
    assert reasons(judge(a_site(pv, export)).ledgers[Quantity.EXPORT]) == ["export_over_generation"]
    assert reasons(judge(a_site(pv, export, Battery.MAY_EXPORT)).ledgers[Quantity.EXPORT]) == []
    assert reasons(judge(a_site(pv[:1], export)).ledgers[Quantity.EXPORT]) == []


_READINGS = st.lists(
    st.builds(
        lambda hour, wh: Reading(1_700_000_000 + hour * 1800, 1, wh),
        st.integers(0, 400),
        st.one_of(st.integers(0, 300_000), st.integers(9_900_000, 10_000_000)),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(_READINGS, _READINGS, st.integers(0, 400))
def test_a_pass_that_begins_at_a_stored_state_ends_where_the_whole_pass_does(
    pv: list[Reading], export: list[Reading], hour: int
) -> None:
    mark = 1_700_000_000 + hour * 1800
    whole = judge(a_site(pv, export), marks=[mark])
    state = whole.marks[mark]
    if any(line.leading_zero for line in state.values()):
        return
    late = judge(
        a_site([r for r in pv if r.at >= mark], [r for r in export if r.at >= mark]), state
    )
    for quantity, ledger in whole.ledgers.items():
        resumed = late.ledgers[quantity]
        assert [p for p in ledger.points if p.at >= mark] == [
            p for p in resumed.points if p.at >= mark
        ]
        assert sorted(r for r in ledger.refusals if r.at >= mark) == sorted(resumed.refusals)
