"""AiSEG2 gateways for the tests, in words."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import date
from typing import ParamSpec

from ingest.addresses import Address
from ingest.drivers.aiseg2 import AisegDriver
from ingest.drivers.polling import poll_gateway
from ingest.drivers.protocol import Ask, History, Reach, Sample, Target
from ingest.simulator.aiseg2 import AisegManners, AisegServer
from ingest.simulator.aiseg2_pages import Household
from shared.months import instant
from tests.ingest.gateways import LOOPBACK, NOON, PATIENT, a_house

PASSWORD = "hems-0170"
HOUSE = a_house()
HOUSE.registers(NOON)  # a first look back over years takes longer than a gateway may
HOME = Household(HOUSE, date(2024, 4, 1))
TODAY, YESTERDAY, BEFORE = date(2024, 6, 10), date(2024, 6, 9), date(2024, 6, 8)
P = ParamSpec("P")


def in_a_loop(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Return a test that runs its coroutine to the end."""

    @functools.wraps(test)
    def run(*args: P.args, **words: P.kwargs) -> None:
        asyncio.run(test(*args, **words))

    return run


def an_aiseg(
    manners: AisegManners | None = None, clock: Callable[[], int] = lambda: NOON
) -> AisegServer:
    return AisegServer(HOME, PASSWORD, clock, manners)


def its_target(port: int, password: str = PASSWORD) -> Target:
    return Target("aiseg2", Address(LOOPBACK, port), secret=password)


async def poll_aiseg(
    server: AisegServer, *asks: Ask, reach: Reach = PATIENT, password: str = PASSWORD
) -> list[Sample]:
    return await poll_gateway(its_target(server.port, password), asks, reach, lambda: NOON)


async def remembered(
    manners: AisegManners | None, asks: Sequence[tuple[Ask, date]], now: int = NOON
) -> tuple[list[History], AisegServer]:
    """Return what one driver tells of some days, and the server that it asked."""
    async with an_aiseg(manners, lambda: now) as server:
        driver = AisegDriver(its_target(server.port), replace(PATIENT, bulk=True), lambda: now)
        return [await driver.history(ask, day) for ask, day in asks], server


def metered(kind: str, day: date) -> int:
    """Return what the home's own meter counted on a day."""
    return HOME.wh(kind, instant(day), instant(day) + 86_400)
