"""A mail as text and as HTML, made of the same lines; nothing in it but one link.

The HTML keeps to elements and attributes that every mail program shows, and has no style of its
own: what the clerk looks at before sending is exactly what is sent.
"""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from html import escape
from typing import Final

from shared.errors import ValueRefused
from shared.mail.addresses import require_address

ACCENT: Final = "#35408f"
ON_ACCENT: Final = "#ffffff"
"""Of the one link, its underline too: it stands on the button."""
PAPER: Final = "#f4f6f5"


@dataclass(frozen=True, slots=True)
class Button:
    """The one link of a mail, and what stands on it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says: greeting, paragraphs, facts as rows, the one button, what follows it."""

    subject: str
    greeting: str
    opening: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    button: Button | None = None
    closing: tuple[str, ...] = ()
    signature: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text part; the link stands alone on its line."""
        width = max((len(name) for name, _ in self.facts), default=0)
        blocks = [self.greeting, "\n".join(self.opening)] if self.greeting else [*self.opening]
        if self.facts:
            pad = "\u3000"
            blocks.append(
                "\n".join(f"{name.ljust(width, pad)}{pad}{told}" for name, told in self.facts)
            )
        if self.button:
            blocks.append(f"{self.button.label}:\n{self.button.url}")
        blocks += self.closing
        blocks.append("\n".join(["-" * 40, *self.signature]))
        return "\n\n".join(blocks) + "\n"

    def html(self) -> str:
        """Return the HTML part, a whole document."""
        rows = "".join(
            f'<tr><th scope="row" align="left">{escape(name)}</th>'
            f'<td align="left">{escape(told)}</td></tr>\n'
            for name, told in self.facts
        )
        table = f'<table cellpadding="8" border="0">\n{rows}</table>\n' if rows else ""
        opening = "".join(f"<p>{escape(line)}</p>\n" for line in self.opening)
        closing = "".join(f"<p>{escape(line)}</p>\n" for line in self.closing)
        signature = "<br>\n".join(escape(line) for line in self.signature)
        return (
            '<!doctype html>\n<html lang="ja">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.subject)}</title>\n</head>\n"
            f'<body bgcolor="{PAPER}" text="#14201b" link="{ON_ACCENT}" vlink="{ON_ACCENT}">\n'
            f"<main>\n<h1>{escape(self.subject)}</h1>\n"
            f"<p>{escape(self.greeting)}</p>\n{opening}{table}{self._button()}{closing}"
            f"<hr>\n<p>{signature}</p>\n</main>\n</body>\n</html>\n"
        )

    def _button(self) -> str:
        if self.button is None:
            return ""
        return (
            '<table cellpadding="14" border="0"><tr>'
            f'<th scope="row" bgcolor="{ACCENT}"><a href="{escape(self.button.url)}">'
            f'<font color="{ON_ACCENT}" size="4">{escape(self.button.label)}</font></a></th>'
            "</tr></table>\n"
        )


@dataclass(frozen=True, slots=True)
class Headers:
    """Who sends a letter, to whom, when, and under which stable Message-ID."""

    sender: str
    sender_name: str
    reply_to: str
    recipient: str
    message_id: str
    at: int


def compose(letter: Letter, headers: Headers) -> bytes:
    """Return a mail to one recipient as bytes; raises ValueRefused for a header with a line break.

    No address and no text of a person can add a header or a recipient (security.md T24).
    """
    message = EmailMessage(policy=SMTP)
    try:
        message["Subject"] = letter.subject
        message["From"] = Address(headers.sender_name, addr_spec=require_address(headers.sender))
        message["To"] = Address(addr_spec=require_address(headers.recipient))
        if headers.reply_to:
            message["Reply-To"] = Address(addr_spec=require_address(headers.reply_to))
        message["Date"] = formatdate(headers.at, usegmt=True)
        message["Message-ID"] = headers.message_id
        message["Content-Language"] = "ja"
        message["Auto-Submitted"] = "auto-generated"
    except ValueError as error:
        raise ValueRefused(f"a header holds a line break or is no address ({error})") from error
    message.set_content(letter.text(), cte="quoted-printable")
    message.add_alternative(letter.html(), subtype="html", cte="base64")
    return message.as_bytes()
