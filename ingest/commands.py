"""`ppa gateways`: what a person asks of gateways at the keyboard."""

import argparse
import asyncio
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

from ingest import backfilling
from ingest.addresses import parse_address
from ingest.drivers.polling import DRIVERS, open_driver
from ingest.drivers.profiles import SHIPPED, find_profile
from ingest.drivers.protocol import Driver, Found, Identity, Outcome, ReadingFailed, Target
from ingest.due import Polled
from ingest.importing import import_gateways
from ingest.keeping import reach_of, seal_secret
from ingest.polls import poll_now
from shared import audit
from shared.commands.context import Context
from shared.db import in_chunks
from shared.energy.quantities import Quantity
from shared.errors import InputRefused, NotFound, ValueRefused
from shared.gateways import CHUNK, find_gateways
from shared.telemetry.exporting import time_text
from shared.telemetry.storing import find_sites
from shared.units import register_text

_MOST_UNITS = 255


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `gateways` and what follows it."""
    gateways = commands.add_parser("gateways", help="read gateways, and try them out")
    actions = gateways.add_subparsers(metavar="ACTION", required=True)
    take = actions.add_parser("import", help="take a CSV file of gateways")
    take.add_argument("file", metavar="FILE", type=Path)
    take.add_argument("--apply", action="store_true", help="write; without it a dry run")
    take.set_defaults(run=run_import)
    poll = actions.add_parser("poll", help="ask gateways now and store what they say")
    poll.add_argument("customer_nos", metavar="CUSTOMER_NO", nargs="*")
    poll.add_argument("--json", action="store_true", help="one JSON document on stdout")
    poll.set_defaults(run=run_poll)
    probe = actions.add_parser("probe", help="read and decode one gateway, store nothing")
    probe.add_argument("driver", metavar="DRIVER", help=", ".join(DRIVERS))
    probe.add_argument("address", metavar="ADDRESS", help="a.b.c.d:port or [ipv6]:port")
    probe.add_argument("--unit", type=int, default=1, help="Modbus unit, 1 unless told")
    probe.add_argument("--profile", default="", help=f"{', '.join(SHIPPED)}, or a TOML file")
    probe.add_argument("--secret-stdin", action="store_true", help="the device's password on stdin")
    probe.add_argument("--json", action="store_true", help="one JSON document on stdout")
    probe.set_defaults(run=run_probe)
    backfilling.register(actions)


def run_import(args: argparse.Namespace, context: Context) -> int:
    """Take a file of gateways, whole or not at all; nothing is connected to."""
    config, now = context.config, context.clock()
    with context.session() as session:
        report = import_gateways(
            session, args.file, reach_of(config), partial(seal_secret, config), apply=args.apply
        )
        if args.apply:
            told = {"rows": report.rows, "channels": report.channels}
            audit.record(session, now, context.actor, "gateways.import", args.file.name, told)
    print(f"{report.rows} gateways for {report.channels} channels", file=context.out)
    if not args.apply:
        context.say("dry run: nothing was written; add --apply to import")
    return 0


def run_poll(args: argparse.Namespace, context: Context) -> int:
    """Ask gateways at once, whatever the schedule says, and store it; 1 where any is not ok."""
    with context.session(reads_only=True) as session:
        sites = find_sites(session, args.customer_nos or None)
        unknown = [number for number in args.customer_nos if number not in sites]
        if unknown:
            raise NotFound(f"there is no customer {', '.join(unknown)}")
        stored = [
            gateway
            for chunk in in_chunks(sorted(set(sites.values())), CHUNK)
            for gateway in find_gateways(session, context.clock(), site_ids=chunk)
        ]
    polled: list[Polled] = []
    with context.progress("gateways poll", len(stored)) as advance:
        for chunk in in_chunks(stored, CHUNK):
            polled += poll_now(context, chunk)
            advance(len(chunk))
    rows = _poll_rows(polled, {site_id: number for number, site_id in sites.items()})
    if args.json:
        context.print_json(rows)
    else:
        for row in rows:
            _print_poll_row(context, row)
    return int(any(row["outcome"] != Outcome.OK for row in rows))


def _poll_rows(polled: list[Polled], numbers: dict[int, str]) -> list[dict[str, object]]:
    """Return a row a channel, in order of customer and channel."""
    order = list(Quantity)
    flat = [(numbers[one.gateway.site_id], sample) for one in polled for sample in one.samples]
    flat.sort(key=lambda pair: (pair[0], order.index(pair[1].channel)))
    return [
        {
            "customer_no": number,
            "channel": sample.channel.value,
            "read_at": time_text(sample.read_at),
            "wh": sample.wh,
            "outcome": sample.outcome.value,
            "error": sample.error,
        }
        for number, sample in flat
    ]


def _print_poll_row(context: Context, row: dict[str, object]) -> None:
    wh = row["wh"]
    told = f"{register_text(wh)} kWh" if isinstance(wh, int) else f"{row['outcome']}"
    sentence = f"  ({row['error']})" if row["error"] else ""
    print(f"{row['customer_no']} {row['channel']:<18} {told}{sentence}", file=context.out)


def run_probe(args: argparse.Namespace, context: Context) -> int:
    """Print who answers and every register it holds; 1 where none could be read."""
    target = _target(args)
    reach = reach_of(context.config)
    try:
        reach.guard(target.address)
        driver = open_driver(target, reach, context.clock)
        identity, found = asyncio.run(_ask(driver))
    except ReadingFailed as failure:
        if failure.outcome is Outcome.REFUSED_ADDRESS:
            raise InputRefused(f"ADDRESS: {failure}") from None
        identity, found = Identity(), [Found("", outcome=failure.outcome, error=str(failure))]
    if args.json:
        rows = [asdict(row) for row in found]
        context.print_json({"identity": asdict(identity), "registers": rows})
    else:
        _print(context, identity, found)
    return int(all(row.outcome is not Outcome.OK for row in found))


def _target(args: argparse.Namespace) -> Target:
    try:
        address = parse_address(args.address)
    except ValueRefused as error:
        raise InputRefused(f"ADDRESS: {error}") from None
    if not 0 <= args.unit <= _MOST_UNITS:
        raise InputRefused(f"--unit: {args.unit} is not a unit from 0 to {_MOST_UNITS}")
    profile = args.profile
    if profile and profile not in SHIPPED:
        profile = str(Path(profile).absolute())
        find_profile(profile)
    secret = sys.stdin.readline().rstrip("\n") if args.secret_stdin else ""
    return Target(args.driver, address, args.unit, profile, secret)


async def _ask(driver: Driver) -> tuple[Identity, list[Found]]:
    return await driver.identify(), await driver.survey()


def _print(context: Context, identity: Identity, found: list[Found]) -> None:
    known = [text for text in (identity.maker, identity.model, identity.serial) if text]
    if known:
        print(" · ".join(known), file=context.out)
    for row in found:
        told = f"{register_text(row.wh)} kWh" if row.wh is not None else row.shows or row.outcome
        sentence = f"  ({row.error})" if row.error else ""
        print(f"{row.source:<20} {told}{sentence}".strip(), file=context.out)
