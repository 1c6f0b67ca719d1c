"""The meter book: which meter counts which channel, and until when its certificate stands (N11)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from shared import audit
from shared.energy.quantities import Quantity
from shared.errors import NotFound, Refused
from shared.fleet.homes import lived_in
from shared.models import customers
from shared.models.gateways import Feed, Gateway
from shared.models.telemetry import Channel, MeterEvent
from shared.months import Month, month_of
from shared.search import folded

ALARMS: Final = ("expired", "1", "3", "6", "12", "unknown")
"""How many months a certificate still stands at most, the nearest first (domain.md 2.4)."""
VERIFIED: Final = ("certified", "special")
"""What a meter must be for its certificate to count."""
BILLED: Final = (Quantity.PV.value, Quantity.EXPORT.value)


@dataclass(frozen=True, slots=True)
class BookRow:
    """One channel with the meter in place; blank where none is on record.

    `alarm` is one of ALARMS, or blank; a channel that bills nothing never alarms.
    """

    customer_no: str
    name: str
    site_id: int
    channel_id: int
    quantity: str
    kind: str
    metrology: str
    driver: str
    serial: str
    installed_at: int | None
    certified_until: date | None
    reference: str
    alarm: str


def find_book(session: Session, today: date, q: str = "") -> list[BookRow]:
    """Return the channels of the homes that people live in, what alarms first."""
    customer, occupancy, event = customers.Customer, customers.Occupancy, MeterEvent
    wanted = (
        select(Channel, customer.customer_no, customer.name, event, Gateway.driver)
        .join(occupancy, occupancy.site_id == Channel.site_id)
        .join(customer, customer.id == occupancy.customer_id)
        .outerjoin(event, _is_in_place())
        .outerjoin(Feed, Feed.channel_id == Channel.id)
        .outerjoin(Gateway, Gateway.id == Feed.gateway_id)
        .where(lived_in(today))
    )
    if q:
        wanted = wanted.where(
            or_(
                customer.search_text.contains(folded(q), autoescape=True),
                event.serial.contains(q, autoescape=True),
            )
        )
    rows = [_row(found, today) for found in session.execute(wanted)]
    order = [quantity.value for quantity in Quantity]
    return sorted(rows, key=lambda r: (_rank(r.alarm), r.customer_no, order.index(r.quantity)))


def _is_in_place() -> ColumnElement[bool]:
    """Return the condition that a meter is the newest of a query's channel."""
    other = aliased(MeterEvent)
    newest = (
        select(other.id)
        .where(other.channel_id == Channel.id)
        .order_by(other.at.desc(), other.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return MeterEvent.id == newest


def find_ending(session: Session, today: date) -> list[date]:
    """Return the ends of the certificates in use that alarm, the first one first.

    Of the meters that bill, in the homes that people live in; an end is written as in `alarm_of`.
    """
    customer, occupancy = customers.Customer, customers.Occupancy
    ends = session.scalars(
        select(MeterEvent.certified_until)
        .join(Channel, Channel.id == MeterEvent.channel_id)
        .join(occupancy, occupancy.site_id == Channel.site_id)
        .join(customer, customer.id == occupancy.customer_id)
        .where(
            _is_in_place(),
            lived_in(today),
            Channel.quantity.in_(BILLED),
            Channel.metrology.in_(VERIFIED),
            MeterEvent.certified_until.is_not(None),
        )
    )
    return sorted(until for until in ends if until is not None and alarm_of(until, today))


def _row(found: Any, today: date) -> BookRow:  # noqa: ANN401 - a row of the query above
    channel, meter = found.Channel, found.MeterEvent
    until = meter.certified_until if meter else None
    bills = channel.quantity in BILLED and channel.metrology in VERIFIED
    return BookRow(
        found.customer_no, found.name, channel.site_id, channel.id, channel.quantity,
        channel.kind, channel.metrology, found.driver or "", meter.serial if meter else "",
        meter.at if meter else None, until, (meter.reference or "") if meter else "",
        alarm_of(until, today) if bills else "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChannelMeters:
    """One channel of a site and every meter on record, the newest first; no id where none is."""

    channel_id: int | None
    metrology: str
    events: tuple[MeterEvent, ...]


def find_meters_of(session: Session, site_id: int, quantity: Quantity) -> ChannelMeters:
    """Return a channel's meters; of one instant the newest record counts and is the one told."""
    channel = session.scalars(
        select(Channel).where(Channel.site_id == site_id, Channel.quantity == quantity.value)
    ).one_or_none()
    if channel is None:
        return ChannelMeters(None, "", ())
    rows = session.scalars(
        select(MeterEvent)
        .where(MeterEvent.channel_id == channel.id)
        .order_by(MeterEvent.at, MeterEvent.id)
    )
    newest = {row.at: row for row in rows}
    return ChannelMeters(channel.id, channel.metrology, tuple(reversed(newest.values())))


def alarm_of(until: date | None, today: date) -> str:
    """Return how near a certificate's end is: `expired`, at most 1, 3, 6 or 12 months, or blank.

    It stands to the last day of the month that begins on `until` (domain.md 2.4).
    """
    if until is None:
        return "unknown"
    left = _months(month_of(until)) - _months(Month(today.year, today.month))
    if left < 0:
        return "expired"
    return next((str(most) for most in (1, 3, 6, 12) if left <= most), "")


def _months(month: Month) -> int:
    return month.year * 12 + month.month


def _rank(alarm: str) -> int:
    return ALARMS.index(alarm) if alarm else len(ALARMS)


def count_alarms(rows: Iterable[BookRow]) -> dict[str, int]:
    """Return how many channels alarm, by alarm."""
    counts = dict.fromkeys(ALARMS, 0)
    for row in rows:
        if row.alarm:
            counts[row.alarm] += 1
    return counts


METROLOGIES: Final = ("certified", "special", "ct", "inverter")


def state_metrology(
    session: Session, channel_id: int, metrology: str, reason: str, who: tuple[str, int]
) -> bool:
    """Keep what somebody states a channel's values to be, by (actor, now); audited (decision 8).

    Returns False where it stood so. Raises NotFound, and Refused for an unknown metrology.
    """
    actor, now = who
    channel = session.get(Channel, channel_id, with_for_update=True)
    if channel is None:
        raise NotFound(f"there is no channel {channel_id}")
    if metrology not in METROLOGIES:
        raise Refused(f"metrology: {metrology!r} is none of {', '.join(METROLOGIES)}")
    if channel.metrology == metrology:
        return False
    told = {"channel": channel.quantity, "from": channel.metrology, "to": metrology}
    channel.metrology = metrology
    feed = session.get(Feed, channel_id)
    if feed is not None:
        feed.metrology = metrology
    told["reason"] = reason
    audit.record(session, now, actor, "channel.metrology", str(channel.site_id), told)
    session.flush()
    return True
