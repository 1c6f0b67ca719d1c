"""`ppa gateways`: what a person asks of gateways at the keyboard."""

import argparse
import asyncio
from dataclasses import asdict
from pathlib import Path

from ingest.addresses import parse_address
from ingest.drivers.polling import open_driver
from ingest.drivers.profiles import SHIPPED, find_profile
from ingest.drivers.protocol import Driver, Found, Identity, Outcome, Reach, ReadingFailed, Target
from shared.commands.context import Context
from shared.config import Config
from shared.errors import InputRefused, ValueRefused
from shared.units import register_text

_MOST_UNITS = 255


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `gateways` and what follows it."""
    gateways = commands.add_parser("gateways", help="read gateways, and try them out")
    actions = gateways.add_subparsers(metavar="ACTION", required=True)
    probe = actions.add_parser("probe", help="read and decode one gateway, store nothing")
    probe.add_argument("driver", metavar="DRIVER", help="modbus or sunspec")
    probe.add_argument("address", metavar="ADDRESS", help="a.b.c.d:port or [ipv6]:port")
    probe.add_argument("--unit", type=int, default=1, help="Modbus unit, 1 unless told")
    probe.add_argument("--profile", default="", help=f"{', '.join(SHIPPED)}, or a TOML file")
    probe.add_argument("--json", action="store_true", help="one JSON document on stdout")
    probe.set_defaults(run=run_probe)


def reach_of(config: Config) -> Reach:
    """Return how far and how long this process may reach for gateways (PPA_GATEWAY_*)."""
    return Reach(
        config.gateway_nets,
        config.allow_loopback_gateways,
        config.gateway_timeout_s,
        config.gateway_deadline_s,
    )


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
    return Target(args.driver, address, args.unit, profile)


async def _ask(driver: Driver) -> tuple[Identity, list[Found]]:
    return await driver.identify(), await driver.survey()


def _print(context: Context, identity: Identity, found: list[Found]) -> None:
    known = [text for text in (identity.maker, identity.model, identity.serial) if text]
    if known:
        print(" · ".join(known), file=context.out)
    for row in found:
        told = f"{register_text(row.wh)} kWh" if row.wh is not None else f"{row.outcome}"
        sentence = f"  ({row.error})" if row.error else ""
        print(f"{row.source:<20} {told}{sentence}".strip(), file=context.out)
