"""`ppa bill`: run a month, issue it, release and void bills, show and export them."""

import argparse
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from shared.commands import documents, revising
from shared.commands.arguments import a_text, read_instant, read_month
from shared.commands.context import Context
from shared.commands.output import share_bar, warn_of_issuer, with_times, write_file
from shared.errors import InputRefused
from shared.invoices import exporting, journal
from shared.invoices.approving import require_no_approval
from shared.invoices.documents import get_bill
from shared.invoices.history import import_history
from shared.invoices.issuing import Act, issue_month, release, void
from shared.invoices.knowing import bill_as_known
from shared.invoices.releasing import release_kind
from shared.invoices.reporting import Run, RunReport
from shared.invoices.running import Worker, run_at_once, run_month
from shared.invoices.runs import Asked, Kind
from shared.units import kwh_text


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa bill …`."""
    family = commands.add_parser("bill", help="compute, issue, correct and show bills")
    verbs = family.add_subparsers(metavar="VERB", required=True)
    run = _verb(verbs, "run", "compute a month; closes or holds with --apply", run_bills)
    issue = _verb(verbs, "issue", "issue every closed bill of a month", issue_bills)
    for parser in (run, issue):
        parser.add_argument("month", metavar="MONTH")
        parser.add_argument("--apply", action="store_true", help="write; without it a dry run")
        parser.add_argument("--as-of", metavar="ISO", help="the time taken for now")
        parser.add_argument("--json", action="store_true")
    for name, summary, act in (
        ("release", "settle the holds of a bill that has an amount", release_bill),
        ("void", "take an issued bill back", void_bill),
    ):
        parser = _verb(verbs, name, summary, act)
        many = name == "release"
        parser.add_argument("invoice_no", metavar="INVOICE_NO", nargs="?" if many else None)
        parser.add_argument("--reason", required=True, type=a_text)
        if many:
            parser.add_argument("--month", metavar="MONTH", help="all of a month, with --kind")
            parser.add_argument("--kind", metavar="REASON", help="the one reason that holds them")
    revising.register(verbs)
    documents.register(verbs)
    past = _verb(verbs, "history", "take the old system's invoice list as a past", take_history)
    past.add_argument("file", metavar="FILE", type=Path)
    past.add_argument("--apply", action="store_true", help="write; without it a dry run")
    show = _verb(verbs, "show", "everything one bill says and rests on", show_bill)
    show.add_argument("invoice_no", metavar="INVOICE_NO")
    show.add_argument("--json", action="store_true")
    show.add_argument("--known-at", metavar="ISO|now", help="with what was on record then")
    for name, metavar, summary, act in (
        ("export", "MONTH", "the list of a month as CSV", export_bills),
        ("journal", "MONTH", "issues and voids of a month as CSV, for the books", export_journal),
        ("days", "INVOICE_NO", "the days of a bill as CSV", export_days),
    ):
        parser = _verb(verbs, name, summary, act)
        parser.add_argument("subject", metavar=metavar)
        parser.add_argument("--output", metavar="FILE")
        parser.add_argument("--encoding", choices=("utf-8", "cp932"), default="utf-8")


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    act: Callable[[argparse.Namespace, Context], int],
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=act)
    return parser


def _as_of(args: argparse.Namespace, context: Context) -> int:
    return read_instant(args.as_of, "--as-of") if args.as_of else context.clock()


def run_bills(args: argparse.Namespace, context: Context) -> int:
    """Compute a month; exit 1 when a home failed or the month has not begun."""
    month = read_month(args.month)
    run = Run(month, _as_of(args, context), context.clock(), context.actor, args.apply)
    with share_bar(context, f"bill run {month}") as progress:
        report = run_month(context.session, run, progress)
    if args.json:
        context.print_json(report.document())
    else:
        _tell_run(context, report)
    return 1 if report.failed else 0


def _tell_run(context: Context, report: RunReport) -> None:
    totals = report.totals
    counts = ", ".join(f"{count} {state}" for state, count in report.counts.items())
    print(f"{report.month}: {counts or 'no bills'}", file=context.out)
    print(
        f"generation {kwh_text(totals['pv_wh'])} kWh, sold {kwh_text(totals['export_wh'])} kWh, "
        f"used {kwh_text(totals['use_wh'])} kWh, total {totals['total_yen']} yen",
        file=context.out,
    )
    for held in report.held:
        print(f"  {held.invoice_no} held: {', '.join(held.reasons)}", file=context.out)
    for failed in report.failed:
        print(f"  {failed.customer_no} failed: {failed.error}", file=context.out)
    if not report.applied:
        context.say("dry run: nothing was written; add --apply to close and hold")


def issue_bills(args: argparse.Namespace, context: Context) -> int:
    """Issue the closed bills of a month."""
    month = read_month(args.month)
    key = context.config.code_key
    act = Act(context.actor, context.clock(), _as_of(args, context), key)
    if args.apply:
        with context.session(reads_only=True) as session:
            require_no_approval(session)
        asked = Asked(Kind.ISSUE, month, act.as_of, act.actor, act.now)
        with share_bar(context, f"bill issue {month}") as progress:
            report = run_at_once(Worker(context.session, context.clock, progress, key), asked)
    else:
        with context.session(reads_only=True) as session:
            report = issue_month(session, month, act, apply=False)
    if report.issued:
        warn_of_issuer(context)
    code = 1 if report.failed else 0
    if args.json:
        context.print_json(report.issue_document())
        return code
    verb = "issued" if args.apply else "would be issued"
    print(f"{month}: {len(report.issued)} {verb}", file=context.out)
    for waiting in report.waiting:
        context.say(f"{waiting.invoice_no} waits for {waiting.earlier}, which is not issued")
    for failed in report.failed:
        context.say(f"{failed.customer_no} failed: {failed.error}")
    if not args.apply:
        context.say("dry run: nothing was written; add --apply to issue")
    return code


def release_bill(args: argparse.Namespace, context: Context) -> int:
    """Settle a bill's holds, or those of a month that one kind of reason alone holds."""
    act = Act(context.actor, context.clock(), context.clock())
    if (args.invoice_no is None) != bool(args.month and args.kind):
        raise InputRefused("give either INVOICE_NO, or --month with --kind")
    if args.invoice_no is None:
        return _release_kind(args, context, act)
    with context.session() as session:
        release(session, args.invoice_no, args.reason, act)
    context.say(f"{args.invoice_no} is closed")
    return 0


def _release_kind(args: argparse.Namespace, context: Context, act: Act) -> int:
    month = read_month(args.month)
    with context.session() as session:
        done = release_kind(session, month, args.kind, args.reason, act)
    print(f"{month}: {len(done.released)} released", file=context.out)
    for number in done.kept:
        context.say(f"{number} is held for something else too")
    return 0


def void_bill(args: argparse.Namespace, context: Context) -> int:
    """Make an issued bill void."""
    act = Act(context.actor, context.clock(), context.clock())
    with context.session() as session:
        void(session, args.invoice_no, args.reason, act)
    context.say(f"{args.invoice_no} is void")
    return 0


def show_bill(args: argparse.Namespace, context: Context) -> int:
    """Print a bill, as JSON or in a few lines."""
    with context.session(reads_only=True) as session:
        if args.known_at is None:
            document = get_bill(session, args.invoice_no)
        else:
            now = args.known_at == "now"
            known_at = context.clock() if now else read_instant(args.known_at, "--known-at")
            document = bill_as_known(session, args.invoice_no, known_at)
    if args.json:
        context.print_json(with_times(document))
        return 0
    for key in ("invoice_no", "name", "state", "quality", "base_yen", "use_yen", "total_yen"):
        print(f"{key}: {document[key]}", file=context.out)
    for key in ("pv_wh", "export_wh", "use_wh"):
        known = document[key]
        print(f"{key}: {'not known' if known is None else known}", file=context.out)
    return 0


def export_bills(args: argparse.Namespace, context: Context) -> int:
    """Write the list of a month as CSV."""
    month = read_month(args.subject)
    with context.session(reads_only=True) as session:
        rows = chain(exporting.past_rows(session, month), exporting.month_rows(session, month))
        return write_file(args, context, exporting.LIST_COLUMNS, rows)


def export_days(args: argparse.Namespace, context: Context) -> int:
    """Write the days of a bill as CSV."""
    with context.session(reads_only=True) as session:
        rows = exporting.day_rows(session, args.subject)
        return write_file(args, context, exporting.DAY_COLUMNS, rows)


def export_journal(args: argparse.Namespace, context: Context) -> int:
    """Write what was issued and taken back of a month as CSV."""
    month = read_month(args.subject)
    with context.session(reads_only=True) as session:
        return write_file(args, context, journal.COLUMNS, journal.journal_rows(session, month))


def take_history(args: argparse.Namespace, context: Context) -> int:
    """Take the invoice list of the system before ours, whole or not at all."""
    with context.session(reads_only=not args.apply) as session:
        past = import_history(session, args.file, now=context.clock(), apply=args.apply)
    counts = ", ".join(f"{verdict} {count}" for verdict, count in past.counts.items())
    print(counts, file=context.out)
    if not args.apply:
        context.say("dry run: nothing was saved; add --apply to import")
    return 0
