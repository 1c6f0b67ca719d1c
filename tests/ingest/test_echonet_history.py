"""A meter's half-hours of past days over ECHONET Lite, and the day that is chosen for them."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ingest.drivers.echonet_frames import GET, SET_C, Frame
from ingest.drivers.protocol import Ask, History, Outcome, Sample
from ingest.simulator.echonet import SMART_METER, SmartMeter
from shared.months import day_of, instant
from tests.ingest.echonet_nodes import HOUSE, PATIENT_UDP, a_home, a_node, driver_of
from tests.ingest.gateways import EXPORT, IMPORT, NOON, PV

TODAY = day_of(NOON)
SELECTED = 0xE5


def test_a_day_of_the_past_is_read_as_48_registers() -> None:
    told = history(TODAY - timedelta(days=3))
    midnight = instant(TODAY - timedelta(days=3))
    expected = [
        (at, HOUSE.registers(at).export // 100 * 100)
        for at in range(midnight, midnight + 86_400, 1800)
    ]
    assert (told.outcome, told.kind, told.minutes) == (Outcome.OK, "register", 30)
    assert list(told.moments) == expected


def test_today_has_holes_where_it_has_not_come_yet() -> None:
    told = history(TODAY)
    assert [wh is None for _, wh in told.moments] == [n > 24 for n in range(48)]


def test_only_the_day_is_ever_set() -> None:
    async def asked() -> list[Frame]:
        async with a_node() as node:
            driver = driver_of(node)
            await driver.identify()
            await driver.survey()
            await driver.read([Ask(EXPORT), Ask(PV)])
            await driver.history(Ask(EXPORT), TODAY)
            return [question for question in node.asked if question.esv != GET]

    (only,) = asyncio.run(asked())
    assert (only.esv, only.deoj, [p.epc for p in only.properties]) == (
        SET_C,
        SMART_METER,
        [SELECTED],
    )


def test_another_day_than_was_chosen_is_a_bad_answer() -> None:
    class Raced(SmartMeter):
        def set(self, epc: int, edt: bytes) -> bool:
            return super().set(epc, bytes([edt[0] + 1]))

    told = history(TODAY - timedelta(days=3), Raced(HOUSE))
    assert (told.outcome, told.moments) == (Outcome.BAD_ANSWER, ())
    assert "of 4 days ago, not of 3" in str(told.error)


def test_two_pollers_of_one_meter_never_take_each_others_day() -> None:
    async def raced() -> list[History]:
        async with a_node() as node:
            node.latency_s = 0.01
            days = [TODAY - timedelta(days=n) for n in (1, 2)]
            asking = (driver_of(node).history(Ask(EXPORT), day) for day in days)
            return await asyncio.gather(*asking)

    first, second = asyncio.run(raced())
    assert Outcome.BAD_ANSWER in (first.outcome, second.outcome)
    for told in (first, second):
        if told.outcome is Outcome.OK:
            at, wh = told.moments[0]
            assert (at, wh) == (instant(told.day), HOUSE.registers(at).export // 100 * 100)


@pytest.mark.parametrize(
    ("ask", "days_ago"),
    [(Ask(PV), 1), (Ask(EXPORT, "028801.EB"), 1), (Ask(EXPORT), 100), (Ask(EXPORT), -1)],
)
def test_what_keeps_no_such_day_has_no_history(ask: Ask, days_ago: int) -> None:
    told = history(TODAY - timedelta(days=days_ago), ask=ask)
    assert (told.outcome, told.moments) == (Outcome.NO_HISTORY, ())


def test_a_meter_that_refuses_its_half_hours_has_no_history() -> None:
    class Short(SmartMeter):
        def properties(self, at: int) -> dict[int, bytes]:
            held = super().properties(at)
            del held[0xE4]
            return held

    class Fixed(SmartMeter):
        def set(self, epc: int, edt: bytes) -> bool:
            return False

    for meter in (Short(HOUSE), Fixed(HOUSE)):
        assert history(TODAY, meter).outcome is Outcome.NO_HISTORY


def test_a_swapped_meter_tells_no_history() -> None:
    told = history(TODAY, ask=Ask(EXPORT, serial="SN-9999"))
    assert (told.outcome, told.moments) == (Outcome.WRONG_METER, ())


def test_the_days_are_counted_by_the_meters_own_calendar() -> None:
    """Five minutes after midnight the meter is still at the day before."""
    midnight = instant(TODAY)

    async def asked() -> History:
        async with a_node(at=lambda: midnight - 120) as node:
            driver = driver_of(node, at=lambda: midnight + 300)
            return await driver.history(Ask(EXPORT), TODAY - timedelta(days=2))

    told = asyncio.run(asked())
    first = instant(TODAY - timedelta(days=2))
    assert told.moments[0] == (first, HOUSE.registers(first).export // 100 * 100)


@pytest.mark.parametrize("error_s", [-86_400, -720, 720, 86_400])
def test_what_a_meter_with_a_wrong_clock_has_stamped_is_not_believed(error_s: int) -> None:
    async def asked() -> tuple[History, Sample, Sample]:
        async with a_node(at=lambda: NOON + error_s) as node:
            told = await driver_of(node).history(Ask(EXPORT), TODAY - timedelta(days=2))
            stamped, now = await driver_of(node).read([Ask(EXPORT, "028801.EB"), Ask(IMPORT)])
            return told, stamped, now

    told, stamped, now = asyncio.run(asked())
    assert (told.outcome, told.moments) == (Outcome.BAD_ANSWER, ())
    assert (stamped.outcome, stamped.wh) == (Outcome.BAD_ANSWER, None)
    assert "clock is" in str(told.error)
    assert now.outcome is Outcome.OK


def history(day: date, meter: SmartMeter | None = None, ask: Ask | None = None) -> History:
    devices = a_home() if meter is None else {SMART_METER: meter}

    async def asked() -> History:
        async with a_node(devices) as node:
            return await driver_of(node).history(ask or Ask(EXPORT), day)

    return asyncio.run(asked())


def test_a_slot_that_no_meter_can_have_makes_the_day_a_bad_answer() -> None:
    class Wild(SmartMeter):
        def properties(self, at: int) -> dict[int, bytes]:
            held = super().properties(at)
            return held | {0xE4: held[0xE4][:2] + b"\x10\0\0\0" + held[0xE4][6:]}

    told = history(TODAY - timedelta(days=1), Wild(HOUSE))
    assert (told.outcome, told.moments) == (Outcome.BAD_ANSWER, ())


def test_the_channels_of_a_day_share_one_deadline_and_a_dead_nodes_silence() -> None:
    yesterday = TODAY - timedelta(days=1)

    async def asked() -> tuple[list[Outcome], list[int]]:
        async with a_node(twist=lambda _question, _answer: []) as node:
            driver = driver_of(node, replace(PATIENT_UDP, timeout_s=0.05))
            outcomes, counts = [], []
            for channel, day in ((EXPORT, yesterday), (IMPORT, yesterday), (EXPORT, TODAY)):
                told = await driver.history(Ask(channel), day)
                outcomes.append(told.outcome)
                counts.append(sum(question.deoj == SMART_METER for question in node.asked))
            return outcomes, counts

    outcomes, counts = asyncio.run(asked())
    assert outcomes == [Outcome.UNREACHABLE] * 3
    assert counts == [4, 4, 8]
