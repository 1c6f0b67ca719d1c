"""The meters of a homeowner's days: serial, since when, and up to when they are certified."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.energy.readings import MeterEvent
from shared.months import day_of
from shared.telemetry.energies import ALL_TIME
from shared.telemetry.loading import find_site_channels
from shared.telemetry.stays import Stay, find_stays


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter in its place; `until` is the day it was taken out, None while it counts.

    `certified_until` is the first day of the last month for which its certificate stands.
    """

    quantity: Quantity
    serial: str
    since: date
    until: date | None
    certified_until: date | None


def find_own_meters(session: Session, customer_id: int) -> list[Meter]:
    """Return the meters that were in place while a customer lived there, newest last."""
    stays = find_stays(session, customer_id, ALL_TIME)
    sites = find_site_channels(session, {stay.site_id for stay in stays})
    return [
        meter
        for stay in stays
        for quantity in Quantity
        for meter in _of_channel(quantity, sites[stay.site_id].events.get(quantity, ()), stay)
    ]


def _of_channel(quantity: Quantity, events: Sequence[MeterEvent], stay: Stay) -> Iterator[Meter]:
    for event, following in zip_longest(events, events[1:]):
        since, until = day_of(event.at), day_of(following.at) if following else None
        if since < stay.period.end and (until is None or until > stay.period.start):
            yield Meter(quantity, event.serial, since, until, event.certified_until)
