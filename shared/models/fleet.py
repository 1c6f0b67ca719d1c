"""What watching the fleet keeps: the octets on the air, and what people ask of a device."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key


class GatewayTraffic(Base):
    """Octets of our own questions and answers in a calendar month, for the 4G budget."""

    __tablename__ = "gateway_traffic"
    gateway_id: Mapped[int] = mapped_column(
        ForeignKey("gateway.id", ondelete="CASCADE"), primary_key=True
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    octets: Mapped[int]
    asks: Mapped[int]


class GatewayRequest(Base):
    """Something that a person, or the program itself, asks of one device soon.

    `read` decodes and stores nothing, `poll` stores, `backfill` fetches the days from `first_day`
    to `last_day`. `result` is JSON. Who works on it holds it until `claimed_until`.
    """

    __tablename__ = "gateway_request"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    gateway_id: Mapped[int] = mapped_column(ForeignKey("gateway.id", ondelete="CASCADE"))
    kind: Mapped[str]
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    asked_at: Mapped[int]
    asked_by: Mapped[str]
    claimed_until: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=1)
    done: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[int | None] = mapped_column(index=True)
    result: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        CheckConstraint("kind IN ('read', 'poll', 'backfill')", name="kind"),
        Index("ix_gateway_request_gateway_id", "gateway_id", "id"),
    )
