"""`ppa audit exposure`: whose data went where in a time, for the report of a leak."""

import argparse
from typing import Final

from shared.commands.arguments import read_instant
from shared.commands.context import Context
from shared.commands.output import write_file
from shared.csvfile import Column
from shared.errors import InputRefused
from shared.mail.exposing import Incident, count_exposures, find_exposures
from shared.telemetry.exporting import time_text

COLUMNS: Final = tuple(
    Column(name, is_text=True)
    for name in ("at", "what", "customer_no", "invoice_no", "who", "recipient")
)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa audit exposure`."""
    family = commands.add_parser("audit", help="ask the audit trail")
    verbs = family.add_subparsers(metavar="VERB", required=True)
    summary = "whose codes, records and mails went to whom, as CSV"
    told = verbs.add_parser("exposure", help=summary, description=summary)
    told.add_argument("--from", dest="since", metavar="ISO", required=True)
    told.add_argument("--to", dest="until", metavar="ISO", required=True, help="excluded")
    told.add_argument("--actor", metavar="WHO", default="", help="what one account was shown")
    told.add_argument("--recipient", metavar="MAIL", default="", help="what went to one address")
    told.add_argument("--output", metavar="FILE")
    told.set_defaults(run=tell_exposure, encoding="utf-8")


def tell_exposure(args: argparse.Namespace, context: Context) -> int:
    """Write what went to whom, and say how many customers it is about; 1 where there is any."""
    asked = Incident(
        read_instant(args.since, "--from"), read_instant(args.until, "--to"), args.actor,
        args.recipient,
    )  # fmt: skip
    if asked.until <= asked.since:
        raise InputRefused("--to: is not after --from")
    if asked.actor and asked.recipient:
        raise InputRefused("--recipient: give either --actor or --recipient")
    with context.session(reads_only=True) as session:
        found = find_exposures(session, asked)
    rows = [
        (time_text(o.at), o.what, o.customer_no, o.invoice_no, o.who, o.recipient) for o in found
    ]
    write_file(args, context, COLUMNS, rows)
    customers = len({one.customer_no for one in found})
    counts = ", ".join(f"{kind} {count}" for kind, count in count_exposures(found).items())
    context.say(f"{customers} customers" + (f": {counts}" if counts else ""))
    context.say("pages that were only read are in the log of the web server's front, not here")
    return 1 if found else 0
