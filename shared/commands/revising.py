"""`ppa bill proposals|revise|refuse|estimate`: what became known after a bill was issued."""

import argparse

from shared.commands.arguments import a_text, read_month
from shared.commands.context import Context
from shared.commands.following import propose_for_late
from shared.commands.output import warn_of_issuer, with_times
from shared.invoices.chaining import Act
from shared.invoices.closing import estimate_bill
from shared.invoices.proposing import find_proposals, refuse
from shared.invoices.revising import describe_causes, revise
from shared.telemetry.deriving import refresh
from shared.units import kwh_text


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to `ppa bill`."""
    listed = verbs.add_parser("proposals", help="differences found after issue, old against new")
    listed.add_argument("month", metavar="MONTH", nargs="?")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=list_proposals)
    revised = verbs.add_parser("revise", help="recompute an issued bill; replaces it with --apply")
    revised.add_argument("invoice_no", metavar="INVOICE_NO")
    revised.add_argument("--reason", required=True, type=a_text)
    revised.add_argument("--apply", action="store_true", help="write; without it a dry run")
    revised.add_argument("--json", action="store_true")
    revised.set_defaults(run=revise_bill)
    refused = verbs.add_parser("refuse", help="keep an issued bill against its proposal")
    refused.add_argument("invoice_no", metavar="INVOICE_NO")
    refused.add_argument("--reason", required=True, type=a_text)
    refused.set_defaults(run=refuse_proposal)
    guessed = verbs.add_parser("estimate", help="close a held bill with an estimated register")
    guessed.add_argument("invoice_no", metavar="INVOICE_NO")
    guessed.add_argument("--reason", required=True, type=a_text)
    guessed.set_defaults(run=estimate)


def _act(context: Context) -> Act:
    key = context.config.code_key
    return Act(context.actor, context.clock(), context.clock(), key)


def list_proposals(args: argparse.Namespace, context: Context) -> int:
    """Print the open proposals with what caused each."""
    month = read_month(args.month) if args.month else None
    propose_for_late(context)
    with context.session(reads_only=True) as session:
        found = find_proposals(session, month)
    if args.json:
        context.print_json(with_times(found))
        return 0
    for one in found:
        old, new = one["old"]["total_yen"], one["new"]["total_yen"]
        print(f"{one['invoice_no']}: {old} -> {new} yen", file=context.out)
        for line in describe_causes(one["causes"]):
            print(f"  {line}", file=context.out)
    if not found:
        context.say("no proposal is open")
    return 0


def revise_bill(args: argparse.Namespace, context: Context) -> int:
    """Show a correction, and with `--apply` make it; exit 1 where there is nothing to correct."""
    with context.session() as session:
        refresh(session)
    with context.session() as session:
        made = revise(session, args.invoice_no, args.reason, _act(context), apply=args.apply)
    warn_of_issuer(context)
    if args.json:
        context.print_json(with_times(made.document()))
        return 0
    for name, old in made.old.items():
        new = made.new[name]
        if old != new:
            print(f"{name}: {old} -> {new}", file=context.out)
    for line in describe_causes(made.causes):
        print(f"  {line}", file=context.out)
    if args.apply:
        context.say(f"{made.invoice_no} replaces {args.invoice_no}")
    else:
        context.say(f"dry run: nothing was written; add --apply to issue {made.invoice_no}")
    return 0


def refuse_proposal(args: argparse.Namespace, context: Context) -> int:
    """Keep a bill as it was issued, for as long as the proposed figures stay the same."""
    with context.session() as session:
        refuse(session, args.invoice_no, args.reason, _act(context))
    context.say(f"{args.invoice_no} stays as it was issued")
    return 0


def estimate(args: argparse.Namespace, context: Context) -> int:
    """Put estimated registers at the end of a held bill, and say which."""
    with context.session() as session:
        refresh(session)
    with context.session() as session:
        made = estimate_bill(session, args.invoice_no, args.reason, _act(context))
    for one in made:
        energy, wh = kwh_text(one.energy_wh), kwh_text(one.wh)
        print(f"{one.channel}: {energy} kWh more, up to {wh} kWh", file=context.out)
    context.say(f"{args.invoice_no} is computed with these estimates")
    return 0
