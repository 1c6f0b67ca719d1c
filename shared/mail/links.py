"""The mailed link: a random-looking token that opens one bill until it expires or is revoked.

The token is made anew from key and nonce whenever it is needed, and stored only as a hash
(decision 33). It is never written to a log, an audit row or an event.
"""

import hashlib
import os
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.errors import Refused
from shared.invoices.documents import get_invoice
from shared.models.mail import BillLink
from shared.months import DAY_S
from shared.tokens import make_token

_NONCE: Final = 16
LONGEST_TOKEN: Final = 200


def hash_token(token: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(token[:LONGEST_TOKEN].encode("utf-8", "replace")).digest()


def new_nonce() -> bytes:
    """Return the random part of a link."""
    return os.urandom(_NONCE)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is mailed, and until when it opens its bill."""

    token: str
    expires_at: int


def ensure_link(session: Session, secret: str, invoice_id: int, now: int, days: int) -> Link:
    """Return a bill's link, the same as before where one stands, good for `days` from now."""
    link = session.scalar(
        select(BillLink)
        .where(BillLink.invoice_id == invoice_id, BillLink.revoked_at.is_(None))
        .order_by(BillLink.id.desc())
        .limit(1)
    )
    if link is not None:
        token = _token(secret, link)
        if hash_token(token) == link.token_hash:  # not so where PPA_SECRET_KEY is another by now
            link.expires_at = max(link.expires_at, now + days * DAY_S)
            return Link(token, link.expires_at)
    # The id is part of the token, so the hash can be known only after the row is there.
    link = BillLink(
        invoice_id=invoice_id,
        nonce=new_nonce(),
        token_hash=os.urandom(32),
        created_at=now,
        expires_at=now + days * DAY_S,
    )
    session.add(link)
    session.flush()
    token = _token(secret, link)
    link.token_hash = hash_token(token)
    return Link(token, link.expires_at)


def _token(secret: str, link: BillLink) -> str:
    return make_token(secret, b"bill", link.id, link.nonce)


def find_link(session: Session, token: str, now: int) -> BillLink | None:
    """Return the link of a token; None alike for unknown, garbled, expired and revoked ones."""
    link = session.scalar(select(BillLink).where(BillLink.token_hash == hash_token(token)))
    return link if link is not None and is_open(link, now) else None


def is_open(link: BillLink, now: int) -> bool:
    """Say whether a link still opens its bill."""
    return link.revoked_at is None and now < link.expires_at


def close_links(session: Session, invoice_id: int, now: int) -> int:
    """Revoke every link of a bill; return how many stood."""
    done = session.execute(
        update(BillLink)
        .where(BillLink.invoice_id == invoice_id, BillLink.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def revoke(session: Session, invoice_no: str, now: int, actor: str) -> None:
    """Let a bill's links answer as unknown; the next mail carries a new one; audited.

    Raises NotFound, and Refused where no link stands.
    """
    bill = get_invoice(session, invoice_no)
    if not close_links(session, bill.id, now):
        raise Refused(f"{invoice_no}: no link stands that could be revoked")
    audit.record(session, now, actor, "mail.revoke", invoice_no, {})
