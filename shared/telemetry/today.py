"""What a home has done today so far, and when it was last heard."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Date, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from shared.db import rows_of
from shared.energy.boundaries import boundary
from shared.energy.ledger import judge
from shared.energy.quantities import Quantity
from shared.energy.readings import LineState, Point
from shared.models import telemetry
from shared.months import day_of, instant
from shared.telemetry.facts import BILLED, SILENT_S
from shared.telemetry.loading import find_readings, find_site_channels
from shared.telemetry.stays import find_site_on


@dataclass(frozen=True, slots=True)
class Today:
    """Energy since midnight in Wh, None where no register stands for it; and the last readings.

    `heard_at` is the newest reading of any channel, `silent` the billed channels from which
    nothing has come for longer than SILENT_S.
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
    midnights = newest_midnights(session, site.channel_ids.values(), day_of(now))
    state = {q: LineState(midnights.get(c)) for q, c in site.channel_ids.items()}
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
    silent = {q for q, at in (heard | told).items() if now - at > SILENT_S}
    return Today(
        so_far[Quantity.PV],
        so_far[Quantity.EXPORT],
        max([*heard.values(), *told.values()], default=None),
        tuple(q for q in BILLED if q in silent),
    )


_DAYS: Final = aliased(telemetry.Boundary)
# Asked channel by channel, each answer is the end of a key; a GROUP BY reads years of it.
_NEWEST_DAY: Final = select(func.max(_DAYS.day)).where(
    _DAYS.channel_id == telemetry.Channel.id, _DAYS.day <= bindparam("today", type_=Date)
)
_MIDNIGHTS: Final = (
    select(
        telemetry.Boundary.channel_id, telemetry.Boundary.read_at, telemetry.Boundary.wh,
        telemetry.Boundary.ledger_wh, telemetry.Boundary.meter_at,
    )
    .join(
        telemetry.Channel,
        and_(
            telemetry.Channel.id == telemetry.Boundary.channel_id,
            telemetry.Boundary.day == _NEWEST_DAY.scalar_subquery(),
        ),
    )
    .where(telemetry.Channel.id.in_(bindparam("channel_ids", expanding=True)))
)  # fmt: skip


def newest_midnights(session: Session, channel_ids: Iterable[int], today: date) -> dict[int, Point]:
    """Return the register of each channel's newest stored boundary up to today's, where any is."""
    rows = rows_of(session, _MIDNIGHTS, {"channel_ids": list(channel_ids), "today": today})
    return {row.channel_id: Point(*row[1:], 0) for row in rows}


_NEWEST_READING: Final = select(func.max(telemetry.Reading.at)).where(
    telemetry.Reading.channel_id == telemetry.Channel.id
)
_HEARD: Final = select(telemetry.Channel.id, _NEWEST_READING.scalar_subquery()).where(
    telemetry.Channel.id.in_(bindparam("channel_ids", expanding=True))
)


def _heard(session: Session, channel_ids: Mapping[Quantity, int]) -> dict[Quantity, int]:
    """Return when each channel was last heard."""
    rows = rows_of(session, _HEARD, {"channel_ids": list(channel_ids.values())})
    heard: dict[int, int | None] = dict(rows)
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
