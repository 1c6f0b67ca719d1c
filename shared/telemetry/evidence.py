"""The readings and finished days under a bill: what was told, from where, when it arrived."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.energy.quantities import Source
from shared.models import telemetry
from shared.months import Period, instant
from shared.telemetry.intervals import HOURS


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reading as it came; `reason` is why a person typed it, `aside` why it bills nothing."""

    at: int
    wh: int
    source: str
    received_at: int
    reason: str = ""
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A register of a channel: when it was read, and what it showed."""

    quantity: str
    at: int
    wh: int


def find_evidence(
    session: Session, site_id: int, registers: Iterable[Asked]
) -> dict[Asked, list[Evidence]]:
    """Return for each register the readings that it is, or lies between.

    A register on a line between two readings has those two.
    """
    ids = {
        row.quantity: row.id
        for row in session.execute(
            select(telemetry.Channel.id, telemetry.Channel.quantity).where(
                telemetry.Channel.site_id == site_id
            )
        )
    }
    return {
        asked: _of(session, ids[asked.quantity], asked) if asked.quantity in ids else []
        for asked in registers
    }


def find_day_evidence(
    session: Session, site_id: int, quantity: str, period: Period
) -> list[Evidence]:
    """Return a channel's finished days of a period as its device told them; `at` is their start."""
    channel, table = telemetry.Channel, telemetry.DayValue
    rows = session.scalars(
        select(table)
        .join(channel, channel.id == table.channel_id)
        .where(
            channel.site_id == site_id,
            channel.quantity == quantity,
            table.day >= period.start,
            table.day < period.end,
            table.hours == HOURS,
        )
        .order_by(table.day, table.received_at, table.source, table.wh)
    )
    return [
        Evidence(instant(row.day), row.wh, Source(row.source).name.lower(), row.received_at)
        for row in rows
    ]


def _of(session: Session, channel_id: int, asked: Asked) -> list[Evidence]:
    same = [
        *_typed(session, channel_id, asked),
        *_read(session, channel_id, asked),
        *_at_meter(session, channel_id, asked),
    ]
    if same:
        return same
    return [
        one
        for is_before in (True, False)
        if (one := _neighbour(session, channel_id, asked, is_before=is_before)) is not None
    ]


def _typed(session: Session, channel_id: int, asked: Asked) -> list[Evidence]:
    """Return the newest register that a person typed for the instant, where it is the one."""
    table = telemetry.ManualRegister
    row = session.scalars(
        select(table)
        .where(table.channel_id == channel_id, table.at == asked.at)
        .order_by(table.id.desc())
        .limit(1)
    ).first()
    if row is None or row.wh != asked.wh:
        return []
    return [Evidence(row.at, row.wh, Source.MANUAL.name.lower(), row.recorded_at, row.reason)]


def _read(session: Session, channel_id: int, asked: Asked) -> list[Evidence]:
    table = telemetry.Reading
    rows = session.scalars(
        select(table)
        .where(table.channel_id == channel_id, table.at == asked.at, table.wh == asked.wh)
        .order_by(table.received_at, table.source)
    )
    return [_evidence(row) for row in rows]


def _at_meter(session: Session, channel_id: int, asked: Asked) -> list[Evidence]:
    """Return the record of a meter put in or taken out that gave the register."""
    table = telemetry.MeterEvent
    rows = session.scalars(
        select(table).where(table.channel_id == channel_id, table.at == asked.at)
    )
    return [
        Evidence(row.at, asked.wh, Source.METER.name.lower(), row.recorded_at)
        for row in rows
        if asked.wh in (row.installed_wh, row.removed_wh)
    ]


def _neighbour(
    session: Session, channel_id: int, asked: Asked, *, is_before: bool
) -> Evidence | None:
    """Return the nearest reading on one side that was not set aside."""
    table, aside = telemetry.Reading, telemetry.SetAside
    refused = (
        select(aside.at)
        .where(
            aside.channel_id == channel_id,
            aside.at == table.at,
            aside.source == table.source,
            aside.wh == table.wh,
        )
        .exists()
    )
    side = table.at < asked.at if is_before else table.at > asked.at
    order = table.at.desc() if is_before else table.at
    row = session.scalars(
        select(table).where(table.channel_id == channel_id, side, ~refused).order_by(order).limit(1)
    ).first()
    return _evidence(row) if row else None


def _evidence(row: telemetry.Reading) -> Evidence:
    return Evidence(row.at, row.wh, Source(row.source).name.lower(), row.received_at)
