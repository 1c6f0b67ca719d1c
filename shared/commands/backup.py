"""`ppa backup`: the database in one file."""

import argparse
from pathlib import Path

from shared import backup
from shared.commands.context import Context
from shared.commands.output import share_bar


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa backup`."""
    summary = "write the database into one file; nobody has to stop working"
    parser = commands.add_parser("backup", help=summary, description=summary)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, context: Context) -> int:
    """Write the backup and say what is not in it."""
    context.open_engine()
    context.close()
    with share_bar(context, "backup") as progress:
        octets = backup.back_up(context.config.database_url, args.file, progress)
    context.say(
        f"{args.file}: {octets} octets; PPA_CODE_KEY and PPA_SECRET_KEY are not in it, "
        "keep them elsewhere"
    )
    return 0
