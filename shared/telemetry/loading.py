"""Sites as the pure core wants them, loaded a chunk at a time."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

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
    """Return sites with their channels and meter events (those on record), in three queries."""
    site, channel = customers.Site, telemetry.Channel
    sites = session.execute(
        select(site.id, site.battery, site.panel_w).where(site.id.in_(site_ids))
    ).all()
    channels: dict[int, list[telemetry.Channel]] = defaultdict(list)
    for row in session.scalars(select(channel).where(channel.site_id.in_(site_ids))):
        channels[row.site_id].append(row)
    channel_ids = [c.id for rows in channels.values() for c in rows]
    events = find_meter_events(session, channel_ids, known_at)
    return {
        row.id: _site_channels(row.id, (row.battery, row.panel_w), channels[row.id], events)
        for row in sites
    }


def _site_channels(
    site_id: int,
    facts: tuple[str, int | None],
    channels: Sequence[telemetry.Channel],
    events: Mapping[int, Sequence[MeterEvent]],
) -> SiteChannels:
    registers = {Quantity(c.quantity): c for c in channels if c.kind == "register"}
    battery = Battery(facts[0])
    charged = {c.quantity for c in channels} & {
        Quantity.BATTERY_CHARGE.value,
        Quantity.BATTERY_DISCHARGE.value,
    }
    if battery is Battery.NONE and charged:
        battery = Battery.NO_EXPORT  # decision 7: a battery channel implies at least that
    return SiteChannels(
        site_id=site_id,
        battery=battery,
        panel_w=facts[1],
        channel_ids={quantity: c.id for quantity, c in registers.items()},
        units_wh={quantity: c.unit_wh for quantity, c in registers.items()},
        moduli_wh={quantity: c.modulus_wh for quantity, c in registers.items()},
        events={quantity: events.get(c.id, ()) for quantity, c in registers.items()},
        uncertified=frozenset(
            Quantity(c.quantity) for c in channels if c.metrology in ("ct", "inverter")
        ),
        day_channels={Quantity(c.quantity): c.id for c in channels if c.kind == "days"},
    )


def find_meter_events(
    session: Session, channel_ids: Collection[int], known_at: int | None = None
) -> dict[int, list[MeterEvent]]:
    """Return each channel's meter events in order of time, of one instant the newest record."""
    event = telemetry.MeterEvent
    newest: dict[tuple[int, int], MeterEvent] = {}
    wanted = select(event).where(event.channel_id.in_(channel_ids)).order_by(event.id)
    if known_at is not None:
        wanted = wanted.where(event.recorded_at <= known_at)
    for row in session.scalars(wanted):
        newest[row.channel_id, row.at] = MeterEvent(
            row.at, row.serial, row.installed_wh, row.removed_wh, row.digits, row.certified_until
        )
    found: dict[int, list[MeterEvent]] = defaultdict(list)
    for (channel_id, _), meter in sorted(newest.items(), key=lambda entry: entry[0]):
        found[channel_id].append(meter)
    return found


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
    reading, manual = telemetry.Reading, telemetry.ManualRegister
    wanted = select(reading.channel_id, reading.at, reading.source, reading.wh).where(
        reading.channel_id.in_(channel_ids), reading.at >= since
    )
    if until is not None:
        wanted = wanted.where(reading.at <= until)
    if known_at is not None:
        wanted = wanted.where(reading.received_at <= known_at)
    for channel_id, at, source, wh in session.execute(wanted):
        found[channel_id].append(Reading(at, source, wh))
    typed = (
        select(manual.channel_id, manual.at, manual.wh)
        .where(manual.channel_id.in_(channel_ids), manual.at >= since)
        .order_by(manual.id)
    )
    if known_at is not None:
        typed = typed.where(manual.recorded_at <= known_at)
    newest = {(c, at): wh for c, at, wh in session.execute(typed) if until is None or at <= until}
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
