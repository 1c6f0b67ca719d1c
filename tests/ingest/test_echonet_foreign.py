"""The ECHONET Lite driver against echonet-lite, a device that is not ours, over a lossy wire."""

import asyncio
import shutil
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

import pytest

from ingest.addresses import parse_address
from ingest.drivers.echonet import EchonetDriver
from ingest.drivers.protocol import Ask, Outcome, Reach, Target
from shared.months import instant
from tests.ingest.gateways import EXPORT, IMPORT, NOON, PV
from tests.ingest.namespaces import DEVICE, WIRE, Machines, a_lossy_wire, inside, two_machines

T = TypeVar("T")
HERE = Path(__file__).parent
MODULE = Path(__file__).parents[2] / ".cache/echonet-device/node_modules/echonet-lite"
REACH = Reach(nets=(ip_network("10.81.0.0/24"),), timeout_s=0.5, deadline_s=20)
REGISTERS = {PV: 388_200, EXPORT: 302_000, IMPORT: 12_345_600}
LOST = 0.25


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """Give two machines, the other one with a meter and an inverter that are not ours."""
    node = shutil.which("node")
    if node is None or not MODULE.exists():
        pytest.skip("echonet-lite is missing: make servers, as root")
    with two_machines() as machines:
        script = str(HERE / "echonet-device/device.js")
        command = ["ip", "netns", "exec", machines.theirs, node, script, str(MODULE)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as device:
            try:
                assert device.stdout
                assert device.stdout.readline() == "ready\n"
                yield machines
            finally:
                device.kill()


def asking(
    machines: Machines, ask: Callable[[EchonetDriver], Awaitable[T]], address: str = DEVICE
) -> T:
    """Return what a driver on our machine brings, which has the port of the standard."""

    async def asked() -> T:
        target = Target("echonet", parse_address(f"{address}:3610"))
        return await ask(EchonetDriver(target, REACH, lambda: NOON))

    return inside(machines.ours, lambda: asyncio.run(asked())).result(60)


def test_a_device_that_is_not_ours_is_read_at_one_instant(machines: Machines) -> None:
    asks = [Ask(PV), Ask(EXPORT, serial="SN-0170"), Ask(IMPORT)]
    samples = asking(machines, lambda driver: driver.read(asks))
    assert {s.channel: s.wh for s in samples} == REGISTERS
    assert [s.clock_error_s for s in samples] == [None, 0, 0]
    assert {s.modulus_wh for s in samples} == {10**9, 10**8}


def test_who_answers_and_what_it_holds_is_told(machines: Machines) -> None:
    identity = asking(machines, lambda driver: driver.identify())
    found = asking(machines, lambda driver: driver.survey())
    assert (identity.maker, identity.serial) == ("000077", "SN-0170")
    assert {one.source: one.wh for one in found} == {
        "028801.E0": 12_345_600,
        "028801.E3": 302_000,
        "027901.E1": 388_200,
    }


def test_a_day_of_its_half_hours_is_read_with_its_hole(machines: Machines) -> None:
    day = date(2024, 6, 8)
    told = asking(machines, lambda driver: driver.history(Ask(EXPORT), day))
    assert told.outcome is Outcome.OK
    assert told.moments[0] == (instant(day), 102_000)
    assert told.moments[20] == (instant(day) + 36_000, None)
    assert told.moments[47] == (instant(day) + 47 * 1800, 106_700)


def test_an_object_it_does_not_have_is_no_channel(machines: Machines) -> None:
    (sample,) = asking(machines, lambda driver: driver.read([Ask(PV, "028D01.E1")]))
    assert (sample.outcome, sample.wh) == (Outcome.NO_CHANNEL, None)


def test_another_meter_is_not_read(machines: Machines) -> None:
    (sample,) = asking(machines, lambda driver: driver.read([Ask(EXPORT, serial="SN-0999")]))
    assert (sample.outcome, sample.wh) == (Outcome.WRONG_METER, None)


def test_lost_datagrams_cost_time_and_never_a_wrong_figure(machines: Machines) -> None:
    asks = [Ask(channel) for channel in REGISTERS]
    with a_lossy_wire(machines, LOST) as wire:
        outcomes: Counter[Outcome] = Counter()
        for _ in range(12):
            for sample in asking(machines, lambda driver: driver.read(asks), WIRE):
                outcomes[sample.outcome] += 1
                assert sample.wh in (None, REGISTERS[sample.channel])
    assert wire.lost > 0
    assert outcomes[Outcome.OK] >= 27
    assert set(outcomes) <= {Outcome.OK, Outcome.UNREACHABLE, Outcome.METER_SILENT}
