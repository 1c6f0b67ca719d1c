"""`ppa settings`: the operator's settings, listed and set."""

import argparse
from datetime import date

from sqlalchemy.orm import Session

from shared.commands.context import Context
from shared.commands.documents import register_logo
from shared.errors import InputRefused
from shared.months import day_of
from shared.settings import FROM_THE_BEGINNING, KEYS, find_rows, set_setting, was_set


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa settings list` and `ppa settings set`."""
    family = commands.add_parser("settings", help="list or set the operator's settings")
    actions = family.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="print every setting as it counts today")
    listing.add_argument("--json", action="store_true", help="print one JSON document")
    listing.set_defaults(run=run_list)
    setting = actions.add_parser("set", help="set one; a first text counts from the beginning")
    setting.add_argument("key", metavar="KEY")
    setting.add_argument("text", metavar="VALUE")
    setting.add_argument("--from", dest="from_day", metavar="DATE", help="such as 2024-04-01")
    setting.set_defaults(run=run_set)
    register_logo(actions)


def run_list(args: argparse.Namespace, context: Context) -> int:
    """Print key and text, tab between them, or the same as JSON with the day it counts from."""
    with context.session(reads_only=True) as session:
        entries = _entries(session, day_of(context.clock()))
    if args.json:
        context.print_json(entries)
    else:
        for entry in entries:
            print(entry["key"], entry["value"], sep="\t", file=context.out)
    return 0


def run_set(args: argparse.Namespace, context: Context) -> int:
    """Record a setting; without --from it counts from the beginning, and later from today."""
    now = context.clock()
    with context.session() as session:
        warning = set_setting(
            session,
            args.key,
            args.text,
            valid_from=_valid_from(session, args, day_of(now)),
            now=now,
            actor=context.actor,
        )
    if warning:
        context.say(warning)
    if args.from_day and not KEYS[args.key].dated:
        context.say(f"{args.key}: counts at once; --from decides only for settings that price")
    return 0


def _entries(session: Session, today: date) -> list[dict[str, object]]:
    rows = find_rows(session, on=today)
    return [
        {
            "key": name,
            "value": rows[name].text if name in rows else key.default,
            "from": rows[name].valid_from.isoformat() if name in rows else None,
        }
        for name, key in KEYS.items()
    ]


def _valid_from(session: Session, args: argparse.Namespace, today: date) -> date:
    if args.from_day is None:
        return today if was_set(session, args.key) else FROM_THE_BEGINNING
    try:
        return date.fromisoformat(args.from_day)
    except ValueError:
        raise InputRefused(f"--from: {args.from_day!r} is not a day such as 2024-04-01") from None
