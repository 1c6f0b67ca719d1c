"""`ppa customers`: import and export customers, show a code, record terms."""

import argparse
from collections import Counter
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from shared.commands import erasing, tariff
from shared.commands.context import Context
from shared.commands.output import write_bytes, write_file
from shared.csvfile.writing import ENCODINGS
from shared.customers.exporting import find_export_rows
from shared.customers.importing import Sheet, read_customers
from shared.customers.planning import Change, Verdict, plan_changes
from shared.customers.registering import Registrar, apply_changes, reveal_code
from shared.customers.sheet import COLUMNS
from shared.documents.bundling import zipped_files
from shared.documents.disclosing import disclose
from shared.errors import Refused
from shared.months import day_of
from shared.settings import find_settings


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
    tell = verbs.add_parser("disclose", help="all that is held of one customer, as a ZIP; audited")
    tell.add_argument("customer_no", metavar="CUSTOMER_NO")
    tell.add_argument("--output", metavar="FILE", required=True)
    tell.set_defaults(run=disclose_customer)
    erasing.register(verbs)
    tariff.register(verbs)


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


def disclose_customer(args: argparse.Namespace, context: Context) -> int:
    """Write all that is held of a customer, for the customer; audited."""
    with context.session() as session:
        files = disclose(session, args.customer_no, context.clock(), context.actor)
        content = b"".join(zipped_files(files))
    write_bytes(args.output, context, content)
    return 0
