"""Mails that wait, went or were refused; the links in them."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key


class Outbox(Base):
    """One mail to one recipient, written in the transaction of what it tells (decision 34).

    `kind` says what it tells; `key` names it once, so that each issued bill has exactly one. Its
    words are made when it is sent. `next_at` is when it is tried next; `reply` begins with the
    server's code, `reason` says why it is held. `claim` names who is sending it since `claimed_at`.
    """

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    recipient: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    reply: Mapped[str] = mapped_column(default="")
    queued_at: Mapped[int]
    next_at: Mapped[int | None]
    tried_at: Mapped[int | None]
    message_id: Mapped[str | None]
    claim: Mapped[str] = mapped_column(default="")
    claimed_at: Mapped[int | None]
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'refused', 'held')", name="state"
        ),
        Index("ix_outbox_state", "state", "next_at"),
    )


class MailEvent(Base):
    """What happened to a mail: queued, tried, accepted, refused, sent again; append-only.

    What a server said names addresses: it may be erased, once.
    """

    __tablename__ = "mail_event"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), index=True)
    at: Mapped[int] = mapped_column(index=True)
    kind: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")
    actor: Mapped[str] = mapped_column(default="")
    erased_at: Mapped[int | None]


class BillLink(Base):
    """A link that opens one bill until it expires or is revoked (security.md T6).

    The token is HMAC(key, link id ‖ nonce): only its SHA-256 is stored, and yet the same mail can
    be sent again (decision 33).
    """

    __tablename__ = "bill_link"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[int]
    expires_at: Mapped[int]
    revoked_at: Mapped[int | None]
