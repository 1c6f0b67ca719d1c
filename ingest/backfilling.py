"""`ppa gateways backfill`: a home's past days from its gateways' own memories, asked by hand."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta

from ingest.drivers.protocol import History, Outcome
from ingest.due import ECHONET, lease, release
from ingest.histories import DEADLINES, Memory, keep_histories
from ingest.keeping import LEASE_LEEWAY_S, keep_words, reach_of
from ingest.port import echonet_port
from shared.commands.arguments import read_day
from shared.commands.context import Context
from shared.energy.quantities import Quantity
from shared.errors import InputRefused
from shared.fleet.traffic import add_traffic
from shared.gateways import FeedPlan, StoredGateway, find_gateways
from shared.months import day_of
from shared.telemetry.exporting import time_text
from shared.telemetry.storing import get_site
from shared.units import kwh_text

Told = tuple[FeedPlan, History]
LONGEST_DAYS = 400


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `backfill` to `ppa gateways`."""
    fill = actions.add_parser("backfill", help="fetch past days out of a home's gateways")
    fill.add_argument("customer_no", metavar="CUSTOMER_NO")
    fill.add_argument("--from", dest="first", metavar="DATE", required=True)
    fill.add_argument("--to", dest="last", metavar="DATE", required=True, help="included")
    fill.add_argument("--json", action="store_true", help="one JSON document on stdout")
    fill.set_defaults(run=run_backfill)


def run_backfill(args: argparse.Namespace, context: Context) -> int:
    """Ask for each day and channel, store what is missing, and tell it; 1 where any is not ok."""
    days = _days(args, day_of(context.clock()))
    with context.session(reads_only=True) as session:
        site_id = get_site(session, args.customer_no)
        gateways = find_gateways(session, context.clock(), site_ids=[site_id])
    told: list[Told] = []
    with context.progress("backfill", len(days) * len(gateways)) as advance:
        for one in each_day(context, gateways, days):
            told += one
            advance()
    order = list(Quantity)
    told.sort(key=lambda pair: (order.index(pair[0].quantity), pair[1].day))
    rows = [_row(args.customer_no, history) for _, history in told]
    if args.json:
        context.print_json(rows)
    else:
        for _, history in told:
            _print(context, args.customer_no, history)
    return int(any(history.outcome is not Outcome.OK for _, history in told))


def each_day(
    context: Context, gateways: Sequence[StoredGateway], days: Sequence[date]
) -> Iterator[list[Told]]:
    """Ask each gateway for each day under its lease, keep what it tells, and yield it.

    Raises InputRefused, before anything is asked, where an address is no longer allowed.
    """
    config = context.config
    reach = replace(reach_of(config), bulk=True)
    memories = [Memory.of(gateway, config, reach, context.clock) for gateway in gateways]
    for memory in memories:
        if memory.refused and memory.refused.outcome is Outcome.REFUSED_ADDRESS:
            raise InputRefused(f"gateway {memory.gateway.address}: {memory.refused}")
    for memory in memories:
        with ExitStack() as stack:
            is_echonet = memory.gateway.driver == ECHONET
            port = stack.enter_context(echonet_port(context)) if is_echonet else None
            for day in days:
                if port is not None:
                    port.take()  # a person does not wait: lost answers are asked again
                yield _one_day(context, memory, day)


def _one_day(context: Context, memory: Memory, day: date) -> list[Told]:
    ids, config = [memory.gateway.id], context.config
    with context.session() as session:
        # An SD card that is packed for a day may take several deadlines.
        longest_s = config.gateway_deadline_s * DEADLINES + LEASE_LEEWAY_S
        owner, _ = lease(session, ids, context.clock(), longest_s)
    histories = asyncio.run(memory.ask(day, config.gateway_deadline_s))
    told = list(zip(memory.gateway.feeds, histories, strict=True))
    with context.session() as session:
        keep_histories(session, told, context.clock())
        keep_words(session, memory.gateway.id, histories, context.clock())
        add_traffic(session, memory.spent(), context.clock())
        release(session, owner, ids)
    return told


def _days(args: argparse.Namespace, today: date) -> list[date]:
    first, last = read_day(args.first, "--from"), read_day(args.last, "--to")
    if last < first:
        raise InputRefused(f"--to: {last} is before --from {first}")
    if last > today:
        raise InputRefused(f"--to: {last} has not begun yet")
    if (last - first).days >= LONGEST_DAYS:
        raise InputRefused(f"--from, --to: at most {LONGEST_DAYS} days at once")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _row(customer_no: str, history: History) -> dict[str, object]:
    is_ok = history.outcome is Outcome.OK
    values = [{"at": time_text(at), "wh": wh} for at, wh in history.moments] if is_ok else []
    is_sum = is_ok and history.kind == "interval"
    return {
        "customer_no": customer_no,
        "channel": history.channel.value,
        "date": history.day.isoformat(),
        "kind": history.kind,
        "minutes": history.minutes,
        "wh": _sum(history) if is_sum else None,
        "values": values,
        "outcome": history.outcome.value,
        "error": history.error,
    }


def _sum(history: History) -> int:
    return sum(wh for _, wh in history.moments if wh is not None)


def _print(context: Context, customer_no: str, history: History) -> None:
    known = sum(wh is not None for _, wh in history.moments)
    if history.outcome is not Outcome.OK:
        said = f"{history.outcome}  ({history.error})"
    elif history.kind == "interval":
        said = f"{kwh_text(_sum(history))} kWh, {known} of {len(history.moments)} intervals"
    else:
        said = f"{known} of {len(history.moments)} registers"
    print(f"{customer_no} {history.channel:<18} {history.day} {said}", file=context.out)
