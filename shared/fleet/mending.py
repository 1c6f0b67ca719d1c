"""An outage mended by itself: what a meter still remembers is fetched when its gateway is back.

Meters read by ECHONET Lite keep their half-hours for 99 days; AiSEG2's finished days come with its
daily look. Of a plain Modbus meter only the shape of the days is lost: registers go on counting.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.fleet.requests import BY_ITSELF, Kind, ask
from shared.models.fleet import GatewayRequest
from shared.models.gateways import Gateway, Poll
from shared.months import DAY_S, day_of

REMEMBERING: Final = ("echonet",)
HEARD_S: Final = 3600
"""A gateway is back when it answered within the last hour."""
LOOK_BACK_S: Final = 60 * DAY_S
APART_S: Final = 20 * 3600
"""How long after one fetch the next may follow; it takes the rest of the day of the first."""
_LOST: Final = ("unreachable", "meter_silent", "busy", "no_data")


def find_missing(session: Session, now: int) -> dict[int, tuple[date, date]]:
    """Return by gateway that is back the first and last day on which polls of it failed.

    What an earlier fetch covered is left out.
    """
    back = session.scalars(
        select(Gateway.id)
        .where(
            Gateway.driver.in_(REMEMBERING),
            Gateway.failures == 0,
            Gateway.last_ok_at >= now - HEARD_S,
        )
        .order_by(Gateway.id)
    ).all()
    fetched = _find_fetches(session, back)
    found = {}
    for gateway_id in back:
        last = fetched.get(gateway_id, 0)
        if now - last < APART_S:
            continue
        since = max(now - LOOK_BACK_S, last - DAY_S)
        first_slot, last_slot = session.execute(
            select(func.min(Poll.slot), func.max(Poll.slot)).where(
                Poll.gateway_id == gateway_id, Poll.slot >= since, Poll.outcome.in_(_LOST)
            )
        ).one()
        if first_slot is not None:
            found[gateway_id] = (day_of(first_slot), day_of(last_slot))
    return found


def request_missing(
    session: Session, missing: Mapping[int, tuple[date, date]], now: int
) -> list[int]:
    """Ask gateways that are back for the days that they may remember; return the requests' ids."""
    return [
        ask(session, gateway_id, Kind.BACKFILL, (BY_ITSELF, now), days)
        for gateway_id, days in missing.items()
    ]


def _find_fetches(session: Session, gateway_ids: Sequence[int]) -> dict[int, int]:
    """Return when each gateway's memory was last fetched by itself."""
    table = GatewayRequest
    rows = session.execute(
        select(table.gateway_id, func.max(table.asked_at))
        .where(
            table.gateway_id.in_(gateway_ids),
            table.kind == Kind.BACKFILL.value,
            table.asked_by == BY_ITSELF,
        )
        .group_by(table.gateway_id)
    )
    return dict(rows.all())
