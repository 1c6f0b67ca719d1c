"""The composition root: the `ppa` command; nobody imports this module."""

import argparse
import getpass
import importlib
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.errors import PpaError, SettingsInvalid

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask
    from sqlalchemy import Engine

    from shared.commands.context import Context
    from shared.config import Config
    from shared.web.request import Start


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
    Family("worker", "do the jobs: poll gateways, run months", "ingest.worker"),
    Family("scheduler", "the ticker that makes due jobs exist", "ingest.scheduler"),
    Family("settings", "list or set the operator's settings", "shared.commands.settings"),
    Family("readings", "import, export and set registers", "shared.commands.readings"),
    Family("meters", "record meters put in or replaced", "shared.commands.meters"),
    Family("audit", "tell whose data went where", "shared.commands.exposure"),
    Family("bill", "compute, issue, correct and show bills", "shared.commands.bills"),
    Family("mail", "send the bills' mails, and see where each stands", "shared.commands.mail"),
    Family("payments", "take files of payments", "shared.commands.payments"),
    Family("verify", "check every invariant of the whole history", "shared.commands.verifying"),
    Family("backup", "write the database into one file", "shared.commands.backup"),
    Family("restore", "put a backup where no database is", "shared.commands.restore"),
    Family("operator", "let people into the back office", "shared.commands.operators"),
    Family("web", "serve the pages", __name__),
    Family("demo", "run the product with a small simulated fleet", "ingest.demo.running"),
)


def create_app(
    config: "Config",
    surface: str,
    *,
    engine: "Engine",
    clock: Callable[[], int],
    start: "Start | None" = None,
) -> "Flask":
    """Return the Flask app of one surface, `portal` or `backoffice`.

    `start` makes work begin that a page asks for; without it the next tick does.
    """
    import backoffice
    import portal
    from shared.web.factory import build_app
    from shared.web.surface import settings_of

    chosen = {"portal": portal.SURFACE, "backoffice": backoffice.SURFACE}[surface]
    return build_app(chosen, settings_of(config), engine, clock, start)


def create_site(
    config: "Config", *, engine: "Engine", clock: Callable[[], int], start: "Start | None" = None
) -> "WSGIApplication":
    """Return both surfaces as one application, or the one that PPA_SURFACES names."""
    from shared.web.factory import mount

    apps = {
        name: create_app(config, name, engine=engine, clock=clock, start=start)
        for name in config.surfaces
    }
    return mount(apps.get("portal"), apps.get("backoffice"))


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `web` to the commands; it is here because only this module knows both surfaces."""
    parser = commands.add_parser("web", help="serve the pages")
    parser.add_argument("--host", default="127.0.0.1", metavar="H")
    parser.add_argument("--port", type=int, default=8000, metavar="P")
    parser.add_argument("--surfaces", metavar="portal,backoffice")
    parser.set_defaults(run=_web, also=lambda config: config.find_missing_keys())


def _web(args: argparse.Namespace, context: "Context") -> int:
    """Serve until stopped; settings and database are looked at first, so that faults show."""
    from shared.config import parse_surfaces
    from shared.web.serve import serve
    from shared.web.surface import settings_of

    config = context.config
    if args.surfaces:
        config = replace(config, surfaces=parse_surfaces(args.surfaces))
    settings_of(config)
    context.open_engine()
    context.close()  # a connection must not be shared with the worker processes

    def make() -> "WSGIApplication":
        from ingest.ticking import start_through_redis, work_beside

        if config.redis_url is None:  # then this process does the jobs too (decision 37)
            start = work_beside(context)
        else:
            start = start_through_redis(context, config.redis_url)
        return create_site(config, engine=context.make_engine(), clock=context.clock, start=start)

    serve(make, args.host, args.port)
    return 0


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
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            print(f"cannot write the result: {error.strerror or error}", file=sys.stderr)
            return 1
        # As in `ppa … | head`: the reader has had enough.
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
    from shared.config import examine

    config, problems = examine(environ)
    if problems:
        named = {problem.partition(":")[0] for problem in problems}
        also = args.also(config) if "also" in args else ()
        raise SettingsInvalid([*problems, *(one for one in also if not _names(one, named))])
    clock = make_clock(config.test_clock)
    context = Context(config, clock, sys.stdout, sys.stderr, _actor())
    try:
        code: int = args.run(args, context)
        sys.stdout.flush()
    finally:
        context.close()
    return code


def _names(problem: str, variables: Collection[str]) -> bool:
    """Say whether a sentence is about one of some variables, with whose name it begins."""
    return re.split("[: ]", problem, maxsplit=1)[0] in variables


def _actor() -> str:
    """Return who the audit trail names: the machine's user."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"cli:{os.getuid()}"


if __name__ == "__main__":
    sys.exit(main())
