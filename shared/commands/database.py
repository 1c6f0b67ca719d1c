"""`ppa db`: create or migrate the database."""

import argparse

from sqlalchemy.exc import OperationalError

from shared import schema
from shared.commands.context import Context
from shared.errors import InputRefused


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa db upgrade`."""
    family = commands.add_parser("db", help="create or migrate the database")
    actions = family.add_subparsers(metavar="ACTION", required=True)
    upgrade = actions.add_parser("upgrade", help="create the tables, or bring them up to date")
    upgrade.set_defaults(run=run_upgrade)


def run_upgrade(_args: argparse.Namespace, context: Context) -> int:
    """Migrate to the newest revision; nothing changes where it is there already."""
    engine = context.make_engine()
    try:
        schema.upgrade(engine)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise InputRefused(f"PPA_DATABASE_URL: cannot be migrated ({reason})") from error
    finally:
        engine.dispose()
    context.say(f"the database is at revision {schema.newest_revision()}")
    return 0
