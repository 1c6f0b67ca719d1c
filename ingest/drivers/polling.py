"""Asking many gateways at once, each within its own deadline and none able to harm another."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from ingest.drivers.aiseg2 import AisegDriver
from ingest.drivers.echonet import EchonetDriver
from ingest.drivers.modbus import ModbusDriver
from ingest.drivers.profiles import find_profile, parse_profile
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
PROBE_S: Final = 3.0
"""How long one that was down is waited for, so that dead homes do not keep the others waiting."""
_LEEWAY_S = 1.0
"""Drivers keep their deadline themselves and then tell what they have; this is the last resort."""


def _modbus(target: Target, reach: Reach, now: Clock) -> Driver:
    if target.profile_text:
        profile = parse_profile(target.profile_text.encode(), target.profile)
    else:
        profile = find_profile(target.profile)
    return ModbusDriver(target, profile, reach, now)


DRIVERS: dict[str, Callable[[Target, Reach, Clock], Driver]] = {
    "aiseg2": AisegDriver,
    "echonet": EchonetDriver,
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
    if target.down:
        reach = replace(reach, timeout_s=min(reach.timeout_s, PROBE_S))
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
    polls: Iterable[tuple[Target, Sequence[Ask]]],
    concurrency: int,
    reach: Reach,
    now: Clock,
    lines: Sequence[Hashable] | None = None,
) -> list[list[Sample]]:
    """Return the samples of each poll in order, at most `concurrency` gateways in flight.

    Of polls on the same of `lines`, one each, the next begins when the last has ended: meters
    behind one gateway, which often takes a single connection (gateways.md §1b).
    """
    places = asyncio.Semaphore(concurrency)
    turns: dict[Hashable, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def one(line: Hashable, target: Target, asks: Sequence[Ask]) -> list[Sample]:
        async with turns[line], places:
            return await poll_gateway(target, asks, reach, now)

    numbered = enumerate(polls)
    return await asyncio.gather(
        *(one(lines[n] if lines else n, target, asks) for n, (target, asks) in numbered)
    )
