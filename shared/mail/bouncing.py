"""A mail that came back after it was accepted: what its delivery report says (RFC 3464)."""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from typing import Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.errors import InputRefused, NotFound
from shared.models.invoices import Invoice
from shared.models.mail import MailEvent, Outbox

LARGEST: Final = 10_000_000
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report says of one mail: `action` is `failed`, `delayed`, `delivered` or the like."""

    message_id: str
    recipient: str
    action: str
    told: str


def parse_report(content: bytes) -> Bounce:
    """Return what a delivery report says; raises InputRefused for anything else."""
    if len(content) > LARGEST:
        raise InputRefused(f"the report is larger than {LARGEST} bytes")
    report = message_from_bytes(content, policy=default)
    if report.get_content_type() != "multipart/report":
        raise InputRefused("this is no delivery report: its type is not multipart/report")
    fields = _fields(report)
    message_id = _original_id(report)
    if not fields.get("action") or not message_id:
        raise InputRefused("the delivery report names no action, or not the mail that it is about")
    return Bounce(message_id, fields.get("final-recipient", ""), fields["action"], _told(fields))


def _fields(report: EmailMessage) -> dict[str, str]:
    """Return the fields about the recipient, in lower case, the part after `type;` alone."""
    fields: dict[str, str] = {}
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status":
            for block in cast("list[Message]", part.get_payload()):
                fields |= {
                    name.lower(): " ".join(str(text).split()) for name, text in block.items()
                }
    named = ("final-recipient", "diagnostic-code")
    cut = {name: fields[name].partition(";")[2].strip() for name in named if name in fields}
    return fields | cut | {"action": fields.get("action", "").lower()}


def _original_id(report: EmailMessage) -> str:
    """Return the Message-ID of the mail that came back, of its whole text or its headers."""
    for part in report.walk():
        if part.get_content_type() == "message/rfc822":
            (original,) = cast("list[Message]", part.get_payload())
            return str(original.get("Message-ID", "")).strip()
        if part.get_content_type() == "text/rfc822-headers":
            told = cast("bytes", part.get_payload(decode=True) or b"")
            headers = message_from_bytes(told, policy=default)
            return str(headers.get("Message-ID", "")).strip()
    return ""


def _told(fields: dict[str, str]) -> str:
    """Return what the far server said; it begins with a code where one was given."""
    told = fields.get("diagnostic-code") or fields.get("status", "")
    return "".join(sign if sign.isprintable() else "?" for sign in told)[:_LONGEST]


def keep_bounce(session: Session, bounce: Bounce, now: int, actor: str) -> str:
    """Keep a report with its mail, which is refused where delivery failed.

    Returns the bill's number; raises NotFound for a mail that is none of ours.
    """
    query = select(Outbox).where(Outbox.message_id == bounce.message_id).with_for_update()
    mail = session.scalar(query)
    if mail is None:
        raise NotFound(f"no mail of ours has the Message-ID {bounce.message_id[:100]!r}")
    said = bounce.told if mail.recipient else ""  # what it says of an erased person is not kept
    session.add(
        MailEvent(
            outbox_id=mail.id, at=now, kind=f"bounce {bounce.action}", detail=said, actor=actor
        )
    )
    is_ours = bounce.recipient.lower() in ("", mail.recipient.lower())  # not of an address before
    if bounce.action == "failed" and is_ours and mail.state == "accepted":
        mail.state, mail.reply, mail.next_at = "refused", bounce.told, None
    number = ""
    if mail.invoice_id is not None:
        number = session.get_one(Invoice, mail.invoice_id).invoice_no
    told = {"action": bounce.action, "reply": said}
    audit.record(session, now, actor, "mail.bounced", number or mail.key, told)
    return number or mail.key
