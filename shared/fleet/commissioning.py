"""A device put into service: what has to be seen on site before somebody signs for it."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.energy.quantities import Quantity
from shared.errors import NotFound
from shared.fleet.requests import Kind, find_requests
from shared.models.gateways import Feed, Gateway
from shared.models.telemetry import Channel, MeterEvent

TRIES: Final = 8
OF_METER: Final = ("serial", "register", "photo")
_ORDER: Final = [quantity.value for quantity in Quantity]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to be seen; `missing` are the channels that still lack it."""

    key: str
    missing: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Say whether nothing is left of it."""
        return not self.missing


def find_checks(session: Session, gateway_id: int, now: int) -> list[Check]:
    """Return what has to be seen of a device: its meters on record, and a trial read that is good.

    Finished-day values (AiSEG2) are of no meter of ours; of them only the reading counts.
    """
    channels = session.execute(
        select(Channel.id, Channel.quantity, Channel.kind)
        .join(Feed, Feed.channel_id == Channel.id)
        .where(Feed.gateway_id == gateway_id)
    ).all()
    channels = sorted(channels, key=lambda row: _ORDER.index(row.quantity))
    metered = {row.id: row.quantity for row in channels if row.kind == "register"}
    events = session.scalars(
        select(MeterEvent)
        .where(MeterEvent.channel_id.in_(metered), MeterEvent.at <= now)
        .order_by(MeterEvent.at, MeterEvent.id)
    )
    newest = {event.channel_id: event for event in events}
    lacking = {
        "serial": [q for i, q in metered.items() if i not in newest or not newest[i].serial],
        "register": [q for i, q in metered.items() if i not in newest],
        "photo": [q for i, q in metered.items() if i not in newest or not newest[i].reference],
    }
    checks = [Check(key, tuple(lacking[key])) for key in OF_METER] if metered else []
    return [*checks, _trial(session, gateway_id, [row.quantity for row in channels])]


def _trial(session: Session, gateway_id: int, quantities: list[str]) -> Check:
    """Return the channels that the newest trial read did not read well."""
    trials = [
        one
        for one in find_requests(session, gateway_id, TRIES)
        if one.kind is Kind.READ and one.ended_at is not None
    ]
    rows = trials[0].result.get("rows", []) if trials else []
    good = {row["channel"] for row in rows if row["outcome"] == "ok" and not row.get("hint")}
    return Check("read", tuple(quantity for quantity in quantities if quantity not in good))


def commission(session: Session, gateway_id: int, who: tuple[str, int]) -> None:
    """Keep that (actor, now) has seen a device read rightly; audited. Raises NotFound."""
    actor, now = who
    row = session.get(Gateway, gateway_id, with_for_update=True)
    if row is None:
        raise NotFound(f"there is no gateway {gateway_id}")
    row.commissioned_at, row.commissioned_by = now, actor
    audit.record(session, now, actor, "gateway.commissioned", str(gateway_id), {})
    session.flush()
