"""Readings as they came, and what is derived from them."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key


class Channel(Base):
    """One quantity of a site, of registers or of finished-day values (decisions 2 and 3).

    `modulus_wh` is where its register wraps, as the device told; null where it never did.
    """

    __tablename__ = "channel"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    quantity: Mapped[str]
    kind: Mapped[str] = mapped_column(default="register")
    metrology: Mapped[str] = mapped_column(default="certified")
    unit_wh: Mapped[int] = mapped_column(default=1)
    modulus_wh: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("site_id", "quantity"),
        CheckConstraint("kind IN ('register', 'days')", name="kind"),
        CheckConstraint(
            "quantity IN ('pv', 'export', 'import', 'battery_charge', 'battery_discharge')",
            name="quantity",
        ),
    )


class MeterEvent(Base):
    """A meter put in (and, where `removed_wh` is known, another taken out); append-only.

    The newest record of an instant counts. `certified_until` is the first day of the last month,
    `reference` where the photo of its register and seal is kept.
    """

    __tablename__ = "meter_event"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), index=True)
    at: Mapped[int]
    serial: Mapped[str]
    installed_wh: Mapped[int]
    removed_wh: Mapped[int | None]
    digits: Mapped[int | None]
    certified_until: Mapped[date | None]
    reference: Mapped[str | None]
    recorded_at: Mapped[int]
    recorded_by: Mapped[str]


class Reading(Base):
    """A raw register at an instant; append-only, every differing value is kept (decision 2)."""

    __tablename__ = "reading"
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    at: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    wh: Mapped[int] = mapped_column(primary_key=True)
    received_at: Mapped[int]
    __table_args__ = ({"sqlite_with_rowid": False},)


class ManualRegister(Base):
    """A register typed by a person, with the reason; the newest of an instant counts."""

    __tablename__ = "manual_register"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), index=True)
    at: Mapped[int]
    wh: Mapped[int]
    reason: Mapped[str]
    recorded_at: Mapped[int]
    recorded_by: Mapped[str]


class DayValue(Base):
    """A finished day's energy as a source of day values told it; append-only (decision 3)."""

    __tablename__ = "day_value"
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    wh: Mapped[int] = mapped_column(primary_key=True)
    hours: Mapped[int] = mapped_column(SmallInteger)
    received_at: Mapped[int]
    __table_args__ = ({"sqlite_with_rowid": False},)


class EnergyInterval(Base):
    """What a channel counted from `at` on for `minutes`, for charts; it bills nothing.

    The newest answer of a device replaces an earlier one, so that a second look mends the first.
    """

    __tablename__ = "energy_interval"
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    at: Mapped[int] = mapped_column(primary_key=True)
    minutes: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    wh: Mapped[int]
    source: Mapped[int] = mapped_column(SmallInteger)
    received_at: Mapped[int]
    __table_args__ = (
        CheckConstraint("minutes IN (30, 60)", name="minutes"),
        {"sqlite_with_rowid": False},
    )


class SetAside(Base):
    """A reading that bills nothing, and why (decision 5); derived."""

    __tablename__ = "set_aside"
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    at: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    wh: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str]
    __table_args__ = ({"sqlite_with_rowid": False},)


class Boundary(Base):
    """The register that stands for a day's 00:00 JST and how it was had (decision 4); derived.

    `ledger_wh` is the channel's energy since its first reading, taken down to 10 Wh at every
    meter; a day's energy is the difference of two. `until_at` is the last reading it rests on.
    """

    __tablename__ = "boundary"
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    wh: Mapped[int]
    ledger_wh: Mapped[int]
    meter_at: Mapped[int]
    how: Mapped[str]
    read_at: Mapped[int]
    until_at: Mapped[int]
    doubts: Mapped[str] = mapped_column(default="")
    __table_args__ = ({"sqlite_with_rowid": False},)


class ChannelSpan(Base):
    """A channel's first and newest good register, and doubts after the newest; derived."""

    __tablename__ = "channel_span"
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    first_at: Mapped[int]
    first_wh: Mapped[int]
    last_at: Mapped[int]
    last_wh: Mapped[int]
    newest_at: Mapped[int]
    doubts: Mapped[str] = mapped_column(default="")


class MeterClose(Base):
    """The last register of the meter that a meter event replaced; derived."""

    __tablename__ = "meter_close"
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    at: Mapped[int] = mapped_column(primary_key=True)
    wh: Mapped[int]
    read_at: Mapped[int]
    ledger_wh: Mapped[int]
    __table_args__ = ({"sqlite_with_rowid": False},)


class Checkpoint(Base):
    """Where the judging of a site's readings stood as a calendar month began; derived."""

    __tablename__ = "checkpoint"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str]


class StaleSite(Base):
    """A site whose derived rows no longer tell the truth from an instant on."""

    __tablename__ = "stale_site"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    since_at: Mapped[int]
