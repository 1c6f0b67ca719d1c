"""Past days out of the gateways' own memories, kept where missing (gateways.md §5 rule 5)."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from ingest.drivers.polling import open_driver
from ingest.drivers.protocol import Air, Ask, Clock, Driver, History, Outcome, Reach, ReadingFailed
from ingest.keeping import target_of
from shared.config import Config
from shared.energy.quantities import Source
from shared.errors import PpaError
from shared.gateways import FeedPlan, StoredGateway
from shared.months import DAY_S
from shared.telemetry.intervals import (
    HOURS,
    DayRow,
    IntervalRow,
    store_day_values,
    store_intervals,
)
from shared.telemetry.storing import store_readings

_log = logging.getLogger(__name__)

DEADLINES: Final = 4
"""How many deadlines one day may take at the very most: an SD card is packed for up to three."""


@dataclass(slots=True)
class Memory:
    """One gateway's memory, asked day by day; after a wrong password nothing more is asked of it.

    The driver stays the same for all days, so that an SD card is read once.
    """

    gateway: StoredGateway
    driver: Driver | None
    refused: ReadingFailed | None = None
    air: Air = field(default_factory=Air)
    _told: int = field(default=0, init=False)

    @classmethod
    def of(cls, gateway: StoredGateway, config: Config, reach: Reach, now: Clock) -> "Memory":
        """Open a gateway's memory; what makes it impossible is told with every day."""
        try:
            target = target_of(gateway, config)
            reach.guard(target.address)
            return cls(gateway, open_driver(target, reach, now), air=target.air)
        except ReadingFailed as failure:
            return cls(gateway, None, failure)
        except PpaError as error:
            outcome = Outcome.AUTH_FAILED if gateway.secret_sealed else Outcome.REFUSED_ADDRESS
            return cls(gateway, None, ReadingFailed(outcome, str(error)))

    def spent(self) -> dict[int, int]:
        """Return by the gateway's id the octets that were not told yet."""
        fresh, self._told = self.air.octets - self._told, self.air.octets
        return {self.gateway.id: fresh}

    async def ask(self, day: date, deadline_s: float) -> list[History]:
        """Return a day of each feed, one after another; whatever happens becomes an outcome."""
        found = []
        for feed in self.gateway.feeds:
            ask = Ask(feed.quantity, feed.source, feed.serial)
            history = await self._ask(ask, day, deadline_s)
            if history.outcome is Outcome.AUTH_FAILED and self.refused is None:
                self.refused = ReadingFailed(history.outcome, history.error or "")
            found.append(history)
        return found

    async def _ask(self, ask: Ask, day: date, deadline_s: float) -> History:
        if self.refused is not None or self.driver is None:
            failure = self.refused or ReadingFailed(Outcome.BAD_ANSWER, "there is no driver")
            return _failed(ask, day, failure)
        try:
            async with asyncio.timeout(deadline_s * DEADLINES):
                return await self.driver.history(ask, day)
        except TimeoutError:
            return _failed(ask, day, ReadingFailed(Outcome.METER_SILENT, "the deadline passed"))
        except Exception as fault:  # noqa: BLE001 - one gateway's surprise must not end the others' days
            _log.exception("the driver of %s failed", self.gateway.address)
            sentence = f"the driver failed: {type(fault).__name__}"
            return _failed(ask, day, ReadingFailed(Outcome.BAD_ANSWER, sentence))


def _failed(ask: Ask, day: date, failure: ReadingFailed) -> History:
    return History(ask.channel, day, outcome=failure.outcome, error=str(failure))


def keep_histories(
    session: Session,
    told: Sequence[tuple[FeedPlan, History]],
    now: int,
    source: Source = Source.BACKFILL,
) -> int:
    """Keep what days told: registers as readings, hours as intervals, whole days as finished.

    Returns how many rows were new. A register that no poll had is judged like any other reading.
    """
    good = [(feed, one) for feed, one in told if one.outcome is Outcome.OK]
    registers = [
        (feed.channel_id, at, int(source), wh)
        for feed, one in good
        if one.kind == "register" and feed.is_register
        for at, wh in one.moments
        if wh is not None and at <= now
    ]
    intervals = [
        IntervalRow(feed.channel_id, at, one.minutes, wh, int(source))
        for feed, one in good
        if one.kind == "interval"
        for at, wh in one.moments
        if wh is not None
    ]
    finished = [
        DayRow(feed.channel_id, one.day, int(source), whole, HOURS)
        for feed, one in good
        if not feed.is_register and (whole := finished_wh(one)) is not None
    ]
    return (
        store_readings(session, registers, now)
        + store_intervals(session, intervals, now)
        + store_day_values(session, finished, now)
    )


def finished_wh(history: History) -> int | None:
    """Return a whole day's energy in Wh, None where an hour of it is missing (decision 3)."""
    known = [wh for _, wh in history.moments if wh is not None]
    is_whole = history.kind == "interval" and len(known) * history.minutes * 60 == DAY_S
    return sum(known) if is_whole else None
