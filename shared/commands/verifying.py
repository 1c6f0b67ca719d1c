"""`ppa verify`: recompute the whole history and check every invariant."""

import argparse
from dataclasses import asdict

from shared.commands.context import Context
from shared.commands.output import share_bar
from shared.telemetry.deriving import refresh
from shared.verify import verify_by_processes


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa verify`."""
    summary = "recompute the whole history and check every invariant"
    parser = commands.add_parser("verify", help=summary, description=summary)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, context: Context) -> int:
    """Print every finding; exit 1 where there is one."""
    with context.session() as session:
        refresh(session)
    with share_bar(context, "verify") as progress:
        findings = verify_by_processes(context.open_engine(), progress)
    if args.json:
        context.print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            print(f"{finding.invariant} {finding.subject}: {finding.detail}", file=context.out)
        context.say(f"{len(findings)} findings" if findings else "every invariant holds")
    return 1 if findings else 0
