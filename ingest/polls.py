"""Polling as a job: which parts of the fleet are due, and asking one of them."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack

from sqlalchemy.exc import SQLAlchemyError

from ingest.drivers.echonet_socket import open_port
from ingest.drivers.protocol import ReadingFailed
from ingest.due import (
    ECHONET,
    PART,
    Claim,
    Polled,
    claim,
    find_due,
    lease,
    record,
    release,
    tell_good,
)
from ingest.keeping import ask_all, keep, lease_s
from ingest.port import echonet_port
from ingest.slots import Slot, slot_at
from shared.commands.context import Context
from shared.db import in_chunks
from shared.gateways import StoredGateway
from shared.queue import Call, Task

_log = logging.getLogger(__name__)


def find_polls(context: Context) -> list[Call]:
    """Return a call for every part of the gateways with one that is due now."""
    now = context.clock()
    slot = slot_at(now, context.config.poll_seconds)
    if slot is None:
        return []
    with context.session(reads_only=True) as session:
        parts = sorted({gateway_id // PART for gateway_id in find_due(session, slot, now)})
    return [Call(Task.POLL, (slot.start, part)) for part in parts]


def poll_part(context: Context, start: int, part: int) -> int:
    """Ask the gateways of one part that are still due in a slot; return how many were asked."""
    now, config = context.clock(), context.config
    slot = slot_at(now, config.poll_seconds)
    if slot is None or slot.start != start:
        return 0  # the slot is over; what is due now has a call of its own
    with context.session(reads_only=True) as session:
        due = find_due(session, slot, now, part)
    return sum(_poll(context, slot, ids) for ids in in_chunks(due, config.poll_concurrency))


def find_echonet_polls(context: Context) -> list[Call]:
    """Return one call for all ECHONET Lite gateways that are due now, however many."""
    now = context.clock()
    slot = slot_at(now, context.config.poll_seconds)
    if slot is None:
        return []
    with context.session(reads_only=True) as session:
        due = find_due(session, slot, now, echonet=True)
    return [Call(Task.POLL_ECHONET, (slot.start,))] if due else []


def poll_echonet(context: Context, start: int) -> int:
    """Ask the ECHONET Lite gateways that are due in a slot, unless another process does.

    Returns how many were asked. Where the port cannot be had at all nothing is recorded of the
    gateways, which have done nothing wrong.
    """
    now, config = context.clock(), context.config
    slot = slot_at(now, config.poll_seconds)
    if slot is None or slot.start != start:
        return 0
    try:
        open_port(config.echonet_bind).close()
    except ReadingFailed as failure:
        _log.error("no ECHONET Lite gateway is asked: %s", failure)
        return 0
    with context.session(reads_only=True) as session:
        due = find_due(session, slot, now, echonet=True)
    asked = 0
    with echonet_port(context) as port:
        for ids in in_chunks(due, config.poll_concurrency):
            if not port.take():
                break
            asked += _poll(context, slot, ids)
    return asked


def _poll(context: Context, slot: Slot, ids: Sequence[int]) -> int:
    """Lease as many gateways as may be in flight, ask them, keep what they said."""
    with context.session() as session:
        claimed = claim(session, slot, ids, context.clock(), lease_s(context.config))
    if not claimed.gateways:
        return 0
    polled = asyncio.run(ask_all(claimed.gateways, context.config, context.clock))
    try:
        _keep(context, slot, claimed, polled)
    except SQLAlchemyError:
        _log.exception("storing %d polls at once failed; storing them one by one", len(polled))
        for one in polled:
            try:
                _keep(context, slot, claimed, [one])
            except SQLAlchemyError:
                _log.exception("the poll of gateway %d could not be stored", one.gateway.id)
    return len(polled)


def _keep(context: Context, slot: Slot, claimed: Claim, polled: Sequence[Polled]) -> None:
    now = context.clock()
    with context.session() as session:
        keep(session, polled, now)
        record(session, slot, polled, now, context.config.poll_slot_s)
        release(session, claimed.owner, [one.gateway.id for one in polled])


def poll_now(context: Context, stored: Sequence[StoredGateway]) -> list[Polled]:
    """Ask gateways even where a worker does, but keep workers from those that are free."""
    ids, now = [gateway.id for gateway in stored], context.clock()
    with context.session() as session:
        owner, _ = lease(session, ids, now, lease_s(context.config))
    with ExitStack() as stack:
        if any(gateway.driver == ECHONET for gateway in stored):
            port = stack.enter_context(echonet_port(context))
            if not port.take():
                context.say("a worker polls ECHONET Lite too at this moment; answers may be slow")
        polled = asyncio.run(ask_all(stored, context.config, context.clock))
    with context.session() as session:
        keep(session, polled, context.clock())
        tell_good(session, polled, context.clock())
        release(session, owner, ids)
    return polled
