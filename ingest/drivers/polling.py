"""Asking many gateways at once, each within its own deadline and none able to harm another."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from ingest.drivers.modbus import ModbusDriver
from ingest.drivers.profiles import find_profile
from ingest.drivers.protocol import (
    Ask,
    Clock,
    Driver,
    Outcome,
    Reach,
    ReadingFailed,
    Sample,
    Target,
    failed,
)
from ingest.drivers.sunspec import SunSpecDriver
from shared.errors import InputRefused

_log = logging.getLogger(__name__)
_LEEWAY_S = 1.0
"""Drivers keep their deadline themselves and then tell what they have; this is the last resort."""


def _modbus(target: Target, reach: Reach, now: Clock) -> Driver:
    return ModbusDriver(target, find_profile(target.profile), reach, now)


DRIVERS: dict[str, Callable[[Target, Reach, Clock], Driver]] = {
    "modbus": _modbus,
    "sunspec": SunSpecDriver,
}
"""The drivers by the name that the gateways CSV gives them."""


def open_driver(target: Target, reach: Reach, now: Clock) -> Driver:
    """Return the driver of a target; raises InputRefused for an unknown driver or profile."""
    if target.driver not in DRIVERS:
        raise InputRefused(f"there is no driver {target.driver!r}, only {', '.join(DRIVERS)}")
    return DRIVERS[target.driver](target, reach, now)


async def poll_gateway(
    target: Target, asks: Sequence[Ask], reach: Reach, now: Clock
) -> list[Sample]:
    """Return a sample an ask, in their order; whatever happens becomes an outcome."""
    try:
        reach.guard(target.address)
        driver = open_driver(target, reach, now)
        async with asyncio.timeout(reach.deadline_s + _LEEWAY_S):
            return await driver.read(asks)
    except ReadingFailed as known:
        failure = known
    except InputRefused as unfit:
        failure = ReadingFailed(Outcome.NO_CHANNEL, str(unfit))
    except TimeoutError:
        failure = ReadingFailed(Outcome.METER_SILENT, "the deadline passed")
    except Exception as fault:  # noqa: BLE001 - one gateway's surprise must not cost the others their poll
        _log.exception("the driver of %s failed", target.address)
        failure = ReadingFailed(Outcome.BAD_ANSWER, f"the driver failed: {type(fault).__name__}")
    return [failed(ask, now(), failure) for ask in asks]


async def poll_many(
    polls: Iterable[tuple[Target, Sequence[Ask]]], concurrency: int, reach: Reach, now: Clock
) -> list[list[Sample]]:
    """Return the samples of each poll in order, at most `concurrency` gateways in flight."""
    places = asyncio.Semaphore(concurrency)

    async def one(target: Target, asks: Sequence[Ask]) -> list[Sample]:
        async with places:
            return await poll_gateway(target, asks, reach, now)

    return await asyncio.gather(*(one(target, asks) for target, asks in polls))
