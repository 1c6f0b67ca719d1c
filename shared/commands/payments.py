"""`ppa payments`: take a file of payments."""

import argparse
from pathlib import Path

from shared.commands.context import Context
from shared.invoices.payment_file import apply_payments, plan_payments
from shared.invoices.payments import Word


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa payments …`."""
    family = commands.add_parser("payments", help="take files of payments")
    verbs = family.add_subparsers(metavar="VERB", required=True)
    take = verbs.add_parser("import", help="take a CSV of payments, whole or not at all")
    take.add_argument("file", metavar="FILE", type=Path)
    take.add_argument("--apply", action="store_true", help="write; without it a dry run")
    take.add_argument("--json", action="store_true")
    take.set_defaults(run=take_payments)


def take_payments(args: argparse.Namespace, context: Context) -> int:
    """Take a file; prints how many payments are new and how many on record already."""
    now = context.clock()
    with context.session() as session:
        plan = plan_payments(session, args.file, str(args.file), now)
        if args.apply:
            apply_payments(session, plan, args.file.name, Word(now, context.actor))
    if args.json:
        counts = {"new": len(plan.new), "same": plan.same}
        context.print_json({"applied": args.apply, "counts": counts})
    else:
        print(f"{len(plan.new)} new, {plan.same} same", file=context.out)
    if not args.apply:
        context.say("dry run: nothing was written; add --apply to import")
    return 0
