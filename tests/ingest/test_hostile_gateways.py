"""Hostile and broken gateways: no false energy, no crash, never longer than the deadline.

PPA_HOSTILE_POLLS sets how often each is polled (20; 200 before a release).
"""

import asyncio
import os
import time
from collections import Counter

import pytest

from ingest.drivers.polling import poll_many
from ingest.drivers.profiles import shipped_profile
from ingest.drivers.protocol import Ask, Outcome, Reach, Sample, Target
from ingest.simulator.faults import MODES, SERVED_AS_ASKED
from ingest.simulator.images import Device, map_home, sunspec_home
from ingest.simulator.server import Manners
from tests.ingest.gateways import EXPORT, NOON, PATIENT, PV, QUICK, a_house, a_target, poll, served

POLLS = int(os.environ.get("PPA_HOSTILE_POLLS", "20"))
AT_ONCE = 20
HOUSE = a_house()
HOUSE.registers(NOON)  # a first look back over years takes longer than a gateway may
DEVICES: dict[str, Device] = {
    "sunspec": sunspec_home(HOUSE, "SN-0170"),
    "modbus": map_home(HOUSE, shipped_profile("dzg"), {"export": PV, "import": EXPORT}),
}
PROFILES = {"sunspec": "", "modbus": "dzg"}
ASKS = {"sunspec": [Ask(PV), Ask(EXPORT)], "modbus": [Ask(PV), Ask(EXPORT, "import")]}

TIMED = ("silent", "slow", "partial", "drip")
SILENT = (*TIMED, "close", "reset")
OUTCOMES = {
    **dict.fromkeys(MODES, Outcome.BAD_ANSWER),
    **dict.fromkeys(SILENT, Outcome.METER_SILENT),
    **dict.fromkeys(("stuck", "backwards", "rollover"), Outcome.OK),
}
BY_MAP = OUTCOMES | {"zero": Outcome.OK, "ffff": Outcome.NO_DATA}


def reach_for(mode: str) -> Reach:
    """Return short times where time decides, and long ones where the answer does."""
    return QUICK if mode in TIMED else PATIENT


async def polled(driver: str, mode: str, times: int) -> tuple[list[Sample], float]:
    """Return every sample, and the longest that one poll took in seconds."""
    reach = reach_for(mode)
    async with served(DEVICES[driver], Manners(mode)) as server:
        target = a_target(server.port, driver, PROFILES[driver])
        took: list[float] = []
        places = asyncio.Semaphore(AT_ONCE)

        async def one() -> list[Sample]:
            async with places:
                started = time.perf_counter()
                samples = await poll(target, *ASKS[driver], reach=reach)
                took.append(time.perf_counter() - started)
                return samples

        answers = await asyncio.gather(*(one() for _ in range(times)))
    return [sample for samples in answers for sample in samples], max(took)


@pytest.mark.parametrize("driver", DEVICES)
@pytest.mark.parametrize("mode", MODES)
def test_a_hostile_gateway_gives_no_false_energy(driver: str, mode: str) -> None:
    samples, longest = asyncio.run(polled(driver, mode, POLLS))
    expected = (BY_MAP if driver == "modbus" else OUTCOMES)[mode]
    assert Counter(sample.outcome for sample in samples) == {expected: 2 * POLLS}
    assert longest < reach_for(mode).deadline_s + 1
    for sample in samples:
        assert (sample.wh is None) == (sample.outcome is not Outcome.OK)
        assert (sample.error is None) == (sample.outcome is Outcome.OK)
        assert sample.wh is None or mode in SERVED_AS_ASKED


def test_a_gateway_that_comes_to_its_senses_is_read_again() -> None:
    async def asked() -> set[Outcome]:
        manners = Manners()
        recovered: set[Outcome] = set()
        async with served(DEVICES["sunspec"], manners) as server:
            for mode in MODES:
                manners.mode = mode
                await poll(a_target(server.port), Ask(PV), reach=reach_for(mode))
                manners.mode = ""
                (sample,) = await poll(a_target(server.port), Ask(PV))
                recovered.add(sample.outcome)
        return recovered

    assert asyncio.run(asked()) == {Outcome.OK}


def test_an_answer_that_comes_too_late_is_never_taken_for_the_next() -> None:
    async def asked() -> list[int | None]:
        manners = Manners("slow", slow_s=1.6)
        async with served(DEVICES["modbus"], manners) as server:
            samples = await poll(
                a_target(server.port, "modbus", "dzg"), *ASKS["modbus"], Ask(PV), reach=QUICK
            )
            return [sample.wh for sample in samples]

    assert asyncio.run(asked()) == [None, None, None]


def test_hostile_gateways_do_not_keep_the_honest_ones_waiting() -> None:
    async def asked() -> tuple[list[Outcome], float]:
        async with (
            served(DEVICES["sunspec"]) as good,
            served(DEVICES["sunspec"], Manners("silent")) as bad,
        ):
            polls: list[tuple[Target, list[Ask]]] = [
                (a_target(bad.port if n % 10 == 0 else good.port), [Ask(PV)]) for n in range(50)
            ]
            reach = Reach(allow_loopback=True, timeout_s=1, deadline_s=5)
            started = time.perf_counter()
            answers = await poll_many(polls, 50, reach, lambda: NOON)
            return [samples[0].outcome for samples in answers], time.perf_counter() - started

    outcomes, took = asyncio.run(asked())
    assert Counter(outcomes) == {Outcome.OK: 45, Outcome.METER_SILENT: 5}
    assert took < 5
