"""What a home has done today so far, and when it was last heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.energy.boundaries import boundary
from shared.energy.ledger import judge
from shared.energy.quantities import Quantity
from shared.energy.readings import LineState, Point
from shared.models import telemetry
from shared.months import day_of, instant
from shared.telemetry.facts import BILLED
from shared.telemetry.loading import find_readings, find_site_channels
from shared.telemetry.stays import find_site_on


@dataclass(frozen=True, slots=True)
class Today:
    """Energy since midnight in Wh, None where no register stands for it; and the last readings.

    `heard_at` is the newest reading of any channel, `silent` the billed channels from which
    nothing has come for longer than a day.
    """

    pv_wh: int | None
    export_wh: int | None
    heard_at: int | None
    silent: tuple[Quantity, ...] = ()

    @property
    def use_wh(self) -> int | None:
        """Return what was used at home, where both are known."""
        if self.pv_wh is None or self.export_wh is None:
            return None
        return self.pv_wh - self.export_wh


def find_today(session: Session, customer_id: int, now: int) -> Today:
    """Return a customer's day so far, judged from the last midnight that is on record.

    Who has moved out has no today.
    """
    site_id = find_site_on(session, customer_id, day_of(now))
    if site_id is None:
        return Today(None, None, None)
    site = find_site_channels(session, [site_id])[site_id]
    state = {
        quantity: LineState(newest_midnight(session, channel_id, day_of(now)))
        for quantity, channel_id in site.channel_ids.items()
    }
    since = min((line.last.at if line.last else 0 for line in state.values()), default=0)
    readings = find_readings(session, list(site.channel_ids.values()), since, now)
    judged = judge(site.with_readings(readings, now), state)
    so_far: dict[Quantity, int | None] = dict.fromkeys(BILLED)
    for quantity in BILLED:
        ledger = judged.ledgers.get(quantity)
        begun = boundary(ledger, day_of(now)) if ledger else None
        if ledger and ledger.last and begun and ledger.last.at >= instant(day_of(now)):
            so_far[quantity] = ledger.last.ledger - begun.ledger
    heard = _heard(session, site.channel_ids)
    told = _told(session, site.day_channels or {})
    silent = {q for q, at in heard.items() if now - at > SILENT_S}
    silent |= {q for q, until in told.items() if now - until > SILENT_DAYS_S}
    return Today(
        so_far[Quantity.PV],
        so_far[Quantity.EXPORT],
        max([*heard.values(), *told.values()], default=None),
        tuple(q for q in BILLED if q in silent),
    )


def newest_midnight(session: Session, channel_id: int, today: date) -> Point | None:
    """Return the register of a channel's newest stored boundary up to today's."""
    table = telemetry.Boundary
    row = session.scalars(
        select(table)
        .where(table.channel_id == channel_id, table.day <= today)
        .order_by(table.day.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Point(row.read_at, row.wh, row.ledger_wh, row.meter_at, 0)


SILENT_S = 86_400
"""After a day without a reading a channel counts as silent."""
SILENT_DAYS_S = 2 * SILENT_S
"""One of finished days is asked for once a day, so that its newest is up to a day old."""


def _heard(session: Session, channel_ids: Mapping[Quantity, int]) -> dict[Quantity, int]:
    """Return when each channel was last heard."""
    channel, reading = telemetry.Channel, telemetry.Reading
    # Asked channel by channel, each answer is the end of the key; a GROUP BY reads years of it.
    newest = select(func.max(reading.at)).where(reading.channel_id == channel.id)
    rows = session.execute(
        select(channel.id, newest.scalar_subquery()).where(channel.id.in_(channel_ids.values()))
    )
    heard: dict[int, int | None] = dict(rows.all())
    return {q: at for q, c in channel_ids.items() if (at := heard[c]) is not None}


def _told(session: Session, channel_ids: Mapping[Quantity, int]) -> dict[Quantity, int]:
    """Return until when each channel of finished days has told its energy."""
    slot = telemetry.EnergyInterval
    told = {}
    for quantity, channel_id in channel_ids.items():
        newest = session.execute(
            select(slot.at, slot.minutes)
            .where(slot.channel_id == channel_id)
            .order_by(slot.at.desc())
            .limit(1)
        ).first()
        if newest is not None:
            told[quantity] = newest.at + newest.minutes * 60
    return told
