"""That a bill was paid, and that it was not after all."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key


class Payment(Base):
    """One word on whether a bill is paid; of a bill's rows the newest counts; append-only.

    `external_id` names the payment in the bank's or collector's books; `reason` tells why a
    payment was taken back.
    """

    __tablename__ = "payment"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    kind: Mapped[str]
    paid_on: Mapped[date]
    amount_yen: Mapped[int]
    external_id: Mapped[str] = mapped_column(default="", index=True)
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[int]
    actor: Mapped[str]
    __table_args__ = (CheckConstraint("kind IN ('paid', 'taken_back')", name="kind"),)
