"""ECHONET Lite nodes for the tests, in words."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from ingest.addresses import Address
from ingest.drivers.echonet import EchonetDriver
from ingest.drivers.protocol import Ask, Reach, Sample, Target
from ingest.simulator.echonet import (
    PANELS,
    SMART_METER,
    Device,
    EchonetNode,
    Panels,
    SmartMeter,
    Twist,
)
from tests.ingest.gateways import LOOPBACK, NOON, PATIENT, QUICK, a_house

ANY_PORT = ("127.0.0.1", 0)
QUICK_UDP = replace(QUICK, echonet_bind=ANY_PORT)
PATIENT_UDP = replace(PATIENT, echonet_bind=ANY_PORT)


HOUSE = a_house()


def a_home() -> dict[int, Device]:
    return {SMART_METER: SmartMeter(HOUSE), PANELS: Panels(HOUSE)}


class Held:
    """An object that holds what a test says."""

    def __init__(self, held: Mapping[int, bytes]) -> None:
        """Hold it."""
        self.held = held

    def properties(self, at: int) -> dict[int, bytes]:
        return dict(self.held)

    def set(self, epc: int, edt: bytes) -> bool:
        return False


def a_node(
    devices: Mapping[int, Device] | None = None,
    twist: Twist | None = None,
    at: Callable[[], int] = lambda: NOON,
) -> EchonetNode:
    node = EchonetNode(a_home() if devices is None else devices, at)
    node.twist = twist or node.twist
    return node


def driver_of(
    node: EchonetNode, reach: Reach = PATIENT_UDP, at: Callable[[], int] = lambda: NOON
) -> EchonetDriver:
    return EchonetDriver(Target("echonet", Address(LOOPBACK, node.port)), reach, at)


def read(
    *asks: Ask,
    devices: Mapping[int, Device] | None = None,
    twist: Twist | None = None,
    reach: Reach = PATIENT_UDP,
) -> list[Sample]:
    """Poll a node once."""

    async def asked() -> list[Sample]:
        async with a_node(devices, twist) as node:
            return await driver_of(node, reach).read(asks)

    return asyncio.run(asked())
