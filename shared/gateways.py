"""Gateways as they are stored: which channels each feeds, and who replaces whom."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from shared.db import in_chunks, merge_rows
from shared.energy.quantities import Quantity
from shared.models import gateways, telemetry
from shared.telemetry.loading import find_meter_events
from shared.telemetry.storing import ensure_channels

CHUNK = 500
OF_DAYS = ("aiseg2",)
"""The drivers whose devices tell finished days and no registers (decision 3)."""
METROLOGIES = ("certified", "special", "ct", "inverter")


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """A channel that a gateway feeds; `serial` is of the meter in place, where it is known.

    `metrology` is blank where the device is to say whether it is a meter, `channel_metrology` what
    counts now; `is_register` is false for a channel of day values (decision 3).
    """

    channel_id: int
    quantity: Quantity
    source: str
    metrology: str
    serial: str
    is_register: bool
    unit_wh: int
    channel_metrology: str
    modulus_wh: int | None


@dataclass(frozen=True, slots=True)
class StoredGateway:
    """A gateway with its feeds, in the order of the channels."""

    id: int
    site_id: int
    driver: str
    address: str
    unit: int
    profile: str
    profile_text: str
    secret_sealed: bytes | None
    failures: int
    feeds: tuple[FeedPlan, ...]


@dataclass(frozen=True, slots=True)
class NewGateway:
    """A gateway to keep; `feeds` gives SOURCE, metrology to keep and metrology until it is known.

    `kind` is that of its channels: `register` or `days`.
    """

    site_id: int
    driver: str
    address: str
    unit: int
    profile: str
    profile_text: str
    secret_sealed: bytes | None
    kind: str
    feeds: Mapping[Quantity, tuple[str, str, str]]


def find_gateways(
    session: Session,
    now: int,
    *,
    ids: Collection[int] | None = None,
    site_ids: Collection[int] | None = None,
) -> list[StoredGateway]:
    """Return gateways with their feeds by id: all, some, or those of some sites."""
    gateway = gateways.Gateway
    wanted = select(gateway).order_by(gateway.id)
    if ids is not None:
        wanted = wanted.where(gateway.id.in_(ids))
    if site_ids is not None:
        wanted = wanted.where(gateway.site_id.in_(site_ids))
    rows = session.scalars(wanted).all()
    feeds = _find_feeds(session, [row.id for row in rows], now)
    return [
        StoredGateway(
            row.id,
            row.site_id,
            row.driver,
            row.address,
            row.unit,
            row.profile,
            row.profile_text,
            row.secret_sealed,
            row.failures,
            tuple(feeds[row.id]),
        )
        for row in rows
    ]


def _find_feeds(
    session: Session, gateway_ids: Collection[int], now: int
) -> dict[int, list[FeedPlan]]:
    feed, channel = gateways.Feed, telemetry.Channel
    order = {quantity: place for place, quantity in enumerate(Quantity)}
    found: dict[int, list[FeedPlan]] = defaultdict(list)
    for chunk in in_chunks(gateway_ids, CHUNK):
        rows = session.execute(
            select(
                feed,
                channel.quantity,
                channel.kind,
                channel.unit_wh,
                channel.modulus_wh,
                channel.metrology.label("channel_metrology"),
            )
            .join(channel, channel.id == feed.channel_id)
            .where(feed.gateway_id.in_(chunk))
        ).all()
        events = find_meter_events(session, [row.Feed.channel_id for row in rows])
        for row in sorted(rows, key=lambda row: order[Quantity(row.quantity)]):
            kept = row.Feed
            serials = [e.serial for e in events.get(kept.channel_id, ()) if e.at <= now]
            found[kept.gateway_id].append(
                FeedPlan(
                    kept.channel_id,
                    Quantity(row.quantity),
                    kept.source,
                    kept.metrology,
                    serials[-1] if serials else "",
                    row.kind == "register",
                    row.unit_wh,
                    row.channel_metrology,
                    row.modulus_wh,
                )
            )
    return found


def put_gateways(session: Session, new: Iterable[NewGateway]) -> int:
    """Keep gateways; one that loses its last channel to another goes. Returns how many channels."""
    touched, count = set(), 0
    for gateway in new:
        gateway_id = _put(session, gateway)
        touched.add(gateway.site_id)
        count += _put_feeds(session, gateway_id, gateway)
    row, feed = gateways.Gateway, gateways.Feed
    for chunk in in_chunks(sorted(touched), CHUNK):
        session.execute(
            delete(row).where(row.site_id.in_(chunk), row.id.not_in(select(feed.gateway_id)))
        )
    return count


def _put(session: Session, new: NewGateway) -> int:
    """Return the gateway's id, the same for the same device of a site."""
    row = gateways.Gateway
    found = session.scalars(
        select(row).where(
            row.site_id == new.site_id,
            row.driver == new.driver,
            row.address == new.address,
            row.unit == new.unit,
            row.profile == new.profile,
        )
    ).one_or_none()
    if found is None:
        found = row(
            site_id=new.site_id,
            driver=new.driver,
            address=new.address,
            unit=new.unit,
            profile=new.profile,
        )
        session.add(found)
    found.profile_text, found.secret_sealed = new.profile_text, new.secret_sealed
    found.failures = found.next_try_at = 0
    session.flush()
    return found.id


def _put_feeds(session: Session, gateway_id: int, new: NewGateway) -> int:
    channels = ensure_channels(session, [(new.site_id, quantity) for quantity in new.feeds])
    rows = []
    for quantity, (source, metrology, until_known) in new.feeds.items():
        channel_id = channels[new.site_id, quantity]
        rows.append((channel_id, gateway_id, source, metrology))
        session.execute(
            update(telemetry.Channel)
            .where(telemetry.Channel.id == channel_id)
            .values(kind=new.kind, metrology=metrology or until_known)
        )
    columns = ("channel_id", "gateway_id", "source", "metrology")
    merge_rows(session, gateways.Feed, columns, rows, keep=False)
    return len(rows)


def put_words(
    session: Session, words: Iterable[tuple[int, int, int | None, str, int | None]]
) -> None:
    """Keep what gateways said of themselves: (id, instant, clock error, firmware, price in sen)."""
    columns = ("gateway_id", "at", "clock_error_s", "firmware", "sale_sen")
    merge_rows(session, gateways.GatewayWord, columns, words, keep=False)
