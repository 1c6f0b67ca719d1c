"""`ppa readings`: import and export registers, or set one by hand."""

import argparse
from pathlib import Path

from shared import audit
from shared.commands.arguments import a_text, read_channel, read_instant, read_kwh
from shared.commands.context import Context
from shared.commands.following import propose_for_late
from shared.commands.output import share_bar, write_file
from shared.telemetry import exporting
from shared.telemetry.importing import import_readings
from shared.telemetry.storing import TypedRegister, get_site, record_register


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa readings …`."""
    family = commands.add_parser("readings", help="import, export and set registers")
    verbs = family.add_subparsers(metavar="VERB", required=True)
    take = verbs.add_parser("import", help="take a .csv or .csv.gz of registers")
    take.add_argument("file", metavar="FILE", type=Path)
    take.add_argument("--apply", action="store_true", help="write; without it a dry run")
    take.add_argument("--json", action="store_true")
    take.set_defaults(run=take_file)
    give = verbs.add_parser("export", help="the registers in use as CSV, or all as JSON")
    give.add_argument("customer_nos", metavar="CUSTOMER_NO", nargs="*")
    give.add_argument("--from", dest="since", metavar="ISO")
    give.add_argument("--to", dest="until", metavar="ISO")
    give.add_argument("--output", metavar="FILE")
    give.add_argument("--json", action="store_true")
    give.set_defaults(run=give_registers, encoding="utf-8")
    put = verbs.add_parser("set", help="type a register that was read by a person")
    put.add_argument("customer_no", metavar="CUSTOMER_NO")
    put.add_argument("channel", metavar="CHANNEL")
    put.add_argument("--at", required=True, metavar="ISO")
    put.add_argument("--kwh", required=True, metavar="X")
    put.add_argument("--reason", required=True, type=a_text)
    put.set_defaults(run=put_register)


def take_file(args: argparse.Namespace, context: Context) -> int:
    """Import a file, whole or not at all; prints how many registers are new."""
    with context.session() as session, share_bar(context, "readings import") as progress:
        report = import_readings(
            session, args.file, now=context.clock(), apply=args.apply, progress=progress
        )
    if args.json:
        context.print_json(report.document())
    else:
        told = report.document()
        print(f"{told['new']} new, {told['same']} same, of {told['rows']} rows", file=context.out)
    if args.apply:
        propose_for_late(context)
    else:
        context.say("dry run: nothing was written; add --apply to import")
    return 0


def give_registers(args: argparse.Namespace, context: Context) -> int:
    """Export registers: those that stand as CSV; as JSON all of them, and the intervals."""
    since = read_instant(args.since, "--from") if args.since else None
    until = read_instant(args.until, "--to") if args.until else None
    with context.session() as session:
        kept = exporting.find_kept(session, args.customer_nos, since, until)
        if args.json:
            context.print_json([one.document() for one in kept])
            return 0
        return write_file(args, context, exporting.COLUMNS, exporting.csv_rows(kept))


def put_register(args: argparse.Namespace, context: Context) -> int:
    """Keep a typed register with its reason."""
    typed = TypedRegister(read_instant(args.at, "--at"), read_kwh(args.kwh, "--kwh"), args.reason)
    quantity = read_channel(args.channel)
    now = context.clock()
    with context.session() as session:
        where = (get_site(session, args.customer_no), quantity)
        record_register(session, where, typed, now=now, actor=context.actor)
        told = {"at": typed.at, "wh": typed.wh, "reason": typed.reason}
        subject = f"{args.customer_no} {quantity}"
        audit.record(session, now, context.actor, "register.set", subject, told)
    propose_for_late(context)
    with context.session() as session:
        doubt = exporting.find_doubt(session, where, typed.at)
    context.say(f"{subject}: register {args.kwh} kWh at {args.at} recorded")
    if doubt:
        context.say(f"{subject}: it is set aside for now ({doubt}); check the figure")
    return 0
