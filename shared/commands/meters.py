"""`ppa meters`: record a meter put in, or one replaced by another, late or early."""

import argparse

from shared.commands.arguments import (
    a_text,
    read_certified_until,
    read_channel,
    read_instant,
    read_kwh,
)
from shared.commands.context import Context
from shared.commands.following import propose_for_late
from shared.errors import InputRefused
from shared.telemetry.storing import MeterChange, get_site, record_meter
from shared.units import MAX_DIGITS


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa meters …`."""
    family = commands.add_parser("meters", help="record meters put in or replaced")
    verbs = family.add_subparsers(metavar="VERB", required=True)
    for name, summary in (
        ("install", "a meter was put in"),
        ("replace", "a meter was taken out and another put in"),
    ):
        parser = verbs.add_parser(name, help=summary, description=summary)
        parser.set_defaults(run=record, removed_kwh=None)
        parser.add_argument("customer_no", metavar="CUSTOMER_NO")
        parser.add_argument("channel", metavar="CHANNEL")
        parser.add_argument("--at", required=True, metavar="ISO")
        if name == "install":
            parser.add_argument("--kwh", required=True, dest="installed_kwh", metavar="X")
        else:
            parser.add_argument("--removed-kwh", required=True, metavar="X")
            parser.add_argument("--installed-kwh", required=True, metavar="Y")
        parser.add_argument("--serial", required=True, type=a_text)
        parser.add_argument("--digits", metavar="N", help="whole-kWh digits of the register")
        parser.add_argument("--certified-until", metavar="YYYY-MM")


def record(args: argparse.Namespace, context: Context) -> int:
    """Keep a meter event; the same one twice changes nothing."""
    removed = args.removed_kwh
    installed = "--kwh" if removed is None else "--installed-kwh"
    change = MeterChange(
        at=read_instant(args.at, "--at"),
        serial=args.serial,
        installed_wh=read_kwh(args.installed_kwh, installed),
        removed_wh=None if removed is None else read_kwh(removed, "--removed-kwh"),
        digits=_digits(args.digits),
        certified_until=read_certified_until(args.certified_until),
    )
    if not change.fits:
        raise InputRefused(f"{installed}: a register of {change.digits} digits cannot show it")
    quantity = read_channel(args.channel)
    with context.session() as session:
        where = (get_site(session, args.customer_no), quantity)
        new = record_meter(session, where, change, now=context.clock(), actor=context.actor)
    context.say(
        f"{args.customer_no} {quantity}: meter {args.serial} recorded"
        if new
        else f"{args.customer_no} {quantity}: meter {args.serial} stood so already"
    )
    propose_for_late(context)
    return 0


def _digits(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_DIGITS):
        raise InputRefused(f"--digits: {text!r} is not a number from 1 to {MAX_DIGITS}")
    return int(text)
