"""`ppa customers`: import and export customers, show a code, record terms."""

import argparse
from collections import Counter
from datetime import date
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from shared.billing.terms import TermKind, terms_on
from shared.commands.arguments import read_day
from shared.commands.context import Context
from shared.commands.output import write_file
from shared.csvfile.writing import ENCODINGS
from shared.customers.exporting import find_export_rows
from shared.customers.importing import Sheet, read_customers
from shared.customers.planning import Change, Verdict, plan_changes
from shared.customers.registering import Registrar, apply_changes, reveal_code
from shared.customers.sheet import COLUMNS
from shared.customers.stored import Stored, get_stored
from shared.customers.terms import TermText, contract, record_terms
from shared.errors import InputRefused, Refused, ValueRefused
from shared.months import day_of
from shared.settings import find_settings
from shared.units import parse_price, parse_yen

NONE = "none"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa customers …`."""
    family = commands.add_parser("customers", help="import and export customers, codes, terms")
    verbs = family.add_subparsers(metavar="VERB", required=True)
    take = verbs.add_parser("import", help="take a CSV file of customers")
    take.add_argument("file", metavar="FILE", type=Path)
    take.add_argument("--apply", action="store_true", help="write; without it a dry run")
    take.add_argument("--json", action="store_true")
    take.set_defaults(run=take_file)
    give = verbs.add_parser("export", help="the customers as CSV, never with a code")
    give.add_argument("--output", metavar="FILE")
    give.add_argument("--encoding", choices=ENCODINGS, default="utf-8")
    give.set_defaults(run=give_customers)
    code = verbs.add_parser("code", help="show a customer's auth code, which is audited")
    code.add_argument("customer_no", metavar="CUSTOMER_NO")
    code.set_defaults(run=show_code)
    terms = verbs.add_parser("terms", help="record terms that hold from a day on")
    terms.add_argument("customer_no", metavar="CUSTOMER_NO")
    terms.add_argument("--from", dest="since", metavar="DATE", required=True)
    terms.add_argument("--start", metavar="DATE|none", help="first day of the contract")
    terms.add_argument("--end", metavar="DATE|none", help="last day of the contract")
    terms.add_argument("--base", metavar="YEN", help="base fee in whole yen")
    terms.add_argument("--use", metavar="PRICE", help="yen per kWh used")
    terms.add_argument("--sell", metavar="PRICE", help="yen per kWh sold")
    terms.set_defaults(run=set_terms)


def take_file(args: argparse.Namespace, context: Context) -> int:
    """Import a file, whole or not at all; prints how many rows are new, changed, same or wrong."""
    try:
        sheet, changes, applied = _import(args, context)
    except IntegrityError as error:
        raise Refused(
            f"{args.file}: somebody registered one of its customers meanwhile; nothing was "
            "saved, import it again"
        ) from error
    verdicts = Counter(change.verdict for change in changes)
    counts = {verdict.value: verdicts[verdict] for verdict in Verdict}
    counts["error"] = len(sheet.problems.lines)
    if args.json:
        context.print_json({"applied": applied, "counts": counts})
    else:
        print(", ".join(f"{key} {count}" for key, count in counts.items()), file=context.out)
    sheet.problems.check()
    if not applied:
        context.say("dry run: nothing was saved; add --apply to import")
    return 0


def _import(args: argparse.Namespace, context: Context) -> tuple[Sheet, list[Change], bool]:
    now = context.clock()
    with context.session(reads_only=not args.apply) as session:
        prefix = find_settings(session, on=day_of(now)).customer_no_prefix
        sheet = read_customers(args.file, str(args.file), prefix)
        applied = args.apply and not sheet.problems.lines
        changes = plan_changes(session, sheet.entries, now, lock=applied)
        if applied:
            registrar = Registrar(context.config.require_code_key, now, context.actor)
            apply_changes(session, changes, registrar)
    return sheet, changes, applied


def give_customers(args: argparse.Namespace, context: Context) -> int:
    """Export the customers that are not archived, with the terms that hold today."""
    today = day_of(context.clock())
    with context.session(reads_only=True) as session:
        return write_file(args, context, COLUMNS, find_export_rows(session, today))


def show_code(args: argparse.Namespace, context: Context) -> int:
    """Print a code, after the audit row that tells who saw it is kept."""
    key = context.config.require_code_key()
    with context.session() as session:
        code = reveal_code(session, key, args.customer_no, context.clock(), context.actor)
    print(code, file=context.out)
    return 0


def set_terms(args: argparse.Namespace, context: Context) -> int:
    """Record the terms that were given and print what they change."""
    since, now = read_day(args.since, "--from"), context.clock()
    with context.session() as session:
        stored = get_stored(session, args.customer_no)
        changes = _figures(args) | _contract(args, stored, since)
        if not changes:
            raise InputRefused("nothing to record: give --start, --end, --base, --use or --sell")
        told = record_terms(
            session, stored.customer_id, changes, valid_from=since, now=now, actor=context.actor
        )
    for kind, (before, after) in told.items():
        line = f"{args.customer_no}: {kind} {before or NONE} -> {after or NONE} from {since}"
        print(line, file=context.out)
    if not told:
        context.say(f"{args.customer_no}: these terms hold on {since} already")
    _say_what_follows(context, stored, set(told), since)
    return 0


def _figures(args: argparse.Namespace) -> dict[TermKind, TermText]:
    options = (
        (TermKind.BASE_FEE, "base", parse_yen),
        (TermKind.USE_PRICE, "use", parse_price),
        (TermKind.EXPORT_PRICE, "sell", parse_price),
    )
    figures = {}
    for kind, option, parse in options:
        text = getattr(args, option)
        if text is not None:
            try:
                figures[kind] = TermText(figure=parse(text))
            except ValueRefused as error:
                raise InputRefused(f"--{option}: {error}") from error
    return figures


def _contract(args: argparse.Namespace, stored: Stored, since: date) -> dict[TermKind, TermText]:
    """Return the contract with the days given; a day not given stays as it is on that day."""
    if args.start is None and args.end is None:
        return {}
    held = terms_on(stored.terms, since)
    start = held.start if args.start is None else _day_or_none(args.start, "--start")
    end = held.end if args.end is None else _day_or_none(args.end, "--end")
    try:
        return {TermKind.CONTRACT: contract(start, end)}
    except ValueRefused as error:
        raise InputRefused(f"--start, --end: {error}") from error


def _day_or_none(text: str, option: str) -> date | None:
    return None if text == NONE else read_day(text, option)


def _say_what_follows(context: Context, stored: Stored, kinds: set[TermKind], since: date) -> None:
    """Say where terms dated later take over, so that nobody thinks theirs hold for good."""
    later = {
        (row.valid_from, row.kind.value)
        for row in stored.terms
        if row.kind in kinds and row.valid_from > since and row.withdrawn_at is None
    }
    for day, kind in sorted(later):
        context.say(f"{stored.customer_no}: another {kind} holds from {day} on")
