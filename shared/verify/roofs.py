"""Stored boundaries against all stored readings, judged from the first one on (I5)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import raw_rows
from shared.energy.boundaries import boundaries
from shared.energy.ledger import is_night_flat, judge
from shared.energy.plain import is_plain, plain_boundaries
from shared.energy.quantities import Quantity, Source
from shared.energy.readings import Reading, Site
from shared.invoices.contents import Cells, columns
from shared.models import telemetry
from shared.months import day_of
from shared.telemetry.deriving import BOUNDARY_COLUMNS
from shared.telemetry.loading import SiteChannels, find_site_channels
from shared.verify.findings import Finding

Told = Mapping[str, Cells]
"""A channel's boundaries by day (ISO text), each with the columns after the day."""


def check_roofs(session: Session, site_ids: Sequence[int]) -> Iterator[Finding]:
    """I5: stored boundaries are those that all stored readings give, where nothing is stale."""
    stale = select(telemetry.StaleSite.site_id).where(telemetry.StaleSite.site_id.in_(site_ids))
    left = set(site_ids) - {site_id for (site_id,) in raw_rows(session, stale)}
    sites = find_site_channels(session, sorted(left))
    channel_ids = [c for site in sites.values() for c in site.channel_ids.values()]
    if not channel_ids:
        return
    stored = _find_stored(session, channel_ids)
    readings, typed = _find_readings(session, channel_ids)
    for channels in sites.values():
        site = channels.with_readings(readings)
        is_typed = not typed.isdisjoint(channels.channel_ids.values())
        told = _judged(site) if is_typed or not is_plain(site) else _plain(site)
        yield from _compare(channels, told, stored)


def _find_stored(session: Session, channel_ids: Sequence[int]) -> dict[int, dict[str, Cells]]:
    table = telemetry.Boundary
    found: dict[int, dict[str, Cells]] = defaultdict(dict)
    for row in raw_rows(
        session,
        select(*columns(table, BOUNDARY_COLUMNS)).where(table.channel_id.in_(channel_ids)),
    ):
        found[row[0]][row[1]] = row[2:]
    return found


def _find_readings(
    session: Session, channel_ids: Sequence[int]
) -> tuple[dict[int, list[Reading]], set[int]]:
    """Return each channel's readings in order of time, and the channels with typed registers.

    They are plain tuples in the order of `Reading`, since there are so many.
    """
    reading, manual = telemetry.Reading, telemetry.ManualRegister
    rows = raw_rows(
        session,
        select(reading.channel_id, reading.at, reading.source, reading.wh)
        .where(reading.channel_id.in_(channel_ids))
        .order_by(reading.channel_id, reading.at),
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row[1:])
    typed = raw_rows(
        session,
        select(manual.channel_id, manual.at, manual.wh)
        .where(manual.channel_id.in_(channel_ids))
        .order_by(manual.id),
    )
    newest = {(channel_id, at): wh for channel_id, at, wh in typed}
    for (channel_id, at), wh in newest.items():
        found[channel_id].append(Reading(at, int(Source.MANUAL), wh))
    return found, {channel_id for channel_id, _ in newest}


def _judged(site: Site) -> dict[Quantity, Told]:
    """Return each channel's boundaries as judging gives them."""
    with_names = {
        quantity: replace(channel, readings=[Reading._make(cells) for cells in channel.readings])
        for quantity, channel in site.channels.items()
    }
    ledgers = judge(replace(site, channels=with_names)).ledgers
    return {
        quantity: {
            known.day.isoformat(): (
                known.wh, known.ledger, known.meter_at, known.how.value, known.read_at,
                known.until_at, " ".join(known.doubts),
            )
            for known in boundaries(ledger)
        }
        for quantity, ledger in ledgers.items()
    }  # fmt: skip


def _plain(site: Site) -> dict[Quantity, Told]:
    """Return each channel's boundaries where every reading stands."""
    return {
        quantity: {
            _day(at): (*cells, "")
            for at, cells in plain_boundaries(
                channel, night_is_flat=is_night_flat(site, quantity)
            ).items()
        }
        for quantity, channel in site.channels.items()
    }


@lru_cache(maxsize=20_000)
def _day(at: int) -> str:
    return day_of(at).isoformat()


def _compare(
    channels: SiteChannels, told: Mapping[Quantity, Told], stored: Mapping[int, Told]
) -> Iterator[Finding]:
    for quantity, channel_id in channels.channel_ids.items():
        wanted, have = told[quantity], stored.get(channel_id, {})
        if wanted != have:
            days = wanted.keys() | have.keys()
            differing = [day for day in days if wanted.get(day) != have.get(day)]
            yield Finding(
                "I5",
                f"site {channels.site_id} {quantity}",
                f"{len(differing)} boundaries differ from {min(differing)} on",
            )
