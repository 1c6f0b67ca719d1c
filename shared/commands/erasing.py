"""`ppa customers erase` and `erasures`: a person's data erased, and who was."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.commands.context import Context
from shared.commands.output import write_file
from shared.csvfile import Column
from shared.erasing.doing import Outlook, Word, erase, find_erasures, foresee_erasure
from shared.erasing.refusing import ErasureRefused
from shared.errors import InputRefused, NotFound
from shared.telemetry.exporting import time_text

COLUMNS: Final = (
    Column("customer_no", is_text=True), Column("erased_at", is_text=True),
    Column("done", is_text=True),
)  # fmt: skip
WORDS: Final = {
    "sessions": "sessions",
    "notes": "notes",
    "messages": "messages to this customer alone",
    "half_hours": "half-hours and hours of the charts",
    "feeds": "channels of its gateways",
    "gateways": "gateways of the house, where nobody else has moved in",
    "links": "mailed links that still open a bill",
    "mails": "mails: address and answer",
    "mail_events": "answers of mail servers",
    "audit": "details of the audit trail that tell the person's data",
}


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa customers erase` and `ppa customers erasures`."""
    summary = "erase the data of a person who has left; without --apply a dry run"
    take = verbs.add_parser("erase", help=summary, description=summary)
    take.add_argument("customer_no", metavar="CUSTOMER_NO", nargs="?")
    take.add_argument(
        "--list", metavar="FILE", type=Path, help="everybody of a file of `erasures`, again"
    )
    take.add_argument("--reason", metavar="TEXT", required=True, help="stays; must name nobody")
    take.add_argument("--apply", action="store_true", help="erase; it cannot be taken back")
    take.set_defaults(run=erase_person)
    told = verbs.add_parser("erasures", help="who was erased, as CSV, to be applied again")
    told.add_argument("--output", metavar="FILE")
    told.set_defaults(run=tell_erasures, encoding="utf-8")


def erase_person(args: argparse.Namespace, context: Context) -> int:
    """Erase one person, or everybody on a list; 1 where one is refused."""
    if (args.customer_no is None) == (args.list is None):
        raise InputRefused("give a CUSTOMER_NO, or --list FILE")
    if args.list is not None:
        return _erase_each(args, context)
    _erase(args, context, args.customer_no)
    return 0


def _erase(args: argparse.Namespace, context: Context, number: str) -> None:
    now = context.clock()
    if args.apply:
        key = context.config.require_code_key()
        with context.session() as session:
            done = erase(session, number, Word(key, now, context.actor, args.reason))
    else:
        with context.session(reads_only=True) as session:
            done = foresee_erasure(session, number, now)
        if done.refused is not None:
            raise done.refused
    for line in _told(number, done, applied=args.apply):
        print(line, file=context.out)
    if not args.apply:
        context.say("dry run: nothing was erased; add --apply to erase, which is for good")


def _erase_each(args: argparse.Namespace, context: Context) -> int:
    """Erase everybody on a list who is not yet; each for itself, so that one stops no other."""
    refused = 0
    for number in _numbers(args.list):
        try:
            _erase(args, context, number)
        except (ErasureRefused, NotFound) as error:
            context.say(str(error))
            refused += getattr(error, "kind", "") != "erased"
    return 1 if refused else 0


def _numbers(path: Path) -> list[str]:
    """Return the customer numbers of a file of `ppa customers erasures`."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(f"{path}: cannot be read as a list of erasures") from error
    if not lines or lines[0].split(",")[0] != COLUMNS[0].header:
        raise InputRefused(f"{path}: the first column of line 1 must be {COLUMNS[0].header}")
    cells = [line.split(",")[0].strip('"').lstrip("'") for line in lines[1:] if line.strip()]
    for n, cell in enumerate(cells, 2):
        if not cell.isascii() or not cell.isdigit():
            raise InputRefused(f"{path} line {n} {COLUMNS[0].header}: {cell[:40]!r} is no number")
    return cells


def _told(number: str, done: Outlook, *, applied: bool) -> Iterator[str]:
    """Yield what goes, what stays and until when."""
    at_once = "erased" if applied else "would be erased at once"
    yield f"{number}: {at_once}: the login code, kana, mail address, telephone, note, serial number"
    for name, count in done.counts.items():
        if count:
            yield f"{number}: {at_once}: {count} {WORDS[name]}"
    due = [one for one in done.kept if one.is_due]
    if due:
        yield f"{number}: {at_once}: the name on {len(due)} bills past their term"
    staying = [one for one in done.kept if not one.is_due]
    for one in staying:
        yield f"{number}: stays until {one.until}: name and address on {one.invoice_no}"
    if staying:
        last = staying[-1].until
        yield f"{number}: stays until {last}: the customer's own name and address, for these bills"
    else:
        yield f"{number}: {at_once}: name and address"
    yield f"{number}: stays: figures, numbers, hashes and registers of bills, without a name"
    if done.unpaid:
        yield f"{number}: {done.unpaid} issued bills are not paid, and how to reach the person goes"


def tell_erasures(args: argparse.Namespace, context: Context) -> int:
    """Write who was erased; it is kept beside the backups, which may bring a person back."""
    with context.session(reads_only=True) as session:
        rows = [
            (one.customer_no, time_text(one.erased_at), "yes" if one.is_whole else "")
            for one in find_erasures(session)
        ]
    return write_file(args, context, COLUMNS, rows)
