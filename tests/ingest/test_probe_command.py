"""`ppa gateways probe` reads and decodes, and stores nothing."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.drivers.profiles import shipped_profile
from ingest.simulator.aiseg2 import AisegServer
from ingest.simulator.echonet import EchonetNode
from ingest.simulator.images import Device, map_home, sunspec_home
from ingest.simulator.server import Manners, ModbusServer
from tests.conftest import Ppa
from tests.ingest.gateways import EXPORT, NOON, PV, a_house, served

HOUSE = a_house()
NOW = HOUSE.registers(NOON)
HOME = sunspec_home(HOUSE, "SN-0170")
OPEN = {"PPA_ALLOW_LOOPBACK_GATEWAYS": "1"}
QUICK = OPEN | {"PPA_GATEWAY_TIMEOUT_S": "1", "PPA_GATEWAY_DEADLINE_S": "1"}


@contextmanager
def beside(server: ModbusServer | EchonetNode | AisegServer) -> Iterator[str]:
    """Give the address of a server that runs beside the command."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def a_gateway(
    device: Device, manners: Manners | None = None, at: Callable[[], int] = lambda: NOON
) -> Iterator[str]:
    """Give the address of a gateway that is served beside the command."""
    with beside(served(device, manners, at)) as address:
        yield address


def test_a_sunspec_device_is_told_with_all_its_counters(ppa: Ppa) -> None:
    with a_gateway(HOME) as address:
        result = ppa("gateways", "probe", "sunspec", address, "--json", **OPEN)
    assert result.code == 0
    document = result.json()
    assert document["identity"]["serial"] == "SN-0170"
    told = {row["source"]: (row["wh"], row["outcome"]) for row in document["registers"]}
    assert told["103.WH"] == (NOW.pv, "ok")
    assert told["203.TotWhExpPhA"] == (None, "no_data")


def test_a_profile_in_a_file_is_tried_out(ppa: Ppa, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[registers.roof]\nfc = 3\naddress = 0x4100\ntype = "u32"\nunit = "Wh"\n', encoding="utf-8"
    )
    device = map_home(HOUSE, shipped_profile("dzg"), {"export": PV, "import": EXPORT})
    with a_gateway(device) as address:
        probe = ("gateways", "probe", "modbus", address, "--profile")
        shipped, mine = ppa(*probe, "dzg", **OPEN), ppa(*probe, str(own), **OPEN)
    assert (shipped.code, mine.code) == (0, 0)
    assert mine.out == f"roof                 {NOW.pv // 1000}.{NOW.pv % 1000:03} kWh\n"


def test_a_silent_gateway_is_told_in_a_sentence(ppa: Ppa) -> None:
    with a_gateway(HOME, Manners("silent")) as address:
        result = ppa("gateways", "probe", "sunspec", address, **QUICK)
    assert result.code == 1
    assert "meter_silent" in result.out


def test_wrong_usage_names_what_is_wrong(ppa: Ppa) -> None:
    for argv, told in (
        (("sunspec", "localhost:502"), "ADDRESS"),
        (("sunspec", "127.0.0.1:502"), "not allowed"),
        (("sunspec", "10.8.0.21:502"), "PPA_GATEWAY_NETS"),
        (("modbus", "127.0.0.1:502", "--profile", "absent.toml"), "absent.toml"),
        (("modbus", "127.0.0.1:502"), "no profile"),
        (("telepathy", "127.0.0.1:502"), "telepathy"),
        (("sunspec", "127.0.0.1:502", "--unit", "256"), "--unit"),
    ):
        opened = {} if told == "not allowed" else OPEN
        result = ppa("gateways", "probe", *argv, **opened)
        assert (result.code, told in result.err) == (2, True), (argv, result.err)
