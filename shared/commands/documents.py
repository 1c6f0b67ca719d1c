"""`ppa bill pdf` and `ppa settings logo`: documents, and the sign at their head."""

import argparse
from pathlib import Path

from shared.commands.context import Context
from shared.commands.output import write_bytes
from shared.documents.keeping import find_rendering, keep
from shared.documents.logos import set_logo
from shared.documents.paper import ISSUED
from shared.errors import InputRefused


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa bill pdf`."""
    summary = "the document of an issued or void bill"
    parser = verbs.add_parser("pdf", help=summary, description=summary)
    parser.add_argument("invoice_no", metavar="INVOICE_NO")
    parser.add_argument("--output", metavar="FILE")
    parser.add_argument("--issued", action="store_true", help="of a void bill: as it was issued")
    parser.set_defaults(run=write_bill)


def register_logo(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa settings logo`."""
    summary = "the PNG at the head of documents that are issued from now on"
    parser = verbs.add_parser("logo", help=summary, description=summary)
    parser.add_argument("file", metavar="FILE", help="a PNG, or none for no logo any more")
    parser.set_defaults(run=take_logo)


def write_bill(args: argparse.Namespace, context: Context) -> int:
    """Write a bill's PDF, kept from now on where it was not yet."""
    face = ISSUED if args.issued else None
    with context.session(reads_only=True) as session:
        found = find_rendering(session, args.invoice_no, face=face)
    if not found.is_kept:
        with context.session() as session:
            found = keep(session, found, context.clock())
    write_bytes(args.output, context, found.content)
    return 0


def take_logo(args: argparse.Namespace, context: Context) -> int:
    """Keep the operator's logo."""
    try:
        content = b"" if args.file == "none" else Path(args.file).read_bytes()
    except OSError as error:
        raise InputRefused(f"{args.file}: {error.strerror}") from None
    with context.session() as session:
        set_logo(session, content, now=context.clock(), actor=context.actor)
    return 0
