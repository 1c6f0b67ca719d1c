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
    Family("db", "create or migrate the database", "shared.commands.database"),
    Family("settings", "list or set the operator's settings", "shared.commands.settings"),
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
    from shared.clock import make_clock  # noqa: PLC0415
    from shared.commands.context import Context  # noqa: PLC0415
    from shared.config import load  # noqa: PLC0415

    config = load(environ)
    clock = make_clock(config.test_clock)
    context = Context(config, clock, sys.stdout, sys.stderr, f"cli:{getpass.getuser()}")
    try:
        code: int = args.run(args, context)
    finally:
        context.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
