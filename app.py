"""The composition root: the `ppa` command; nobody imports this module."""

import argparse
import getpass
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.errors import PpaError


@dataclass(frozen=True, slots=True)
class Family:
    """A word after `ppa`, and the module that registers it; imported only when it is asked for."""

    name: str
    summary: str
    module: str


FAMILIES = (
    Family("check", "list settings that are missing or unsafe", "shared.commands.checking"),
    Family("customers", "import and export customers, codes, terms", "shared.commands.customers"),
    Family("db", "create or migrate the database", "shared.commands.database"),
    Family("gateways", "read gateways, and try them out", "ingest.commands"),
    Family("worker", "do the jobs: poll gateways", "ingest.worker"),
    Family("scheduler", "the ticker that makes due jobs exist", "ingest.scheduler"),
    Family("settings", "list or set the operator's settings", "shared.commands.settings"),
    Family("readings", "import, export and set registers", "shared.commands.readings"),
    Family("meters", "record meters put in or replaced", "shared.commands.meters"),
    Family("bill", "compute, issue, correct and show bills", "shared.commands.bills"),
    Family("verify", "check every invariant of the whole history", "shared.commands.verifying"),
)


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command and return its exit code: 0 done, 1 refused or found something, 2 usage."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        args = _parser(arguments).parse_args(arguments)
    except SystemExit as stop:  # argparse has printed its usage or its help
        return stop.code if isinstance(stop.code, int) else 2
    try:
        return _run(args, environ)
    except PpaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # as in `ppa … | head`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser with the asked command in full and the others by their summary."""
    parser = argparse.ArgumentParser(prog="ppa", description="Tariff portal for solar PPAs.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for family in FAMILIES:
        if arguments and arguments[0] == family.name:
            importlib.import_module(family.module).register(commands)
        else:
            commands.add_parser(family.name, help=family.summary)
    return parser


def _run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Give the command its surroundings; what it needs is loaded only now, so help is quick."""
    from shared.clock import make_clock
    from shared.commands.context import Context
    from shared.config import load

    config = load(environ)
    clock = make_clock(config.test_clock)
    context = Context(config, clock, sys.stdout, sys.stderr, _actor())
    try:
        code: int = args.run(args, context)
        sys.stdout.flush()
    finally:
        context.close()
    return code


def _actor() -> str:
    """Return who the audit trail names: the machine's user."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"cli:{os.getuid()}"


if __name__ == "__main__":
    sys.exit(main())
