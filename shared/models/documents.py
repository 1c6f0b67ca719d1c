"""What documents are made of beside the figures: kept at issue, and never changed afterwards."""

from datetime import date
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key

ERASED: Final = "(消去済み)"
"""What stands where the name of a person stood who was erased."""


class Logo(Base):
    """The operator's sign, PNG or SVG, as it was given; the newest counts; append-only.

    Empty content says that there is none any more.
    """

    __tablename__ = "logo"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    content: Mapped[bytes]
    recorded_at: Mapped[int]
    recorded_by: Mapped[str]


class InvoicePaper(Base):
    """The settings that a bill's document prints, as they were at issue; append-only."""

    __tablename__ = "invoice_paper"
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    operator_name: Mapped[str]
    operator_postal_code: Mapped[str]
    operator_address: Mapped[str]
    operator_tel: Mapped[str]
    operator_email: Mapped[str]
    t_number: Mapped[str | None]
    tax_rate: Mapped[int]
    tax_rounding: Mapped[str]
    payment_text: Mapped[str]
    due_on: Mapped[date | None]
    logo_id: Mapped[int | None] = mapped_column(ForeignKey("logo.id"))


class InvoicePerson(Base):
    """Whom a bill was issued to, apart from the figures; it may be erased once and else never."""

    __tablename__ = "invoice_person"
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    name: Mapped[str]
    postal_code: Mapped[str]
    address: Mapped[str]
    erased_at: Mapped[int | None]


class InvoiceDocument(Base):
    """The bytes of one face of a bill's document, as first rendered; named by their SHA-256.

    They may be erased once, and else never change.
    """

    __tablename__ = "invoice_document"
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    face: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    content: Mapped[bytes]
    rendered_at: Mapped[int]
    erased_at: Mapped[int | None]
    __table_args__ = (CheckConstraint("face IN ('issued', 'void', 'replaced')", name="face"),)


class DocumentRequest(Base):
    """A month whose documents somebody wants ready; how far it is, the kept documents tell.

    Whoever works on it says so by `lease_until`; `error` names bills that have no document.
    """

    __tablename__ = "document_request"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    month: Mapped[date]
    actor: Mapped[str]
    requested_at: Mapped[int]
    lease_until: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[int | None]
    error: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        Index(
            "uq_document_request_month",
            "month",
            unique=True,
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )
