"""Who lives where, and under which dated terms."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key
from shared.models.documents import ERASED


class Site(Base):
    """A roof with its meters; it stays when its people move (domain.md D25).

    `panel_w` is what the panels can give, `pcs_w` what the power conditioner `pcs` passes on.
    """

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    battery: Mapped[str] = mapped_column(default="none")
    panel_w: Mapped[int | None]
    pcs: Mapped[str] = mapped_column(default="", server_default="")
    pcs_w: Mapped[int | None]
    __table_args__ = (
        CheckConstraint("battery IN ('none', 'no_export', 'may_export')", name="battery"),
    )


class Customer(Base):
    """A homeowner as the operator knows them; `version` guards two people editing at once.

    `left_on` is the last day of one who moved out or cancelled; who is `disabled_at` some instant
    comes in no more (decision 30). Of who is `erased_at` some instant nothing personal is left but
    name and address, and those only while a bill has to be kept.
    """

    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    customer_no: Mapped[str] = mapped_column(unique=True)
    serial: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    kana: Mapped[str] = mapped_column(default="")
    search_text: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    postal_code: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    code_index: Mapped[bytes] = mapped_column(unique=True)
    code_sealed: Mapped[bytes]
    version: Mapped[int] = mapped_column(default=1)
    registered_at: Mapped[int]
    updated_at: Mapped[int]
    archived_at: Mapped[int | None]
    left_on: Mapped[date | None]
    disabled_at: Mapped[int | None]
    erased_at: Mapped[int | None]

    @property
    def is_named(self) -> bool:
        """Say whether the row still tells whose it is."""
        return self.name != ERASED

    __table_args__ = (
        Index(
            "ix_customer_erased_at",
            "erased_at",
            sqlite_where=text("erased_at IS NOT NULL"),
            postgresql_where=text("erased_at IS NOT NULL"),
        ),
    )


class Occupancy(Base):
    """A customer's days at a site; a blank end is open, `to_day` is the last day."""

    __tablename__ = "occupancy"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    from_day: Mapped[date | None]
    to_day: Mapped[date | None]


class Term(Base):
    """One fact of a contract, valid from a day, known since an instant (decision 25).

    `kind` is `contract` (start_day, end_day; both blank where unset), or `base_fee` (yen),
    `use_price` or `export_price` (sen) with the figure in `figure`, blank where unset.
    """

    __tablename__ = "term"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    kind: Mapped[str]
    valid_from: Mapped[date]
    figure: Mapped[int | None]
    start_day: Mapped[date | None]
    end_day: Mapped[date | None]
    recorded_at: Mapped[int]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[int | None]
    __table_args__ = (
        CheckConstraint(
            "kind IN ('contract', 'base_fee', 'use_price', 'export_price')", name="kind"
        ),
        Index("ix_term_customer_id_kind", "customer_id", "kind", "valid_from"),
    )


class CustomerNote(Base):
    """What a person of the office noted about a customer, for a day."""

    __tablename__ = "customer_note"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    day: Mapped[date]
    body: Mapped[str]
    written_at: Mapped[int]
    written_by: Mapped[str]
