"""One pass over the outbox: claim, write, hand over, keep the answer; one mail after the other."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from shared.config import Config
from shared.errors import ValueRefused
from shared.invoices.notifying import BILL, VOID
from shared.invoices.payments import PAID, find_payments
from shared.mail.addresses import is_address
from shared.mail.claiming import Claim, claim, find_due_mails, hold, new_owner, settle
from shared.mail.joining import JOIN, LINK_ENDED, find_live_link
from shared.mail.letters import Headers, compose
from shared.mail.listing import BAD_ADDRESS
from shared.mail.server import Envelope, MailServer, Outcome
from shared.mail.writing import REMINDER, Writer
from shared.models.invoices import Invoice
from shared.models.mail import Outbox
from shared.settings import Settings, find_settings

CHUNK: Final = 200

OpenSession = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What sending needs of the process: where rows are, what time it is, who sends."""

    open_session: OpenSession
    clock: Callable[[], int]
    writer: Writer
    sender: str

    @property
    def host(self) -> str:
        """Return the host of the Message-IDs: the sender's."""
        return self.sender.rpartition("@")[2]


def desk_of(config: Config, open_session: OpenSession, clock: Callable[[], int]) -> Desk:
    """Return the desk of a process; raises InputRefused where sender or secret is not set."""
    writer = Writer(config.require_secret_key(), config.base_url)
    return Desk(open_session, clock, writer, config.require_mail_from())


def server_of(config: Config) -> MailServer:
    """Return the mail server; raises InputRefused where it is not set."""
    host = urlsplit(config.base_url).hostname or "localhost"
    return MailServer(config.require_smtp_url(), f"[{host}]" if _is_number(host) else host)


def _is_number(host: str) -> bool:
    return host.replace(".", "").isdigit()


@dataclass(slots=True)
class PassReport:
    """What a pass did: outcomes of the bills' mails, and of others apart."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    others: Counter[Outcome] = field(default_factory=Counter)
    tried: list[int] = field(default_factory=list)

    def note(self, mail_id: int, outcome: Outcome, *, is_bill: bool) -> None:
        """Count one try."""
        if is_bill:
            self.tried.append(mail_id)
        (self.counts if is_bill else self.others)[outcome] += 1

    @property
    def all_accepted(self) -> bool:
        """Say whether every mail that was tried was taken."""
        return {*self.counts, *self.others} <= {Outcome.ACCEPTED}


def send_due(desk: Desk, server: MailServer, until: int | None = None) -> PassReport:
    """Try each mail that is due once, in order, until the clock reaches `until`."""
    report, last = PassReport(), 0
    while ids := _due(desk, last):
        for last in ids:
            if until is not None and desk.clock() >= until:
                return report
            _send(desk, server, last, report)
    return report


def _due(desk: Desk, after: int) -> list[int]:
    with desk.open_session() as session:
        return find_due_mails(session, desk.clock(), CHUNK, after)


def _send(desk: Desk, server: MailServer, mail_id: int, report: PassReport) -> None:
    """Claim one mail and commit that, hand it over, keep what the server said."""
    ours = Claim(mail_id, new_owner())
    with desk.open_session() as session:
        mail = claim(session, ours, desk.clock(), desk.host)
        if mail is None:
            return
        is_bill = mail.kind == BILL
        envelope = _written(session, desk, mail, ours)
    if envelope is None:
        return
    reply = server.deliver(envelope)
    with desk.open_session() as session:
        settle(session, ours, reply, desk.clock())
    report.note(mail_id, reply.outcome, is_bill=is_bill)


def _written(session: Session, desk: Desk, mail: Outbox, ours: Claim) -> Envelope | None:
    """Return a claimed mail as bytes, or None where it can only be held."""
    now = desk.clock()
    bill = session.get(Invoice, mail.invoice_id) if mail.invoice_id is not None else None
    if bill is not None and bill.state == VOID:
        hold(session, ours, VOID, now)
        return None
    if mail.kind == REMINDER and bill is not None and find_payments(session, [bill.id]):
        hold(session, ours, PAID, now)
        return None
    if mail.kind == JOIN and find_live_link(session, mail, now) is None:
        hold(session, ours, LINK_ENDED, now)
        return None
    settings = find_settings(session)
    try:
        letter = desk.writer.write(session, mail, settings, now)
        return Envelope(
            desk.sender, mail.recipient, compose(letter, _headers(desk, mail, settings))
        )
    except ValueRefused:
        hold(session, ours, BAD_ADDRESS, now)
        return None


def _headers(desk: Desk, mail: Outbox, settings: Settings) -> Headers:
    reply_to = settings.operator_email if is_address(settings.operator_email) else ""
    return Headers(
        sender=desk.sender,
        sender_name=settings.operator_name,
        reply_to=reply_to,
        recipient=mail.recipient,
        message_id=mail.message_id or "",
        at=desk.clock(),
    )
