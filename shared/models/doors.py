"""Who may come in: operators, signed-in sessions, and failures that slow a guesser down."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key


class Operator(Base):
    """A person of the back office; `password_hash` is argon2id, mails are kept in lower case.

    The hash is blank until an invited person has chosen a password. `totp_sealed` is the secret of
    the second step, `totp_step` the newest step that was used, so that none is used twice.
    """

    __tablename__ = "operator"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[int]
    disabled_at: Mapped[int | None]
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int] = mapped_column(default=0, server_default="0")
    __table_args__ = (CheckConstraint("role IN ('viewer', 'billing', 'admin')", name="role"),)


class WebSession(Base):
    """A signed-in browser, known by the SHA-256 of its id only; deleting the row signs it out.

    With `bill_link_id` a mailed link opened it, and it reads that link's bill alone.
    """

    __tablename__ = "session"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    id_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"), index=True)
    bill_link_id: Mapped[int | None] = mapped_column(ForeignKey("bill_link.id"))
    created_at: Mapped[int]
    seen_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
    address: Mapped[str]
    __table_args__ = (
        CheckConstraint(text("(customer_id IS NULL) <> (operator_id IS NULL)"), name="principal"),
    )


class Throttle(Base):
    """One failed login at a door from an address (IPv6: its /64); pruned after an hour."""

    __tablename__ = "throttle"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    door: Mapped[str]
    address: Mapped[str]
    at: Mapped[int] = mapped_column(index=True)
    __table_args__ = (Index("ix_throttle_address_door_at", "address", "door", "at"),)


class OperatorLink(Base):
    """A link with which an operator chooses a password once, known by its SHA-256 only."""

    __tablename__ = "operator_link"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[int]
    expires_at: Mapped[int]
    used_at: Mapped[int | None]
