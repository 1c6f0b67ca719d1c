"""A conversation with one ECHONET Lite node, within one deadline."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.drivers.echonet_frames import (
    NODE,
    Answer,
    Request,
    choose_day,
    get,
)
from ingest.drivers.echonet_meters import instances
from ingest.drivers.echonet_socket import SharedSocket
from ingest.drivers.protocol import Outcome, Reach, ReadingFailed, Target

INSTANCES: Final = 0xD6
_TRIES_S: Final = (2, 4, 8, 8)
"""How long each try waits for its answer; the last ones are the same datagram again."""


@dataclass(slots=True)
class Talk:
    """What lasts while a node is asked: until when (the loop's time), and what was heard of it."""

    ends: float
    has_answered: bool = False
    given_up: ReadingFailed | None = None

    @classmethod
    def begin(cls, reach: Reach) -> "Talk":
        """Start the deadline."""
        return cls(asyncio.get_running_loop().time() + reach.deadline_s)


class EchonetLink:
    """The way to one node; what was heard of it decides how its silence is told.

    A node that never answered is not asked for the rest. While an object is silent its node is
    asked which objects it has, because a node keeps silent about objects it does not have.
    """

    def __init__(self, target: Target, reach: Reach, shared: SharedSocket, talk: Talk) -> None:
        """Go on with a talk; raises ReadingFailed `refused_address`."""
        reach.guard(target.address)
        self._target, self._reach, self._shared = target, reach, shared
        self._talk = talk

    async def get(self, eoj: int, epcs: Sequence[int]) -> Answer:
        """Return properties of an object, None for each that it refuses; raises ReadingFailed.

        What a node leaves out, as one may that cannot take so many at once, is asked again.
        """
        found: dict[int, bytes | None] = {}
        missing = list(dict.fromkeys(epcs))
        while missing:
            found |= await self._ask(get(eoj, missing))
            missing = [epc for epc in missing if epc not in found]
        return found

    async def choose_day(self, eoj: int, selector: int, days_ago: int) -> bool:
        """Make a meter show the history of a day; return whether it did; raises ReadingFailed."""
        answer = await self._ask(choose_day(eoj, selector, days_ago))
        return answer.get(selector) is not None

    async def instances(self) -> list[int]:
        """Return the objects of the node; raises ReadingFailed."""
        edt = (await self.get(NODE, [INSTANCES]))[INSTANCES]
        if edt is None:
            raise ReadingFailed(Outcome.NO_DATA, "the node does not tell its objects")
        return instances(edt)

    async def _ask(self, request: Request) -> Answer:
        if self._talk.given_up:
            raise self._talk.given_up
        try:
            answer = await self._ask_beside_node(request)
        except ReadingFailed as failure:
            if failure.outcome is Outcome.UNREACHABLE and not self._talk.has_answered:
                self._talk.given_up = failure
            elif failure.outcome is Outcome.UNREACHABLE:
                raise ReadingFailed(Outcome.METER_SILENT, str(failure)) from None
            raise
        self._talk.has_answered = True
        return answer

    async def _ask_beside_node(self, request: Request) -> Answer:
        waits = self._waits_s()
        if not waits:
            raise ReadingFailed(Outcome.METER_SILENT, "the deadline passed before it was asked")
        answer = asyncio.ensure_future(self._ask_shared(request, waits))
        try:
            await asyncio.wait((answer,), timeout=waits[0])
            if not answer.done() and request.eoj != NODE:
                await self._doubt(answer, request.eoj)
            return await answer
        finally:
            answer.cancel()

    async def _doubt(self, answer: "asyncio.Future[Answer]", eoj: int) -> None:
        """Ask the node about a silent object; raises ReadingFailed `no_channel` without it."""
        waits = self._waits_s()
        if not waits:
            return
        asking = asyncio.ensure_future(self._ask_shared(get(NODE, [INSTANCES]), waits))
        try:
            await asyncio.wait((answer, asking), return_when=asyncio.FIRST_COMPLETED)
            if answer.done() or asking.exception():
                return
            self._talk.has_answered = True
            edt = asking.result().get(INSTANCES)
            if edt is not None and eoj not in instances(edt):
                raise ReadingFailed(Outcome.NO_CHANNEL, f"the node has no object {eoj:06X}")
        finally:
            if not asking.cancel() and not asking.cancelled():
                asking.exception()

    async def _ask_shared(self, request: Request, waits_s: Sequence[float]) -> Answer:
        return await self._shared.ask(self._target.address, request, waits_s, self._target.air)

    def _waits_s(self) -> list[float]:
        """Return how long each try may wait, all within the deadline; none once it has passed."""
        left = self._talk.ends - asyncio.get_running_loop().time()
        waits: list[float] = []
        for try_s in _TRIES_S:
            wait_s = min(try_s, self._reach.timeout_s, left - sum(waits))
            if wait_s > 0:
                waits.append(wait_s)
        return waits
