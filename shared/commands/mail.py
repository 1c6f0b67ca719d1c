"""`ppa mail`: the bills' mails, where each stands."""

import argparse
import sys

from shared.commands.arguments import read_instant
from shared.commands.context import Context
from shared.db import in_chunks
from shared.mail.bouncing import keep_bounce, parse_report
from shared.mail.links import revoke
from shared.mail.listing import REASONS, STATES, MailFilter, MailRow, count_mails, find_mails
from shared.mail.resending import resend
from shared.mail.sending import CHUNK, PassReport, desk_of, send_due, server_of
from shared.mail.server import Outcome
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
    summary = "one pass over the outbox; 1 where a mail that was tried was not accepted"
    send = verbs.add_parser("send", help=summary, description=summary)
    send.add_argument("--as-of", metavar="ISO", help="the time taken for now")
    send.add_argument("--json", action="store_true")
    send.set_defaults(run=send_mails)
    summary = "queue bills' mails again, to the address that the customer has now"
    again = verbs.add_parser("resend", help=summary, description=summary)
    again.add_argument("invoice_nos", metavar="INVOICE_NO", nargs="+")
    again.set_defaults(run=resend_mails)
    summary = "let the mailed link of a bill answer as unknown"
    end = verbs.add_parser("revoke", help=summary, description=summary)
    end.add_argument("invoice_no", metavar="INVOICE_NO")
    end.set_defaults(run=revoke_link)
    summary = "take a delivery report on standard input: a mail that came back is refused"
    back = verbs.add_parser("bounced", help=summary, description=summary)
    back.set_defaults(run=take_bounce)


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


def send_mails(args: argparse.Namespace, context: Context) -> int:
    """Send what is due; without a mail server mails stay held, which is said."""
    as_of = read_instant(args.as_of, "--as-of") if args.as_of else None
    clock = context.clock if as_of is None else lambda: as_of
    report = PassReport()
    if context.config.sends_mail:
        server = server_of(context.config)
        try:
            report = send_due(desk_of(context.config, context.session, clock), server)
        finally:
            server.close()
    else:
        context.say(f"{REASONS['no_server']}: mails stay held")
    _tell_pass(args, context, report)
    return 0 if report.all_accepted else 1


def _tell_pass(args: argparse.Namespace, context: Context, report: PassReport) -> None:
    goes_out = context.config.sends_mail
    with context.session(reads_only=True) as session:
        held = count_mails(session, MailFilter(), goes_out=goes_out).get("held", 0)
        mails = [
            document_of(row)
            for ids in in_chunks(report.tried, CHUNK)
            for row in find_mails(session, MailFilter(ids=ids), goes_out=goes_out)
        ]
    counts = {outcome.value: report.counts[outcome] for outcome in Outcome} | {"held": held}
    if args.json:
        context.print_json({"counts": counts, "mails": mails})
        return
    print(", ".join(f"{count} {state}" for state, count in counts.items()), file=context.out)
    for told in mails:
        if told["state"] != "accepted":
            print(f"  {told['invoice_no']} {told['state']}: {told['reply']}", file=context.out)


def resend_mails(args: argparse.Namespace, context: Context) -> int:
    """Queue mails again, all or none."""
    with context.session() as session:
        addresses = resend(session, args.invoice_nos, context.clock(), context.actor)
    for number, address in zip(dict.fromkeys(args.invoice_nos), addresses, strict=True):
        print(f"{number} queued to {address}", file=context.out)
    return 0


def revoke_link(args: argparse.Namespace, context: Context) -> int:
    """Revoke the links of a bill."""
    with context.session() as session:
        revoke(session, args.invoice_no, context.clock(), context.actor)
    context.say(f"the links of {args.invoice_no} open nothing any more")
    return 0


def take_bounce(_args: argparse.Namespace, context: Context) -> int:
    """Keep what a delivery report says of a mail of ours."""
    stream = getattr(sys.stdin, "buffer", None)
    content = stream.read() if stream is not None else sys.stdin.read().encode()
    bounce = parse_report(content)
    with context.session() as session:
        number = keep_bounce(session, bounce, context.clock(), context.actor)
    context.say(f"{number}: {bounce.action} {bounce.told}".rstrip())
    return 0
