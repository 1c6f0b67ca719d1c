"""The Modbus drivers against the simulated house."""

import asyncio
from collections.abc import Sequence
from itertools import count

import pytest

from ingest.addresses import parse_address
from ingest.drivers.polling import open_driver, poll_many
from ingest.drivers.profiles import SHIPPED, shipped_profile
from ingest.drivers.protocol import Ask, Outcome, Reach, Target
from ingest.simulator.images import SunSpecDevice, inverter, map_home, meter, sunspec_home
from ingest.simulator.server import Manners
from tests.ingest.gateways import (
    EXPORT,
    IMPORT,
    NOON,
    PATIENT,
    PV,
    QUICK,
    a_house,
    a_target,
    far_away,
    poll,
    poll_served,
    served,
)

HOUSE = a_house()
NOW = HOUSE.registers(NOON)
HOME = sunspec_home(HOUSE, "SN-0170")


def a_chain(*models: tuple[int, Sequence[int]], base: int = 40000) -> SunSpecDevice:
    return SunSpecDevice("SN-0170", lambda _at, _modulus: models, base)


def test_a_sunspec_home_gives_its_three_registers_at_one_instant() -> None:
    samples = asyncio.run(poll_served(HOME, [Ask(PV), Ask(EXPORT), Ask(IMPORT)]))
    assert [sample.wh for sample in samples] == [
        NOW.pv,
        NOW.export // 10 * 10,
        NOW.imported // 10 * 10,
    ]
    assert {(sample.outcome, sample.read_at) for sample in samples} == {(Outcome.OK, NOON)}


@pytest.mark.parametrize("base", [40000, 0, 50000])
def test_the_marker_is_found_at_each_of_its_places(base: int) -> None:
    (sample,) = asyncio.run(poll_served(a_chain(inverter(4711, 0), base=base), [Ask(PV)]))
    assert sample.wh == 4711


def test_pv_alone_is_the_meter_and_beside_export_it_is_not() -> None:
    device = a_chain(inverter(4711, 0), meter(50, 70, 0))
    (alone,) = asyncio.run(poll_served(device, [Ask(PV)]))
    beside, export = asyncio.run(poll_served(device, [Ask(PV), Ask(EXPORT)]))
    assert (alone.wh, beside.wh, export.wh) == (50, 4711, 50)


def test_701_comes_before_the_inverter() -> None:
    body = [0x8000] * 153
    body[17:21], body[21:25], body[118] = [0, 0, 0, 8], [0, 0, 0, 9], 1
    device = a_chain(inverter(4711, 0), (701, body))
    asks = [Ask(PV), Ask(EXPORT), Ask(IMPORT)]
    assert [s.wh for s in asyncio.run(poll_served(device, asks))] == [80, 80, 90]


def test_the_first_model_decides_even_where_it_has_no_figure() -> None:
    device = a_chain(inverter(4711, 0), meter(0, 70, 0))
    (sample,) = asyncio.run(poll_served(device, [Ask(PV)]))
    assert (sample.wh, sample.outcome) == (None, Outcome.NO_DATA)


def test_a_source_names_model_and_place() -> None:
    device = a_chain(inverter(1, 0), inverter(2, 0), meter(30, 40, 0))
    sources = ("103.WH", "103/2.WH", "203.TotWhImp", "103/3.WH", "103.W", "104.WH", "WH")
    samples = asyncio.run(poll_served(device, [Ask(PV, source) for source in sources]))
    assert [sample.wh for sample in samples] == [1, 2, 40, None, None, None, None]
    assert {sample.outcome for sample in samples[3:]} == {Outcome.NO_CHANNEL}


def test_a_battery_has_no_default() -> None:
    (sample,) = asyncio.run(poll_served(HOME, [Ask(PV.BATTERY_CHARGE)]))
    assert sample.outcome is Outcome.NO_CHANNEL


def test_a_swapped_device_is_not_read() -> None:
    asks = [Ask(PV, serial="SN-9999"), Ask(EXPORT, serial="SN-0170"), Ask(IMPORT)]
    samples = asyncio.run(poll_served(HOME, asks))
    assert [s.outcome for s in samples] == [Outcome.WRONG_METER, Outcome.OK, Outcome.OK]
    assert "SN-0170, not SN-9999" in str(samples[0].error)


def test_an_end_model_may_have_no_length() -> None:
    class Cut:
        def image(self, at: int, modulus_wh: int | None = None) -> dict[tuple[int, int], int]:
            words = dict(HOME.image(at, modulus_wh))
            words.pop(max(words))
            return words

    (sample,) = asyncio.run(poll_served(Cut(), [Ask(PV.BATTERY_CHARGE)]))
    assert sample.outcome is Outcome.NO_CHANNEL


def test_a_device_that_is_no_sunspec_device_is_told_apart() -> None:
    device = map_home(HOUSE, shipped_profile("dzg"), {"export": PV})
    (sample,) = asyncio.run(poll_served(device, [Ask(PV)]))
    assert sample.outcome is Outcome.BAD_ANSWER
    assert "marker" in str(sample.error)


def test_a_chain_without_end_is_a_bad_answer() -> None:
    models = [(64001, [0])] * 200
    (sample,) = asyncio.run(poll_served(a_chain(*models), [Ask(PV)]))
    assert sample.outcome is Outcome.BAD_ANSWER


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_profile_reads_the_house(name: str) -> None:
    profile = shipped_profile(name)
    register = profile.registers.get("export") or profile.registers["import"]
    device = map_home(HOUSE, profile, {register.name: PV})
    asks = [Ask(PV, register.name), Ask(PV, "absent")]
    good, absent = asyncio.run(poll_served(device, asks, "modbus", name))
    assert good.wh is not None
    assert abs(good.wh - NOW.pv) <= int(register.scale_wh) + 1
    assert absent.outcome is Outcome.NO_CHANNEL


def test_an_unknown_profile_or_driver_is_no_channel() -> None:
    for driver, profile in (("modbus", "absent"), ("modbus", ""), ("telepathy", "")):
        (sample,) = asyncio.run(poll(a_target(1, driver, profile), Ask(PV)))
        assert sample.outcome is Outcome.NO_CHANNEL
        assert sample.error


def test_a_closed_port_is_unreachable() -> None:
    (sample,) = asyncio.run(poll(a_target(1), Ask(PV), reach=QUICK))
    assert sample.outcome is Outcome.UNREACHABLE


def test_a_unit_that_does_not_answer_behind_a_gateway_is_a_silent_meter() -> None:
    async def asked() -> Outcome:
        async with served(HOME) as server:
            (sample,) = await poll(a_target(server.port, unit=9), Ask(PV))
            return sample.outcome

    assert asyncio.run(asked()) is Outcome.METER_SILENT


def test_an_address_that_is_not_allowed_is_never_connected_to() -> None:
    async def asked() -> tuple[Outcome, int]:
        async with served(HOME) as server:
            target = a_target(server.port)
            (sample,) = await poll(target, Ask(PV), reach=Reach())
            return sample.outcome, server.asked

    assert asyncio.run(asked()) == (Outcome.REFUSED_ADDRESS, 0)


def test_a_driver_opens_no_connection_to_an_address_that_is_not_allowed() -> None:
    async def asked() -> Outcome:
        target = Target("sunspec", parse_address("169.254.169.254:80"))
        (sample,) = await open_driver(target, PATIENT, lambda: NOON).read([Ask(PV)])
        return sample.outcome

    assert asyncio.run(asked()) is Outcome.REFUSED_ADDRESS


def test_slow_answers_keep_their_own_time() -> None:
    ticks = count(NOON, 3)

    async def asked() -> list[int]:
        async with served(HOME) as server:
            driver = open_driver(a_target(server.port), PATIENT, lambda: next(ticks))
            return [sample.read_at for sample in await driver.read([Ask(PV), Ask(EXPORT)])]

    assert asyncio.run(asked()) == [NOON, NOON + 3]


@pytest.mark.parametrize(
    "manners",
    [
        Manners(one_connection=True),
        Manners(closes_after_answer=True),
        Manners(one_connection=True, closes_after_answer=True),
    ],
)
def test_a_gateway_that_is_short_of_connections_is_read_again_and_again(manners: Manners) -> None:
    async def asked() -> list[Outcome]:
        async with served(HOME, manners) as server:
            polls = [await poll(a_target(server.port), Ask(PV), Ask(IMPORT)) for _ in range(10)]
        return [sample.outcome for samples in polls for sample in samples]

    assert set(asyncio.run(asked())) == {Outcome.OK}


def test_a_second_client_is_refused_and_read_once_the_first_has_gone() -> None:
    async def asked() -> list[Outcome]:
        async with served(HOME, Manners(one_connection=True)) as server:
            _, first = await asyncio.open_connection("127.0.0.1", server.port)
            (refused,) = await poll(a_target(server.port), Ask(PV), reach=QUICK)
            first.close()
            await first.wait_closed()
            (read,) = await poll(a_target(server.port), Ask(PV))
            return [refused.outcome, read.outcome]

    assert asyncio.run(asked()) == [Outcome.METER_SILENT, Outcome.OK]


def test_a_gateway_far_away_is_read_within_its_deadline() -> None:
    async def asked() -> list[Outcome]:
        async with served(HOME) as server, far_away(server.port, 0.15) as port:
            return [sample.outcome for sample in await poll(a_target(port), Ask(PV), Ask(EXPORT))]

    assert asyncio.run(asked()) == [Outcome.OK, Outcome.OK]


def test_many_gateways_are_polled_in_order_and_one_bad_one_harms_nobody() -> None:
    async def asked() -> list[int | None]:
        async with served(HOME) as good, served(HOME, Manners("silent")) as silent:
            ports = [good.port, silent.port, 1, good.port]
            polls = [(a_target(port), [Ask(PV)]) for port in ports]
            reach = Reach(allow_loopback=True, timeout_s=1, deadline_s=5)
            answers = await poll_many(polls, 2, reach, lambda: NOON)
            return [samples[0].wh for samples in answers]

    export = NOW.export // 10 * 10
    assert asyncio.run(asked()) == [export, None, None, export]


def test_identity_and_survey_tell_what_is_there() -> None:
    async def asked() -> tuple[str, list[str]]:
        async with served(HOME) as server:
            driver = open_driver(a_target(server.port), PATIENT, lambda: NOON)
            return (await driver.identify()).serial, [f.source for f in await driver.survey()]

    serial, sources = asyncio.run(asked())
    assert serial == "SN-0170"
    assert sources[:2] == ["103.WH", "203.TotWhExp"]
