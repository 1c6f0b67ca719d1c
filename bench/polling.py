"""P7: polling many gateways far away, a tenth of them dead, and again and again."""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from bench.measuring import Row
from ingest.addresses import Address
from ingest.drivers.polling import poll_gateway, poll_many
from ingest.drivers.profiles import shipped_profile
from ingest.drivers.protocol import Ask, Outcome, Reach, Target
from ingest.simulator.echonet import PANELS, EchonetNode, Properties
from ingest.simulator.images import MapDevice
from ingest.simulator.server import Manners, ModbusServer
from shared.energy.quantities import Quantity

NOW: Final = 1_717_989_900
LATENCY_S: Final = 0.3
AT_ONCE: Final = 500
POLL_CPU_S: Final = 0.000_35
"""What one poll costs a core at the least (performance, P7)."""
DEAD_EVERY: Final = 10
ROUNDS, ROUND_SIZE = 100, 100
WARM: Final = 10
REACH = Reach(allow_loopback=True, echonet_bind=("127.0.0.1", 0))
PV = [Ask(Quantity.PV)]


class _Panels:
    """An inverter that always shows the same."""

    def properties(self, at: int) -> Properties:  # noqa: ARG002 - always the same
        """Return its one register."""
        return {0xE1: (388_200).to_bytes(4, "big")}

    def set(self, epc: int, edt: bytes) -> bool:  # noqa: ARG002 - whatever it is
        """Refuse."""
        return False


def _serve(told: Connection, latency_s: float) -> None:
    """Serve a good gateway, a dead one and an ECHONET node until killed; tell their ports."""
    device = MapDevice(shipped_profile("dzg"), {"export": lambda at: at})

    async def serve() -> None:
        good = ModbusServer({1: device}, lambda: NOW, Manners(latency_s=latency_s))
        dead = ModbusServer({1: device}, lambda: NOW, Manners("silent"))
        node = EchonetNode({PANELS: _Panels()}, lambda: NOW, latency_s=latency_s)
        async with good, dead, node:
            told.send((good.port, dead.port, node.port))
            await asyncio.Event().wait()

    asyncio.run(serve())


@contextmanager
def _gateways(latency_s: float) -> Iterator[tuple[Target, Target, Target]]:
    """Give a good gateway, a dead one and an ECHONET node that a process of their own serves."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, latency_s), daemon=True)
    process.start()
    good, dead, node = (Address(IPv4Address("127.0.0.1"), port) for port in ours.recv())
    try:
        yield (
            Target("modbus", good, profile="dzg"),
            Target("modbus", dead, profile="dzg"),
            Target("echonet", node),
        )
    finally:
        process.kill()
        process.join()


def rows(gateways: int, rounds: int) -> Iterator[Row]:
    """Yield the rows: a fleet, a fleet with dead homes, a fleet of nodes, and memory."""
    with _gateways(LATENCY_S) as (good, dead, node):
        _last_good_s([good] * AT_ONCE)  # a first round only warms up
        mixed = [dead if n % DEAD_EVERY == 0 else good for n in range(gateways)]
        fleets = (
            ("Modbus", [good] * gateways, 2 * LATENCY_S, 1.3),
            ("ECHONET", [node] * gateways, LATENCY_S, 1.3),
            ("Modbus, a tenth dead, last good", mixed, 2 * LATENCY_S, 1.5),
        )
        for name, fleet, trip_s, goal in fleets:
            took = statistics.median(_last_good_s(fleet) for _ in range(rounds))
            yield _row(f"poll {gateways:,} gateways, {name}", took, _ideal_s(fleet, trip_s), goal)
    with _gateways(0) as (good, _, node):
        yield _memory(good, node)


def _ideal_s(fleet: Sequence[Target], trip_s: float) -> float:
    return max(-(-len(fleet) // AT_ONCE) * trip_s, len(fleet) * POLL_CPU_S)


def _row(work: str, took: float, ideal: float, goal: float) -> Row:
    ratio = took / ideal
    told = (f"{ideal:.2f} s", f"{took:.2f} s", f"{ratio:.2f}")
    return Row("P7", work, *told, f"≤ {goal:g}×", passes=ratio <= goal)


def _last_good_s(fleet: Sequence[Target]) -> float:
    """Return after how many seconds the last gateway had answered well."""
    ends: list[float] = []

    async def polled() -> float:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(target: Target) -> None:
            async with places:
                (sample,) = await poll_gateway(target, PV, REACH, lambda: NOW)
            if sample.outcome is Outcome.OK:
                ends.append(time.perf_counter())

        started = time.perf_counter()
        await asyncio.gather(*(one(target) for target in fleet))
        return started

    started = asyncio.run(polled())
    return max(ends) - started


def _memory(good: Target, node: Target) -> Row:
    """Return what a hundred rounds leave behind in this process."""
    grown = []
    reach = replace(REACH, timeout_s=2)
    for number in range(ROUNDS):
        polls = [(good if n % 2 else node, PV) for n in range(ROUND_SIZE)]
        asyncio.run(poll_many(polls, AT_ONCE, reach, lambda: NOW))
        if number + 1 in (WARM, ROUNDS):
            grown.append(_resident_mb())
    before, after = grown
    ratio = after / before
    work = f"memory after {ROUNDS} rounds of {ROUND_SIZE}, to that after {WARM}"
    told = (f"{before:.1f} MB", f"{after:.1f} MB", f"{ratio:.2f}")
    return Row("P7", work, *told, "≤ 1.05×", passes=ratio <= 1.05)  # noqa: PLR2004 - flat


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1_000_000
