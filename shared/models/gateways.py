"""Gateways, which channels they feed, and how each of their polls ended."""

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key


class Gateway(Base):
    """A device of a site that is asked for registers.

    `profile_text` is the TOML of a profile that does not come with the product. Whoever polls
    holds the lease until `lease_until` (decision 36). `failures` counts slots in a row. Who has
    seen it read rightly on site is `commissioned_by`.
    """

    __tablename__ = "gateway"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    driver: Mapped[str]
    address: Mapped[str]
    unit: Mapped[int] = mapped_column(default=1)
    profile: Mapped[str] = mapped_column(default="")
    profile_text: Mapped[str] = mapped_column(default="")
    secret_sealed: Mapped[bytes | None]
    lease_until: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str] = mapped_column(default="")
    failures: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[int] = mapped_column(default=0)
    last_ok_at: Mapped[int | None]
    commissioned_at: Mapped[int | None]
    commissioned_by: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("site_id", "driver", "address", "unit", "profile"),
        CheckConstraint("driver IN ('modbus', 'sunspec', 'aiseg2', 'echonet')", name="driver"),
    )


class GatewayWord(Base):
    """What a device said of itself when it was last heard.

    `clock_error_s` is by how much its clock was ahead, `sale_sen` the price per kWh sold set in it.
    """

    __tablename__ = "gateway_word"
    gateway_id: Mapped[int] = mapped_column(
        ForeignKey("gateway.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[int]
    clock_error_s: Mapped[int | None]
    firmware: Mapped[str] = mapped_column(default="")
    sale_sen: Mapped[int | None]


class Feed(Base):
    """The one gateway that a channel is read from; a blank `metrology` is for the device to say."""

    __tablename__ = "feed"
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    gateway_id: Mapped[int] = mapped_column(ForeignKey("gateway.id"), index=True)
    source: Mapped[str] = mapped_column(default="")
    metrology: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        CheckConstraint(
            "metrology IN ('', 'certified', 'special', 'ct', 'inverter')", name="metrology"
        ),
    )


class Poll(Base):
    """How a gateway's poll of a slot (its start) went; a slot without a row is still due.

    `settled` is 1 once nothing more is tried in the slot.
    """

    __tablename__ = "poll"
    gateway_id: Mapped[int] = mapped_column(
        ForeignKey("gateway.id", ondelete="CASCADE"), primary_key=True
    )
    slot: Mapped[int] = mapped_column(primary_key=True, index=True)
    tries: Mapped[int]
    tried_at: Mapped[int]
    settled: Mapped[int]
    outcome: Mapped[str]
    error: Mapped[str] = mapped_column(default="")
    __table_args__ = ({"sqlite_with_rowid": False},)
