"""Gateways for the tests, in words."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address

from ingest.addresses import Address
from ingest.drivers.polling import poll_gateway
from ingest.drivers.protocol import Ask, Reach, Sample, Target
from ingest.simulator.house import Home, SunnyHouse
from ingest.simulator.images import Device
from ingest.simulator.server import Manners, ModbusServer
from ingest.simulator.serving import end_of
from shared.energy.quantities import Quantity

NOON = 1_717_989_900
"""2024-06-10 12:25 in Japan."""
QUICK = Reach(allow_loopback=True, timeout_s=0.8, deadline_s=3)
PATIENT = Reach(allow_loopback=True, timeout_s=5, deadline_s=20)
PV, EXPORT, IMPORT = Quantity.PV, Quantity.EXPORT, Quantity.IMPORT

LOOPBACK = IPv4Address("127.0.0.1")


def a_house(seed: int = 1) -> SunnyHouse:
    return SunnyHouse(Home(seed))


def a_target(port: int, driver: str = "sunspec", profile: str = "", unit: int = 1) -> Target:
    return Target(driver, Address(LOOPBACK, port), unit, profile)


def served(
    device: Device, manners: Manners | None = None, at: Callable[[], int] = lambda: NOON
) -> ModbusServer:
    return ModbusServer({1: device, 2: device}, at, manners)


async def poll(target: Target, *asks: Ask, reach: Reach = PATIENT) -> list[Sample]:
    return await poll_gateway(target, asks, reach, lambda: NOON)


async def poll_served(
    device: Device,
    asks: Sequence[Ask],
    driver: str = "sunspec",
    profile: str = "",
    manners: Manners | None = None,
) -> list[Sample]:
    async with served(device, manners) as server:
        return await poll(a_target(server.port, driver, profile), *asks)


@asynccontextmanager
async def far_away(port: int, one_way_s: float) -> AsyncIterator[int]:
    """Give the port of a relay that delays every byte by `one_way_s` in both directions."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(4096):
                await asyncio.sleep(one_way_s)
                writer.write(chunk)
        finally:
            writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there_reader, there_writer = await asyncio.open_connection(str(LOOPBACK), port)
            await asyncio.gather(carry(reader, there_writer), carry(there_reader, writer))

    talks: list[asyncio.Task[None] | None] = []
    server = await asyncio.start_server(relay, str(LOOPBACK), 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await end_of(talk for talk in talks if talk)
