"""The daily look at finished days of gateways that tell no registers: what bills comes this way.

Yesterday and, once more, the day before; days of the last week that are missing still come along,
so that a short outage mends itself. What is older comes by a backfill.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ingest.drivers.protocol import History, Outcome, Sample
from ingest.due import PART, Claim, Polled, claim, find_due, record, release
from ingest.histories import Memory, finished_wh, keep_histories
from ingest.keeping import LEASE_LEEWAY_S, keep_words, reach_of
from ingest.slots import Slot, look_at
from shared.commands.context import Context
from shared.db import in_chunks
from shared.energy.quantities import Source
from shared.fleet.traffic import add_traffic
from shared.gateways import FeedPlan, StoredGateway
from shared.months import day_of
from shared.queue import Call, Task
from shared.telemetry.intervals import find_known_days

_log = logging.getLogger(__name__)
BACK_DAYS: Final = 7
TWICE: Final = 2
"""Yesterday is asked for once today and once more tomorrow."""
_SAYS_NOTHING: Final = (
    Outcome.UNREACHABLE,
    Outcome.METER_SILENT,
    Outcome.AUTH_FAILED,
    Outcome.REFUSED_ADDRESS,
    Outcome.BUSY,
)

Told = Sequence[tuple[FeedPlan, History]]


def find_looks(context: Context) -> list[Call]:
    """Return a call for every part of the gateways with one whose finished days are due now."""
    now = context.clock()
    slot = look_at(now)
    with context.session(reads_only=True) as session:
        parts = sorted({gateway_id // PART for gateway_id in find_due(session, slot, now)})
    return [Call(Task.LOOK, (slot.start, part)) for part in parts]


def look_part(context: Context, start: int, part: int) -> int:
    """Fetch the finished days of one part's gateways that are still due; return how many."""
    now = context.clock()
    slot = look_at(now)
    if slot.start != start:
        return 0  # another day has begun; what is due now has a call of its own
    with context.session(reads_only=True) as session:
        due = find_due(session, slot, now, part)
    chunks = in_chunks(due, context.config.poll_concurrency)
    return sum(_look(context, slot, ids) for ids in chunks)


def _look(context: Context, slot: Slot, ids: Sequence[int]) -> int:
    """Lease gateways, ask each for its days, keep what they told."""
    # Each day has a deadline of its own, and a look asks for a week of them at the most.
    lease_s = context.config.gateway_deadline_s * BACK_DAYS + LEASE_LEEWAY_S
    with context.session() as session:
        claimed = claim(session, slot, ids, context.clock(), lease_s)
        wanted = find_wanted(session, claimed.gateways, day_of(slot.start))
    for gateway, (told, octets) in zip(
        claimed.gateways, asyncio.run(_ask_all(context, claimed, wanted)), strict=True
    ):
        try:
            _keep(context, slot, claimed, (gateway, told, octets))
        except SQLAlchemyError:
            _log.exception("the finished days of gateway %d could not be stored", gateway.id)
    return len(claimed.gateways)


def find_wanted(
    session: Session, gateways: Sequence[StoredGateway], today: date
) -> Mapping[int, Sequence[date]]:
    """Return by gateway the days to ask for: the last two, then what is missing of a week."""
    channel_ids = [feed.channel_id for gateway in gateways for feed in gateway.feeds]
    days = [today - timedelta(days=n) for n in range(1, BACK_DAYS + 1)]
    known = find_known_days(session, channel_ids, days[-1])
    return {
        gateway.id: [
            day
            for n, day in enumerate(days)
            if n < TWICE or any(day not in known.get(f.channel_id, ()) for f in gateway.feeds)
        ]
        for gateway in gateways
    }


async def _ask_all(
    context: Context, claimed: Claim, wanted: Mapping[int, Sequence[date]]
) -> list[tuple[Told, int]]:
    return await asyncio.gather(
        *(_ask(context, gateway, wanted[gateway.id]) for gateway in claimed.gateways)
    )


async def _ask(context: Context, gateway: StoredGateway, days: Sequence[date]) -> tuple[Told, int]:
    """Return a gateway's days, the newest first, and the octets they cost.

    One that says nothing at all is let be.
    """
    config = context.config
    memory = Memory.of(gateway, config, reach_of(config), context.clock)
    told: list[tuple[FeedPlan, History]] = []
    for day in days:
        histories = await memory.ask(day, config.gateway_deadline_s)
        told += zip(gateway.feeds, histories, strict=True)
        if all(history.outcome in _SAYS_NOTHING for history in histories):
            break
    return told, memory.air.octets


def _keep(
    context: Context, slot: Slot, claimed: Claim, of_gateway: tuple[StoredGateway, Told, int]
) -> None:
    gateway, told, octets = of_gateway
    now = context.clock()
    yesterday = day_of(slot.start) - timedelta(days=1)
    newest = [_as_sample(one, now) for _, one in told if one.day == yesterday]
    with context.session() as session:
        keep_histories(session, told, now, Source.POLL)
        keep_words(session, gateway.id, [one for _, one in told], now)
        add_traffic(session, {gateway.id: octets}, now)
        record(session, slot, [Polled(gateway, newest)], now, context.config.poll_slot_s)
        release(session, claimed.owner, [gateway.id])


def _as_sample(history: History, now: int) -> Sample:
    """Return how yesterday was had as the poll's log tells it; an unfinished day is none yet."""
    if history.outcome is Outcome.OK and finished_wh(history) is None:
        sentence = f"the day {history.day} is not whole yet"
        return Sample(history.channel, now, outcome=Outcome.NO_DATA, error=sentence)
    return Sample(history.channel, now, outcome=history.outcome, error=history.error)
