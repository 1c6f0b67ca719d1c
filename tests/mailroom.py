"""A real mail server on loopback that takes mails in, or does not, as a test wants it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine
from sqlalchemy.orm import Session as OrmSession

from shared.mail.sending import Desk, send_due
from shared.mail.server import MailServer
from shared.mail.writing import Writer
from tests.servers import free_port

LINK = re.compile(r"https?://\S+")
Rule = Callable[[str], str | None]


def takes_all(_recipient: str) -> str | None:
    """Refuse nobody."""
    return None


@dataclass(slots=True)
class Mailroom:
    """What the server took in, by recipient; the rules say what it answers instead of 250.

    `at_rcpt` and `at_data` return a reply, None to go on; `hangs_up` ends the connection before
    the 250, without keeping the mail.
    """

    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    at_rcpt: Rule = takes_all
    at_data: Rule = takes_all
    hangs_up: Callable[[str], bool] = lambda _recipient: False
    sessions: set[object] = field(default_factory=set)
    port: int = 0

    @property
    def environ(self) -> dict[str, str]:
        """Return the settings that send mail here."""
        return {
            "PPA_SMTP_URL": f"smtp://127.0.0.1:{self.port}",
            "PPA_MAIL_FROM": "bills@ppa.example.jp",
        }

    def of(self, recipient: str) -> list[EmailMessage]:
        """Return the mails that somebody got."""
        return [mail for address, mail in self.taken if address == recipient]

    async def handle_RCPT(  # noqa: N802 - the names that the server looks for
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer to a recipient."""
        refusal = self.at_rcpt(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that the server looks for
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Answer to a content; only what is taken is kept."""
        (recipient,) = envelope.rcpt_tos
        self.sessions.add(session.peer)
        if self.hangs_up(recipient):
            assert server.transport is not None
            server.transport.close()
            return "451 never heard"
        refusal = self.at_data(recipient)
        if refusal:
            return refusal
        mail = message_from_bytes(cast("bytes", envelope.content), policy=default)
        self.taken.append((recipient, mail))
        return "250 taken"


@contextmanager
def a_mailroom(port: int = 0) -> Iterator[Mailroom]:
    """Run a mail server for a while."""
    room = Mailroom()
    controller = Controller(room, hostname="127.0.0.1", port=port or free_port())
    controller.start()
    room.port = controller.port
    try:
        yield room
    finally:
        controller.stop()


def text_of(mail: EmailMessage) -> str:
    """Return the text part."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(mail: EmailMessage) -> str:
    """Return the HTML part."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def link_of(mail: EmailMessage) -> str:
    """Return the one link of the text part."""
    (link,) = LINK.findall(text_of(mail))
    return str(link)


def sent(engine: Engine, clock: Callable[[], int]) -> Mailroom:
    """Send what is due once, as from a site with the secret of the tests' settings."""

    @contextmanager
    def open_session() -> Iterator[OrmSession]:
        with OrmSession(engine) as session, session.begin():
            yield session

    writer = Writer("s" * 40, "http://127.0.0.1:8000")
    with a_mailroom() as room:
        server = MailServer(f"smtp://127.0.0.1:{room.port}", "localhost")
        send_due(Desk(open_session, clock, writer, "bills@example.jp"), server)
        server.close()
    return room
