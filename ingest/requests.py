"""Requests to one device as a job: try it and tell, read it and keep, or fetch past days."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from ingest.backfilling import each_day
from ingest.drivers.polling import open_driver, poll_gateway
from ingest.drivers.protocol import Ask, Found, Identity, Outcome, Reach, ReadingFailed, Sample
from ingest.keeping import reach_of, target_of
from ingest.polls import poll_now
from shared.commands.context import Context
from shared.errors import InputRefused, PpaError
from shared.fleet.mending import find_missing, request_missing
from shared.fleet.requests import Kind, Request, claim, end, find_due_requests, rest, step
from shared.gateways import StoredGateway, find_gateways
from shared.models.telemetry import Reading
from shared.queue import Call, Task

MOST_WH: Final = 200_000_000
"""More than a home's roof gives in the twelve years of a contract (5 kW, 9 h a day)."""
_WORD: Final = 1 << 16
DAYS_AT_ONCE: Final = 7
"""Days of a backfill that one call fetches."""


def find_requests(context: Context) -> list[Call]:
    """Return a call for every request that nobody works on; an outage over makes its own."""
    now = context.clock()
    with context.session(reads_only=True) as session:
        missing = find_missing(session, now)
    if missing:
        with context.session() as session:
            request_missing(session, missing, now)
    with context.session(reads_only=True) as session:
        return [Call(Task.ASK, (i,)) for i, _ in find_due_requests(session, context.clock())]


def do_request(context: Context, request_id: int) -> int:
    """Do one request and keep what came of it; return 0 where somebody else has it."""
    with context.session() as session:
        request = claim(session, request_id, context.clock())
        gateways = (
            find_gateways(session, context.clock(), ids=[request.gateway_id]) if request else []
        )
    if request is None:
        return 0
    try:
        result = _DO[request.kind](context, request, gateways)
    except PpaError as error:
        result = {"error": str(error)}
    with context.session() as session:
        if request.kind is Kind.BACKFILL and request.done + DAYS_AT_ONCE < request.steps:
            rest(session, request.id)
        else:
            end(session, request.id, context.clock(), result)
    return 1


Result = Mapping[str, object]


def _read(context: Context, _request: Request, gateways: Sequence[StoredGateway]) -> Result:
    """Read and decode, store nothing."""
    reach, told = reach_of(context.config), []
    identity, found = Identity(), list[Found]()
    for gateway in gateways:
        identity, found, samples = asyncio.run(_try(context, gateway, reach))
        last = _last(context, gateway)
        told += [
            _row(sample) | {"hint": hint(sample, found, last.get(feed.channel_id))}
            for feed, sample in zip(gateway.feeds, samples, strict=True)
        ]
    return {
        "identity": asdict(identity),
        "rows": told,
        "found": [
            {"source": one.source, "wh": one.wh, "outcome": one.outcome.value} for one in found
        ],
    }


async def _try(
    context: Context, gateway: StoredGateway, reach: Reach
) -> tuple[Identity, list[Found], list[Sample]]:
    target = target_of(gateway, context.config)
    asks = [Ask(feed.quantity, feed.source, feed.serial) for feed in gateway.feeds]
    samples = await poll_gateway(target, asks, reach, context.clock)
    if not any(sample.outcome is Outcome.OK for sample in samples):
        return Identity(), [], samples  # who does not answer is not asked for more
    driver = open_driver(target, reach, context.clock)
    try:
        return await driver.identify(), await driver.survey(), samples
    except ReadingFailed:
        return Identity(), [], samples


def hint(sample: Sample, found: Sequence[Found], last_wh: int | None) -> str:
    """Return what is odd about a register that was read well, blank where nothing is.

    `word_order`: it counts more than any roof has given, and less with its words exchanged.
    `direction`: it stands at nothing while the other direction counts. `below_last`: it is below
    what is stored, as after a swap or of another meter.
    """
    if sample.outcome is Outcome.NO_DATA or sample.wh == 0:
        counting = [one for one in found if one.wh]
        return "direction" if counting else ""
    if sample.wh is None:
        return ""
    if sample.wh > MOST_WH:
        raw = sample.raw or 0
        swapped = (raw % _WORD) * _WORD + raw // _WORD
        return "word_order" if swapped < raw else "too_much"
    return "below_last" if last_wh is not None and sample.wh < last_wh else ""


def _last(context: Context, gateway: StoredGateway) -> dict[int, int]:
    """Return the newest stored register of each channel of registers."""
    with context.session(reads_only=True) as session:
        newest = (
            select(Reading.channel_id, func.max(Reading.at).label("at"))
            .where(Reading.channel_id.in_([f.channel_id for f in gateway.feeds if f.is_register]))
            .group_by(Reading.channel_id)
            .subquery()
        )
        rows = session.execute(
            select(Reading.channel_id, Reading.wh).join(
                newest, (newest.c.channel_id == Reading.channel_id) & (newest.c.at == Reading.at)
            )
        )
        return dict(rows.all())


def _poll(context: Context, _request: Request, gateways: Sequence[StoredGateway]) -> Result:
    """Ask now and store it, whatever breaker or schedule say."""
    samples = [sample for one in poll_now(context, gateways) for sample in one.samples]
    return {"rows": [_row(sample) for sample in samples]}


def _backfill(context: Context, request: Request, gateways: Sequence[StoredGateway]) -> Result:
    """Fetch some of the days that are left; the next call goes on, so that polls come between."""
    if request.first_day is None:
        raise InputRefused(f"request {request.id} names no days")
    outcomes = Counter[str](request.result.get("outcomes", {}))
    errors: dict[str, str] = dict(request.result.get("errors", {}))
    until = min(request.steps, request.done + DAYS_AT_ONCE)
    days = [request.first_day + timedelta(days=n) for n in range(request.done, until)]
    for told in each_day(context, gateways, days):
        for _, history in told:
            outcomes[history.outcome.value] += 1
            if history.error:
                errors.setdefault(history.outcome.value, history.error)
        result = {"outcomes": dict(outcomes), "errors": errors}
        with context.session() as session:
            step(session, request.id, context.clock(), result)
    return {"outcomes": dict(outcomes), "errors": errors}


def _row(sample: Sample) -> dict[str, object]:
    return {
        "channel": sample.channel.value,
        "wh": sample.wh,
        "outcome": sample.outcome.value,
        "error": sample.error,
    }


_DO: Final = {Kind.READ: _read, Kind.POLL: _poll, Kind.BACKFILL: _backfill}
