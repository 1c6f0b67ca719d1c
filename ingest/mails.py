"""Sending as a job: whether a mail is due, and one pass over the outbox."""

from typing import Final

from shared.commands.context import Context
from shared.mail.claiming import count_due_mails
from shared.mail.digest import find_digest_due, queue_digest
from shared.mail.sending import desk_of, send_due, server_of
from shared.queue import Call, Task

LONGEST_S: Final = 300
"""How long one job sends; what is left is due at the next tick."""


def find_mail_calls(context: Context) -> list[Call]:
    """Return the call of a pass where a mail is due; without a mail server none ever is."""
    if not context.config.sends_mail:
        return []
    now = context.clock()
    with context.session(reads_only=True) as session:
        due = find_digest_due(session, now)
    if due:
        with context.session() as session:
            queue_digest(session, now)
    with context.session(reads_only=True) as session:
        return [Call(Task.MAIL, ())] if count_due_mails(session, now) else []


def send_mails(context: Context) -> int:
    """Make one pass; return how many mails were tried."""
    server = server_of(context.config)
    try:
        desk = desk_of(context.config, context.session, context.clock)
        report = send_due(desk, server, until=context.clock() + LONGEST_S)
    finally:
        server.close()
    return report.counts.total() + report.others.total()
