"""`ppa operator add`: let a person into the back office."""

import argparse
import sys

from shared.audit import record
from shared.commands.context import Context
from shared.doors.operators import ROLES, add_operator
from shared.errors import InputRefused


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `operator` to the commands."""
    parser = commands.add_parser("operator", help="people of the back office")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add a person, with the password on standard input")
    add.add_argument("email", metavar="EMAIL")
    add.add_argument("--role", required=True, choices=ROLES)
    add.add_argument("--password-stdin", action="store_true")
    add.set_defaults(run=_add)


def _add(args: argparse.Namespace, context: Context) -> int:
    """Store the operator and say so; a password is only ever taken from standard input."""
    if not args.password_stdin:
        raise InputRefused("give the password on standard input, with --password-stdin")
    password = sys.stdin.readline().rstrip("\r\n")
    now = context.clock()
    with context.session() as session:
        email = add_operator(session, args.email, args.role, password, now).email
        record(session, now, context.actor, "operator_added", email, {"role": args.role})
    context.say(f"operator {email} may sign in as {args.role}")
    return 0
