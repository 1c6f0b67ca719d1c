"""What stands at a customer's house: meters with their newest register, and gateways."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.models.gateways import Feed, Gateway
from shared.models.telemetry import Channel, ChannelSpan, MeterEvent

QUANTITIES = ("pv", "export", "import", "battery_charge", "battery_discharge")


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter: since when and with which register, and what was read of it last.

    `is_there` is false for one that was replaced. Registers are in Wh.
    """

    quantity: str
    serial: str
    at: int | None
    installed_wh: int | None
    certified_until: date | None
    is_there: bool
    last_at: int | None
    last_wh: int | None


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """A gateway and what it is read for; its address is for administrators only."""

    driver: str
    profile: str
    quantities: tuple[str, ...]
    last_ok_at: int | None
    failures: int


def find_meters(session: Session, site_id: int) -> list[MeterRow]:
    """Return the meters of a site, those that are there first, in the order of QUANTITIES."""
    channels = session.scalars(select(Channel).where(Channel.site_id == site_id)).all()
    ids = [channel.id for channel in channels]
    spans = {
        span.channel_id: span
        for span in session.scalars(select(ChannelSpan).where(ChannelSpan.channel_id.in_(ids)))
    }
    events: dict[int, dict[int, MeterEvent]] = {}
    query = select(MeterEvent).where(MeterEvent.channel_id.in_(ids)).order_by(MeterEvent.id)
    for event in session.scalars(query):
        events.setdefault(event.channel_id, {})[event.at] = event
    rows = [
        row
        for channel in channels
        for row in _meters(channel, events.get(channel.id, {}), spans.get(channel.id))
    ]
    return sorted(rows, key=lambda row: (not row.is_there, QUANTITIES.index(row.quantity)))


def _meters(
    channel: Channel, events: dict[int, MeterEvent], span: ChannelSpan | None
) -> list[MeterRow]:
    """Return a channel's meters, the newest first; without any record one without a number."""
    last = (span.last_at, span.last_wh) if span else (None, None)
    found = [events[at] for at in sorted(events, reverse=True)]
    if not found:
        return [MeterRow(channel.quantity, "", None, None, None, True, *last)]
    return [
        MeterRow(
            channel.quantity, one.serial, one.at, one.installed_wh, one.certified_until,
            place == 0, *(last if place == 0 else (None, None)),
        )
        for place, one in enumerate(found)
    ]  # fmt: skip


def find_gateways(session: Session, site_id: int) -> list[GatewayRow]:
    """Return the gateways of a site and the channels that each is read for."""
    gateways = session.scalars(
        select(Gateway).where(Gateway.site_id == site_id).order_by(Gateway.id)
    ).all()
    feeds: dict[int, list[str]] = {}
    for gateway_id, quantity in session.execute(
        select(Feed.gateway_id, Channel.quantity)
        .join(Channel, Channel.id == Feed.channel_id)
        .where(Feed.gateway_id.in_([one.id for one in gateways]))
    ):
        feeds.setdefault(gateway_id, []).append(quantity)
    return [
        GatewayRow(
            one.driver,
            one.profile,
            tuple(sorted(feeds.get(one.id, ()), key=QUANTITIES.index)),
            one.last_ok_at,
            one.failures,
        )
        for one in gateways
    ]
