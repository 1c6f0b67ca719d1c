"""`ppa mail`: the bills' mails, where each stands."""

import argparse

from shared.commands.context import Context
from shared.mail.listing import REASONS, STATES, MailFilter, MailRow, find_mails
from shared.telemetry.exporting import time_text


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa mail …`."""
    family = commands.add_parser("mail", help="send the bills' mails, and see where each stands")
    verbs = family.add_subparsers(metavar="VERB", required=True)
    summary = "list the bills' mails with state and the server's last reply"
    listing = verbs.add_parser("list", help=summary, description=summary)
    listing.add_argument("--state", choices=STATES)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=list_mails)


def list_mails(args: argparse.Namespace, context: Context) -> int:
    """Print every bill's mail, or those in one state."""
    with context.session(reads_only=True) as session:
        wanted = MailFilter(state=args.state)
        rows = find_mails(session, wanted, goes_out=context.config.sends_mail)
    documents = [document_of(row) for row in rows]
    if args.json:
        context.print_json(documents)
        return 0
    for told in documents:
        print(" ".join(f"{told[key]}" for key in ("invoice_no", "state", "to")), file=context.out)
        if told["reply"]:
            print(f"  {told['reply']}", file=context.out)
    return 0


def document_of(row: MailRow) -> dict[str, object]:
    """Return a mail as `mail list --json` prints it; of a held one the reason is the reply."""
    return {
        "invoice_no": row.invoice_no,
        "to": row.recipient,
        "state": row.state,
        "attempts": row.attempts,
        "reply": REASONS.get(row.reason, "") if row.state == "held" else row.reply,
        "next_at": None if row.next_at is None else time_text(row.next_at),
        "message_id": row.message_id,
    }
