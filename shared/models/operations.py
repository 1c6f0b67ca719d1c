"""Settings, messages to homeowners, the audit trail, and leases of what only one may have."""

from datetime import date

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key


class Setting(Base):
    """A setting's text from a day on, known since an instant; append-only (decision 25)."""

    __tablename__ = "setting"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str]
    text: Mapped[str]
    valid_from: Mapped[date]
    recorded_at: Mapped[int]
    recorded_by: Mapped[str]
    __table_args__ = (Index("ix_setting_key_valid_from", "key", "valid_from"),)


class Audit(Base):
    """Who did what to which thing, when; `detail` is JSON; append-only.

    Of some actions the detail tells a person's data: it may be erased, once.
    """

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[int] = mapped_column(index=True)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")
    erased_at: Mapped[int | None]
    __table_args__ = (Index("ix_audit_subject", "subject", "id"),)


class Message(Base):
    """What the operator tells homeowners on their pages, in one language or both.

    Without `customer_id` it is for all; shown from `from_day` to `until_day`, both inclusive,
    until it is withdrawn.
    """

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    title: Mapped[str]
    body: Mapped[str]
    title_en: Mapped[str] = mapped_column(default="")
    body_en: Mapped[str] = mapped_column(default="")
    from_day: Mapped[date]
    until_day: Mapped[date | None]
    created_at: Mapped[int]
    created_by: Mapped[str]
    withdrawn_at: Mapped[int | None]


class Lease(Base):
    """What one process at a time may have, and whose it is until an instant."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[int]
    owner: Mapped[str]
    __table_args__ = ({"sqlite_with_rowid": False},)
