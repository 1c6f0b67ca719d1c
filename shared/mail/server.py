"""One connection to the mail server, and what it says to each mail, never guessed."""

import smtplib
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT_S: Final = 60
"""How long one answer may take; six of them stay under the ten minutes of a stuck mail."""
MOST_MAILS: Final = 100
"""Mails on one connection; many servers end it by themselves after about as many."""
PATIENCE: Final = 3
_LONGEST: Final = 400
_PORTS: Final = {"smtp": 25, "smtps": 465}
_CLOSING: Final = 421


class Outcome(StrEnum):
    """How a try ended: `accepted` only after the server took the mail over."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a try; `text` begins with the server's code where it gave one."""

    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom, and the bytes in between."""

    sender: str
    recipient: str
    content: bytes


class MailServer:
    """The server of PPA_SMTP_URL for one pass; opened with the first mail, closed by `close`.

    Once it cannot be reached, or stays silent three times in a row, every later mail of the pass
    gets that answer at once: nobody waits for a dead server again and again.
    """

    def __init__(self, url: str, helo: str, timeout_s: int = TIMEOUT_S) -> None:
        """Take `smtp://user:pass@host:port?starttls=1` and the name to greet with."""
        self._parts, self._helo, self._timeout_s = urlsplit(url), helo, timeout_s
        self._smtp: smtplib.SMTP | None = None
        self._sent = self._silent = 0
        self._down: Reply | None = None

    def deliver(self, envelope: Envelope) -> Reply:
        """Try to hand one mail over."""
        if self._down is not None:
            return self._down
        try:
            smtp = self._connected()
        except smtplib.SMTPResponseException as error:
            return self._is_down(_told(error.smtp_code, error.smtp_error))
        except (OSError, smtplib.SMTPException) as error:
            return self._is_down(f"no connection: {_cause(error)}")
        try:
            reply = _transact(smtp, envelope)
        except smtplib.SMTPResponseException as error:
            reply = _judged(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            return self._is_silent(f"no answer: {_cause(error)}")
        self._silent = 0
        self._tidy(reply)
        return reply

    def _is_down(self, told: str) -> Reply:
        self._down = Reply(Outcome.DEFERRED, told)
        return self._down

    def _is_silent(self, told: str) -> Reply:
        """Take no answer for this mail's, until it is the server's."""
        self._drop()
        self._silent += 1
        if self._silent >= PATIENCE:
            return self._is_down(told)
        return Reply(Outcome.DEFERRED, told)

    def _connected(self) -> smtplib.SMTP:
        """Return the connection, a new one where there is none or the server left it."""
        if self._smtp is not None and self._sent < MOST_MAILS and self._is_alive(self._smtp):
            return self._smtp
        self.close()
        parts, context = self._parts, ssl.create_default_context()
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        if parts.scheme == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, self._helo, timeout=self._timeout_s, context=context
            )
        else:
            smtp = smtplib.SMTP(host, port, self._helo, timeout=self._timeout_s)
        try:
            if parse_qs(parts.query).get("starttls") == ["1"]:
                smtp.starttls(context=context)
            if parts.username:
                smtp.login(unquote(parts.username), unquote(parts.password or ""))
            smtp.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException):
            smtp.close()
            raise
        self._smtp, self._sent = smtp, 0
        return smtp

    @staticmethod
    def _is_alive(smtp: smtplib.SMTP) -> bool:
        """Ask whether the server still listens, before anything that could be doubled is said."""
        try:
            return smtp.noop()[0] // 100 == 2  # noqa: PLR2004 - the class of good replies
        except (OSError, smtplib.SMTPException):
            return False

    def _tidy(self, reply: Reply) -> None:
        """Make the connection ready for the next mail."""
        self._sent += 1
        if reply.outcome is Outcome.ACCEPTED or self._smtp is None:
            return
        if reply.text.startswith(str(_CLOSING)):
            self._drop()
            return
        try:
            self._smtp.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def close(self) -> None:
        """Say goodbye, where a connection is open."""
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._smtp.close()
            self._smtp = None


def _transact(smtp: smtplib.SMTP, envelope: Envelope) -> Reply:
    """Name sender and recipient, and give the content; stops at the first that is not taken."""
    size = [f"size={len(envelope.content)}"] if smtp.has_extn("size") else []
    reply = _judged(*smtp.mail(envelope.sender, size))
    if reply.outcome is Outcome.ACCEPTED:
        reply = _judged(*smtp.rcpt(envelope.recipient))
    if reply.outcome is Outcome.ACCEPTED:
        reply = _judged(*smtp.data(envelope.content))
    return reply


def _judged(code: int, words: bytes | str) -> Reply:
    """Tell a reply by its class: 2 is yes, 5 is no for good, all else is not now."""
    kinds = {2: Outcome.ACCEPTED, 5: Outcome.REFUSED}
    return Reply(kinds.get(code // 100, Outcome.DEFERRED), _told(code, words))


def _told(code: int, words: bytes | str) -> str:
    """Return a server's reply as one printable line."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    line = " ".join(f"{code} {text}".split())
    return "".join(sign if sign.isprintable() else "?" for sign in line)[:_LONGEST]


def _cause(error: Exception) -> str:
    """Return why there was no answer, as one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:_LONGEST]
