"""`ppa restore`: the database again from a backup."""

import argparse
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared import backup, schema
from shared.commands import verifying
from shared.commands.context import Context
from shared.commands.output import share_bar
from shared.errors import InputRefused, PpaError
from shared.models.customers import Customer
from shared.models.mail import Outbox
from shared.seal import unseal


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa restore`."""
    summary = "put a backup where no database is"
    parser = commands.add_parser("restore", help=summary, description=summary)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument(
        "--verify", action="store_true", help="check every invariant of what was restored"
    )
    parser.set_defaults(run=run, json=False)


def run(args: argparse.Namespace, context: Context) -> int:
    """Restore, and say what the restored database still needs; 1 where `--verify` finds any."""
    url = context.config.database_url
    revision, newest = backup.find_revision(url, args.file), schema.newest_revision()
    if args.verify and revision != newest:
        raise InputRefused(
            f"--verify: the backup is at revision {revision} and this program needs {newest}; "
            "restore it without, run `ppa db upgrade`, then `ppa verify`"
        )
    context.config.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with share_bar(context, "restore") as progress:
        backup.restore(url, args.file, progress)
    context.say(f"{args.file}: restored at revision {revision}; everybody has to sign in again")
    context.say(
        "who was erased after the backup is there again: `ppa customers erase --list FILE --apply` "
        "with the newest list of `ppa customers erasures`"
    )
    if revision != newest:
        context.say(f"this program needs revision {newest}: run `ppa db upgrade`")
        return 0
    with context.session(reads_only=True) as session:
        fits = _say_what_is_due(session, context)
    found = verifying.run(args, context) if args.verify else 0
    return 0 if fits and not found else 1


def _say_what_is_due(session: Session, context: Context) -> bool:
    """Say what a person has to know; return whether the keys are those of the database."""
    queued = session.scalar(select(func.count(Outbox.id)).where(Outbox.state == "queued"))
    if queued:
        context.say(
            f"{queued} mails wait: those that went out since the backup would go once more; "
            "look at them before a worker runs"
        )
    sealed = session.execute(
        select(Customer.customer_no, Customer.code_sealed).order_by(Customer.id).limit(1)
    ).first()
    if sealed is None:
        return True
    try:
        unseal(context.config.require_code_key(), sealed.code_sealed, sealed.customer_no)
    except PpaError as error:
        context.say(f"{error}: no homeowner can sign in until it is the right one")
        return False
    return True
