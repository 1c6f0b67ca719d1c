"""Readings, typed registers and meter events kept for good, with what they make stale."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import in_chunks, merge_rows
from shared.energy.quantities import Quantity
from shared.errors import NotFound
from shared.models import customers, telemetry
from shared.telemetry.deriving import mark_stale

READING_COLUMNS = ("channel_id", "at", "source", "wh", "received_at")
CHUNK = 20_000


def find_sites(session: Session, customer_nos: Collection[str] | None = None) -> dict[str, int]:
    """Return the site where each customer lives now, or lived last, by customer number."""
    customer, occupancy = customers.Customer, customers.Occupancy
    wanted = (
        select(customer.customer_no, occupancy.site_id)
        .join(occupancy, occupancy.customer_id == customer.id)
        .order_by(occupancy.id)
    )
    if customer_nos is not None:
        wanted = wanted.where(customer.customer_no.in_(customer_nos))
    return {row.customer_no: row.site_id for row in session.execute(wanted)}


def get_site(session: Session, customer_no: str) -> int:
    """Return the site of a customer; raises NotFound."""
    found = find_sites(session, [customer_no]).get(customer_no)
    if found is None:
        raise NotFound(f"there is no customer {customer_no}")
    return found


def ensure_channels(
    session: Session, wanted: Iterable[tuple[int, Quantity]]
) -> dict[tuple[int, Quantity], int]:
    """Return the channel of each site and quantity, made where it is missing."""
    pairs = set(wanted)
    channel = telemetry.Channel
    found: dict[tuple[int, Quantity], int] = {}
    for chunk in in_chunks(sorted({site_id for site_id, _ in pairs}), 500):
        rows = session.execute(
            select(channel.site_id, channel.quantity, channel.id).where(channel.site_id.in_(chunk))
        )
        found |= {(row.site_id, Quantity(row.quantity)): row.id for row in rows}
    made = [
        telemetry.Channel(site_id=site_id, quantity=quantity.value)
        for site_id, quantity in sorted(pairs - found.keys())
    ]
    session.add_all(made)
    session.flush()
    found |= {(row.site_id, Quantity(row.quantity)): row.id for row in made}
    return found


def store_readings(session: Session, rows: Collection[tuple[int, int, int, int]], now: int) -> int:
    """Keep (channel id, instant, source, Wh) rows; return how many were new.

    Repeated rows change nothing (decision 2); new ones make their sites stale from the earliest.
    """
    new = 0
    for chunk in in_chunks(rows, CHUNK):
        kept = merge_rows(
            session, telemetry.Reading, READING_COLUMNS, ((*row, now) for row in chunk), keep=True
        )
        if kept:
            mark_channels_stale(session, chunk)
        new += kept
    return new


def mark_channels_stale(session: Session, rows: Iterable[tuple[int, int, int, int]]) -> None:
    """Say that the sites of some channels are stale from their earliest row on."""
    earliest: dict[int, int] = {}
    for channel_id, at, _, _ in rows:
        if at < earliest.get(channel_id, at + 1):
            earliest[channel_id] = at
    channel = telemetry.Channel
    sites = session.execute(
        select(channel.id, channel.site_id).where(channel.id.in_(earliest))
    ).all()
    since: dict[int, int] = {}
    for channel_id, site_id in sites:
        since[site_id] = min(earliest[channel_id], since.get(site_id, earliest[channel_id]))
    mark_stale(session, since)


@dataclass(frozen=True, slots=True)
class MeterChange:
    """A meter put in, and the register at which another was taken out, where known.

    `reference` tells where the photo of its register and seal is kept.
    """

    at: int
    serial: str
    installed_wh: int
    removed_wh: int | None = None
    digits: int | None = None
    certified_until: date | None = None
    reference: str | None = None

    @property
    def fits(self) -> bool:
        """Say whether the digits can show the register at which the meter was put in."""
        return self.digits is None or self.installed_wh < 1000 * 10**self.digits


def record_meter(
    session: Session, where: tuple[int, Quantity], change: MeterChange, *, now: int, actor: str
) -> bool:
    """Record a meter event at (site, quantity), late or early; return False if it stood already."""
    channel_id = ensure_channels(session, [where])[where]
    event = telemetry.MeterEvent
    newest = session.scalars(
        select(event)
        .where(event.channel_id == channel_id, event.at == change.at)
        .order_by(event.id.desc())
        .limit(1)
    ).first()
    facts = {name: getattr(change, name) for name in MeterChange.__dataclass_fields__}
    if newest is not None and all(getattr(newest, name) == fact for name, fact in facts.items()):
        return False
    session.add(event(channel_id=channel_id, recorded_at=now, recorded_by=actor, **facts))
    session.flush()
    mark_stale(session, {where[0]: change.at})
    return True


@dataclass(frozen=True, slots=True)
class TypedRegister:
    """A register that a person read and typed, and why."""

    at: int
    wh: int
    reason: str


def record_register(
    session: Session, where: tuple[int, Quantity], typed: TypedRegister, *, now: int, actor: str
) -> None:
    """Keep a typed register at (site, quantity); of one instant the newest counts."""
    channel_id = ensure_channels(session, [where])[where]
    session.add(
        telemetry.ManualRegister(
            channel_id=channel_id,
            at=typed.at,
            wh=typed.wh,
            reason=typed.reason,
            recorded_at=now,
            recorded_by=actor,
        )
    )
    session.flush()
    mark_stale(session, {where[0]: typed.at})
