"""The Modbus drivers against libmodbus, a server that is neither ours nor pymodbus."""

import asyncio
import ctypes
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.drivers.polling import open_driver
from ingest.drivers.profiles import SHIPPED, shipped_profile
from ingest.drivers.protocol import Ask, Outcome
from ingest.simulator.images import Device, map_home, sunspec_home
from tests.ingest.gateways import (
    EXPORT,
    IMPORT,
    NOON,
    PATIENT,
    PV,
    a_house,
    a_target,
    far_away,
    poll,
)

HOUSE = a_house()
NOW = HOUSE.registers(NOON)


@pytest.fixture(autouse=True)
def _libmodbus() -> None:
    try:
        ctypes.CDLL("libmodbus.so.5")
    except OSError:
        pytest.skip("libmodbus is missing: apt-get install libmodbus5")


@contextmanager
def libmodbus(device: Device) -> Iterator[int]:
    """Give the port of a libmodbus server that holds a device's image."""
    image: dict[int, dict[int, int]] = {}
    for (fc, address), word in device.image(NOON).items():
        image.setdefault(fc, {})[address] = word
    blocks = {
        fc: [min(words), [words.get(n, 0) for n in range(min(words), max(words) + 1)]]
        for fc, words in image.items()
    }
    command = [sys.executable, str(Path(__file__).with_name("libmodbus_server.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write(json.dumps(blocks))
        server.stdin.close()
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def test_a_sunspec_home_is_read_from_libmodbus() -> None:
    with libmodbus(sunspec_home(HOUSE, "SN-0170")) as port:
        asks = [Ask(PV, serial="SN-0170"), Ask(EXPORT), Ask(IMPORT)]
        samples = asyncio.run(poll(a_target(port), *asks))
    assert [sample.wh for sample in samples] == [
        NOW.pv,
        NOW.export // 10 * 10,
        NOW.imported // 10 * 10,
    ]


def test_who_answers_is_read_from_libmodbus() -> None:
    with libmodbus(sunspec_home(HOUSE, "SN-0170")) as port:
        driver = open_driver(a_target(port), PATIENT, lambda: NOON)
        assert asyncio.run(driver.identify()).serial == "SN-0170"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_profile_is_read_from_libmodbus(name: str) -> None:
    profile = shipped_profile(name)
    register = profile.registers.get("export") or profile.registers["import"]
    with libmodbus(map_home(HOUSE, profile, {register.name: PV})) as port:
        (sample,) = asyncio.run(poll(a_target(port, "modbus", name), Ask(PV, register.name)))
    assert sample.wh is not None
    assert abs(sample.wh - NOW.pv) <= int(register.scale_wh) + 1


def test_a_register_that_libmodbus_does_not_hold_is_a_bad_answer() -> None:
    profile = shipped_profile("dzg")
    with libmodbus(map_home(HOUSE, profile, {"export": PV})) as port:
        absent, good = asyncio.run(poll(a_target(port, "modbus", "dzg"), Ask(IMPORT), Ask(PV)))
    assert (absent.outcome, good.wh) == (Outcome.BAD_ANSWER, NOW.pv)
    assert "exception 02" in str(absent.error)


def test_libmodbus_far_away_is_polled_again_and_again_over_its_one_connection() -> None:
    async def polls(port: int) -> list[int | None]:
        async with far_away(port, 0.05) as relay:
            return [(await poll(a_target(relay), Ask(PV)))[0].wh for _ in range(3)]

    with libmodbus(sunspec_home(HOUSE, "SN-0170")) as port:
        assert asyncio.run(polls(port)) == [NOW.export // 10 * 10] * 3
