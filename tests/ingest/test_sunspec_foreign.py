"""SunSpec against others' programs: images encoded by pysunspec2, served by pyModbusTCP."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import pytest
from pyModbusTCP.server import DataBank, ModbusServer
from sunspec2.device import Model, get_model_def

from ingest.drivers.polling import open_driver
from ingest.drivers.profiles import SHIPPED, shipped_profile
from ingest.drivers.protocol import Ask, Found, Identity, Outcome
from ingest.drivers.sunspec_models import GAUGES, POINTS, Gauge, Point
from ingest.simulator.images import map_home
from tests.ingest.gateways import EXPORT, IMPORT, NOON, PATIENT, PV, a_house, a_target, poll

Values = Mapping[str, Any]
HOUSE = a_house()
COMMON: Values = {"Mn": "Maker", "Md": "Model", "Vr": "1.2", "SN": "SN-0170"}
ONE_PORT: Values = {"NPrt": 1, "Prt": [{"DCWhInj": 5, "DCWhAbs": 6}]}
CHARGE, DISCHARGE = PV.BATTERY_CHARGE, PV.BATTERY_DISCHARGE


def model(number: int, values: Values) -> list[int]:
    """Return the registers of a model as pysunspec2 writes them."""
    length = Model(number, data={"ID": number, **values}).len - 2
    octets: bytes = Model(number, data={"ID": number, "L": length, **values}).get_mb()
    return [int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2)]


def chain(*models: tuple[int, Values]) -> list[int]:
    """Return the registers of a device from its marker to its end."""
    words = [0x5375, 0x6E53, *model(1, COMMON)]
    for number, values in models:
        words += model(number, values)
    return [*words, 0xFFFF, 0]


@contextmanager
def pymodbustcp(words: Sequence[int] | Mapping[tuple[int, int], int]) -> Iterator[int]:
    """Give the port of a pyModbusTCP server that holds registers, a list from 40000 on."""
    if not isinstance(words, Mapping):
        words = {(3, 40000 + place): word for place, word in enumerate(words)}
    bank = DataBank(h_regs_size=0x10000, i_regs_size=0x10000)
    for (fc, address), word in words.items():
        put = bank.set_holding_registers if fc == 3 else bank.set_input_registers
        put(address, [word])
    server = ModbusServer("127.0.0.1", 0, no_block=True, data_bank=bank)
    server.start()
    try:
        yield server._service.server_address[1]
    finally:
        server.stop()


def read(words: Sequence[int], *asks: Ask) -> list[int | None]:
    """Return the Wh of each channel of a device."""
    with pymodbustcp(words) as port:
        return [sample.wh for sample in asyncio.run(poll(a_target(port), *asks))]


def tried(words: Sequence[int]) -> tuple[Identity, dict[str, Found]]:
    """Return who a device is and all that it holds."""

    async def asked(port: int) -> tuple[Identity, list[Found]]:
        driver = open_driver(a_target(port), PATIENT, lambda: NOON)
        return await driver.identify(), await driver.survey()

    with pymodbustcp(words) as port:
        identity, found = asyncio.run(asked(port))
    return identity, {one.source: one for one in found}


@pytest.mark.parametrize("number", sorted(POINTS | GAUGES))
def test_every_offset_is_that_of_the_models_that_pysunspec2_knows(number: int) -> None:
    places, scales, at = {}, {}, 0
    for point in get_model_def(number)["group"]["points"]:
        places[point["name"]], scales[point["name"]] = at, point.get("sf")
        at += point["size"]
    counters: dict[str, Point | Gauge] = {**POINTS.get(number, {}), **GAUGES.get(number, {})}
    for name, known in counters.items():
        scale = places[scales[name]] if scales[name] else None
        assert (name, known.offset, known.scale_offset) == (name, places[name], scale)


def test_the_seeds_meter_is_read() -> None:
    """TotWhExp 38820 x 10 Wh is the seed's 388.20 kWh."""
    words = chain((203, {"TotWhExp": 38820, "TotWhImp": 30200, "TotWh_SF": 1}))
    assert read(words, Ask(PV, serial="SN-0170")) == [388_200]
    assert read(words, Ask(EXPORT), Ask(IMPORT)) == [388_200, 302_000]


@pytest.mark.parametrize(
    ("number", "name", "values", "wh"),
    [
        (101, "WH", {"WH": 12345, "WH_SF": 0}, 12345),
        (102, "WH", {"WH": 12345, "WH_SF": 1}, 123_450),
        (103, "WH", {"WH": 12345, "WH_SF": -1}, 1235),
        (111, "WH", {"WH": 12345.5}, 12346),
        (113, "WH", {"WH": 0.0}, 0),
        (201, "TotWhExp", {"TotWhExp": 7, "TotWh_SF": 2}, 700),
        (204, "TotWhImpPhC", {"TotWhImpPhC": 7, "TotWh_SF": 0}, 7),
        (213, "TotWhExp", {"TotWhExp": 38820.0}, 38820),
        (701, "TotWhInj", {"TotWhInj": 2**40, "TotWh_SF": -1}, 109_951_162_778),
        (701, "TotWhAbs", {"TotWhAbs": 9, "TotWh_SF": 3}, 9000),
        (714, "DCWhInj", {"DCWhInj": 5000, "DCWH_SF": 0, **ONE_PORT}, 5000),
        (714, "DCWhAbs", {"DCWhAbs": 6000, "DCWH_SF": 1, **ONE_PORT}, 60_000),
    ],
)
def test_a_counter_is_read_as_pysunspec2_writes_it(
    number: int, name: str, values: Values, wh: int
) -> None:
    assert read(chain((number, values)), Ask(PV, f"{number}.{name}")) == [wh]


@pytest.mark.parametrize("number", sorted(set(POINTS) - {714}))
def test_what_pysunspec2_leaves_out_is_no_data(number: int) -> None:
    with pymodbustcp(chain((number, {}))) as port:
        asks = [Ask(PV, f"{number}.{name}") for name in POINTS[number]]
        samples = asyncio.run(poll(a_target(port), *asks))
    assert {(s.outcome, s.wh) for s in samples} == {(Outcome.NO_DATA, None)}


def test_a_home_with_a_battery_is_read_with_its_two_directions() -> None:
    words = chain(
        (701, {"TotWhInj": 900_000, "TotWhAbs": 1200, "TotWh_SF": 0}),
        (713, {"WHRtg": 980, "WHAvail": 565, "SoC": 577, "SoH": 99, "WH_SF": 1, "Pct_SF": -1}),
        (714, {"DCWhInj": 50_000, "DCWhAbs": 60_000, "DCWH_SF": 0, **ONE_PORT}),
        (203, {"TotWhExp": 30200, "TotWhImp": 111, "TotWh_SF": 1}),
    )
    charge, discharge = Ask(CHARGE, "714.DCWhAbs"), Ask(DISCHARGE, "714.DCWhInj")
    asks = (Ask(PV), Ask(EXPORT), Ask(IMPORT), charge, discharge)
    assert read(words, *asks) == [900_000, 302_000, 1110, 60_000, 50_000]


def test_what_a_battery_holds_is_told_and_is_no_energy() -> None:
    words = chain(
        (124, {"WChaMax": 5000, "ChaState": 5771, "ChaState_SF": -2, "WChaMax_SF": 0}),
        (713, {"WHRtg": 980, "WHAvail": 565, "SoC": 577, "SoH": 99, "WH_SF": 1, "Pct_SF": -1}),
        (802, {"WHRtg": 98, "SoC": 60, "WHRtg_SF": 2, "SoC_SF": 0}),
    )
    identity, found = tried(words)
    assert (identity.maker, identity.serial, identity.version) == ("Maker", "SN-0170", "1.2")
    assert {source: one.shows for source, one in found.items()} == {
        "124.ChaState": "57.7 %",
        "713.WHRtg": "9800 Wh",
        "713.WHAvail": "5650 Wh",
        "713.SoC": "57.7 %",
        "713.SoH": "9.9 %",
        "802.WHRtg": "9800 Wh",
        "802.SoC": "60 %",
        "802.SoH": None,
    }
    assert found["802.SoH"].outcome is Outcome.NO_DATA
    assert {one.wh for one in found.values()} == {None}
    with pymodbustcp(words) as port:
        (sample,) = asyncio.run(poll(a_target(port), Ask(CHARGE, "713.SoC")))
    assert (sample.outcome, sample.wh) == (Outcome.NO_CHANNEL, None)


def test_a_model_too_short_for_what_it_should_hold_is_a_bad_answer() -> None:
    words = [0x5375, 0x6E53, *model(1, COMMON), 713, 3, 1, 2, 3, 0xFFFF, 0]
    _, found = tried(words)
    assert {one.outcome for one in found.values()} == {Outcome.BAD_ANSWER}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_profile_is_read_from_pymodbustcp(name: str) -> None:
    profile = shipped_profile(name)
    register = profile.registers.get("export") or profile.registers["import"]
    image = map_home(HOUSE, profile, {register.name: PV}).image(NOON)
    with pymodbustcp(image) as port:
        (sample,) = asyncio.run(poll(a_target(port, "modbus", name), Ask(PV, register.name)))
    assert sample.wh is not None
    assert abs(Fraction(sample.wh) - HOUSE.registers(NOON).pv) <= register.scale_wh + 1
