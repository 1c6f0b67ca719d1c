"""Sites as the pure core wants them, loaded a chunk at a time."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session

from shared.db import once, rows_of
from shared.energy.ledger import SiteState
from shared.energy.quantities import Battery, Quantity, Source
from shared.energy.readings import (
    Channel,
    LineState,
    MeterEvent,
    Point,
    Reading,
    Site,
    SuspectTrack,
)
from shared.models import customers, telemetry


@dataclass(frozen=True, slots=True)
class SiteChannels:
    """A site's row and its channels of registers, without readings; ids by quantity."""

    site_id: int
    battery: Battery
    panel_w: int | None
    channel_ids: Mapping[Quantity, int]
    units_wh: Mapping[Quantity, int]
    moduli_wh: Mapping[Quantity, int | None]
    events: Mapping[Quantity, Sequence[MeterEvent]]
    uncertified: frozenset[Quantity] = frozenset()
    day_channels: Mapping[Quantity, int] | None = None
    stale_at: int | None = None
    """From when on derived rows wait to be rebuilt; None where they tell the truth."""

    def with_readings(
        self, readings: Mapping[int, Sequence[Reading]], until: int | None = None
    ) -> Site:
        """Return the site for the core; meter events after `until` are left out."""
        return Site(
            channels={
                quantity: Channel(
                    readings.get(channel_id, ()),
                    [e for e in self.events[quantity] if until is None or e.at <= until],
                    self.units_wh[quantity],
                    self.moduli_wh[quantity],
                )
                for quantity, channel_id in self.channel_ids.items()
            },
            battery=self.battery,
            panel_w=self.panel_w,
        )


def find_site_channels(
    session: Session, site_ids: Collection[int], known_at: int | None = None
) -> dict[int, SiteChannels]:
    """Return sites with their channels and meter events (those on record), in one query.

    A session that only reads asks it once for a single site.
    """
    ids = tuple(site_ids)
    if len(ids) > 1:
        return _find_sites(session, ids, known_at)
    return once(session, ("site", ids, known_at), lambda: _find_sites(session, ids, known_at))


class _Site(NamedTuple):
    id: int
    battery: str
    panel_w: int | None
    stale_at: int | None


class _Channel(NamedTuple):
    id: int
    quantity: str
    kind: str
    metrology: str
    unit_wh: int
    modulus_wh: int | None


_EVENT: Final = (
    telemetry.MeterEvent.at, telemetry.MeterEvent.serial, telemetry.MeterEvent.installed_wh,
    telemetry.MeterEvent.removed_wh, telemetry.MeterEvent.digits,
    telemetry.MeterEvent.certified_until,
)  # fmt: skip


def _sites(*known: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Select sites with all their channels and those of their meter events that are known."""
    site, stale = customers.Site, telemetry.StaleSite
    channel, event = telemetry.Channel, telemetry.MeterEvent
    return (
        select(
            site.id, site.battery, site.panel_w, stale.since_at,
            *(getattr(channel, name) for name in _Channel._fields), *_EVENT,
        )
        .outerjoin(stale, stale.site_id == site.id)
        .outerjoin(channel, channel.site_id == site.id)
        .outerjoin(event, and_(event.channel_id == channel.id, *known))
        .where(site.id.in_(bindparam("site_ids", expanding=True)))
        .order_by(channel.id, event.id)
    )  # fmt: skip


_SITES: Final = _sites()
_SITES_THEN: Final = _sites(telemetry.MeterEvent.recorded_at <= bindparam("known_at"))


def _find_sites(
    session: Session, site_ids: Sequence[int], known_at: int | None
) -> dict[int, SiteChannels]:
    asked = _SITES if known_at is None else _SITES_THEN
    channels: dict[_Site, dict[_Channel, dict[int, MeterEvent]]] = defaultdict(dict)
    here, there = len(_Site._fields), len(_Site._fields) + len(_Channel._fields)
    for row in rows_of(session, asked, {"site_ids": site_ids, "known_at": known_at}):
        of_site = channels[_Site(*row[:here])]
        if row[here] is None:
            continue
        events = of_site.setdefault(_Channel(*row[here:there]), {})
        if row[there] is not None:
            events[row[there]] = MeterEvent(*row[there:])  # of one instant the newest record
    return {
        site.id: _site_channels(
            site, list(found), {c.id: _in_order(events) for c, events in found.items()}
        )
        for site, found in channels.items()
    }


def _in_order(events: Mapping[int, MeterEvent]) -> list[MeterEvent]:
    return [events[at] for at in sorted(events)]


def _site_channels(
    site: _Site, channels: Sequence[_Channel], events: Mapping[int, Sequence[MeterEvent]]
) -> SiteChannels:
    registers = {Quantity(c.quantity): c for c in channels if c.kind == "register"}
    battery = Battery(site.battery)
    charged = {c.quantity for c in channels} & {
        Quantity.BATTERY_CHARGE.value,
        Quantity.BATTERY_DISCHARGE.value,
    }
    if battery is Battery.NONE and charged:
        battery = Battery.NO_EXPORT  # decision 7: a battery channel implies at least that
    return SiteChannels(
        site_id=site.id,
        battery=battery,
        panel_w=site.panel_w,
        channel_ids={quantity: c.id for quantity, c in registers.items()},
        units_wh={quantity: c.unit_wh for quantity, c in registers.items()},
        moduli_wh={quantity: c.modulus_wh for quantity, c in registers.items()},
        events={quantity: events.get(c.id, ()) for quantity, c in registers.items()},
        uncertified=frozenset(
            Quantity(c.quantity) for c in channels if c.metrology in ("ct", "inverter")
        ),
        day_channels={Quantity(c.quantity): c.id for c in channels if c.kind == "days"},
        stale_at=site.stale_at,
    )


def find_meter_events(
    session: Session, channel_ids: Collection[int]
) -> dict[int, list[MeterEvent]]:
    """Return each channel's meter events in order of time, of one instant the newest record."""
    event = telemetry.MeterEvent
    newest: dict[int, dict[int, MeterEvent]] = defaultdict(dict)
    wanted = select(event.channel_id, *_EVENT).where(event.channel_id.in_(channel_ids))
    for row in session.execute(wanted.order_by(event.id)):
        newest[row[0]][row.at] = MeterEvent(*row[1:])
    return {channel_id: _in_order(events) for channel_id, events in newest.items()}


_ANY_TIME: Final = 2**62
_READINGS: Final = select(
    telemetry.Reading.channel_id, telemetry.Reading.at, telemetry.Reading.source,
    telemetry.Reading.wh,
).where(
    telemetry.Reading.channel_id.in_(bindparam("channel_ids", expanding=True)),
    telemetry.Reading.at >= bindparam("since"),
    telemetry.Reading.at <= bindparam("until"),
)  # fmt: skip
_READINGS_THEN: Final = _READINGS.where(telemetry.Reading.received_at <= bindparam("known_at"))
_TYPED: Final = (
    select(
        telemetry.ManualRegister.channel_id, telemetry.ManualRegister.at,
        telemetry.ManualRegister.wh,
    )
    .where(
        telemetry.ManualRegister.channel_id.in_(bindparam("channel_ids", expanding=True)),
        telemetry.ManualRegister.at >= bindparam("since"),
        telemetry.ManualRegister.at <= bindparam("until"),
    )
    .order_by(telemetry.ManualRegister.id)
)  # fmt: skip
_TYPED_THEN: Final = _TYPED.where(telemetry.ManualRegister.recorded_at <= bindparam("known_at"))


def find_readings(
    session: Session,
    channel_ids: Collection[int],
    since: int,
    until: int | None = None,
    known_at: int | None = None,
) -> dict[int, list[Reading]]:
    """Return the readings of some channels from an instant on, typed registers among them.

    `until` leaves out what was read later, `known_at` what arrived later.
    """
    found: dict[int, list[Reading]] = defaultdict(list)
    bounds = {
        "channel_ids": channel_ids,
        "since": since,
        "until": _ANY_TIME if until is None else until,
        "known_at": known_at,
    }
    readings, typed = (_READINGS, _TYPED) if known_at is None else (_READINGS_THEN, _TYPED_THEN)
    for channel_id, at, source, wh in rows_of(session, readings, bounds):
        found[channel_id].append(Reading(at, source, wh))
    newest = {(c, at): wh for c, at, wh in rows_of(session, typed, bounds)}
    for (channel_id, at), wh in newest.items():
        found[channel_id].append(Reading(at, int(Source.MANUAL), wh))
    return found


def find_states(
    session: Session, site_ids: Collection[int], month: date
) -> dict[int, tuple[date, SiteState]]:
    """Return for each site its newest checkpoint not after a month, where one can be resumed.

    A state that still rests on a leading zero cannot: a later reading may take the zero back.
    """
    checkpoint = telemetry.Checkpoint
    latest = (
        select(checkpoint.site_id, func.max(checkpoint.month).label("month"))
        .where(checkpoint.site_id.in_(site_ids), checkpoint.month <= month)
        .group_by(checkpoint.site_id)
        .subquery()
    )
    rows = session.execute(
        select(checkpoint.site_id, checkpoint.month, checkpoint.state).join(
            latest,
            (checkpoint.site_id == latest.c.site_id) & (checkpoint.month == latest.c.month),
        )
    )
    states = {row.site_id: (row.month, read_state(row.state)) for row in rows}
    return {
        site_id: found
        for site_id, found in states.items()
        if not any(line.leading_zero for line in found[1].values())
    }


def write_state(state: SiteState) -> str:
    """Return a state as JSON text."""
    return json.dumps({quantity.value: asdict(line) for quantity, line in state.items()})


def read_state(text: str) -> SiteState:
    """Return the state that `write_state` wrote."""
    return {
        Quantity(name): LineState(
            last=Point(*line["last"]) if line["last"] else None,
            suspects=tuple(SuspectTrack(*track) for track in line["suspects"]),
            leading_zero=line["leading_zero"],
            common=tuple(line["common"]) if line["common"] else None,
            doubts=tuple((at, reason) for at, reason in line.get("doubts", ())),
        )
        for name, line in json.loads(text).items()
    }
