"""What is asked of one device soon: kept in the database, done by a worker, shown on its page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.errors import NotFound, Refused
from shared.models.fleet import GatewayRequest
from shared.models.gateways import Gateway

APART_S: Final = 60
"""How long a device is left alone between two requests by hand (gateways.md §5, live view)."""
CLAIM_S: Final = 120
"""How long a claim stands; whoever works on renews it with every step."""
BY_ITSELF: Final = "scheduler"


class Kind(StrEnum):
    """What may be asked: try and tell, read and keep, or fetch past days."""

    READ = "read"
    POLL = "poll"
    BACKFILL = "backfill"


class TooSoon(Refused):
    """A device was asked by hand less than a minute ago; `wait_s` says how long to wait."""

    def __init__(self, wait_s: int) -> None:
        """Keep the seconds."""
        super().__init__(f"this gateway was asked just now: wait {wait_s} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Request:
    """One request as pages and workers see it; `result` is what came of it."""

    id: int
    gateway_id: int
    kind: Kind
    first_day: date | None
    last_day: date | None
    asked_at: int
    asked_by: str
    steps: int
    done: int
    ended_at: int | None
    result: Mapping[str, Any]


def ask(
    session: Session,
    gateway_id: int,
    kind: Kind,
    who: tuple[str, int],
    days: tuple[date, date] | None = None,
) -> int:
    """Keep a request of (actor, now) and return its id; `days` are the first and last of them.

    Raises NotFound, and TooSoon where a person asked the same device within the last minute.
    """
    actor, now = who
    if session.scalar(select(Gateway.id).where(Gateway.id == gateway_id).with_for_update()) is None:
        raise NotFound(f"there is no gateway {gateway_id}")
    newest = find_requests(session, gateway_id, 1)
    if newest and actor != BY_ITSELF and newest[0].asked_by != BY_ITSELF:
        wait_s = newest[0].asked_at + APART_S - now
        if wait_s > 0:
            raise TooSoon(wait_s)
    row = GatewayRequest(
        gateway_id=gateway_id,
        kind=kind.value,
        first_day=days[0] if days else None,
        last_day=days[1] if days else None,
        asked_at=now,
        asked_by=actor,
        steps=(days[1] - days[0]).days + 1 if days else 1,
    )
    session.add(row)
    session.flush()
    told = {"days": [day.isoformat() for day in days]} if days else {}
    audit.record(session, now, actor, f"gateway.{kind.value}", str(gateway_id), told)
    return row.id


def find_requests(session: Session, gateway_id: int, limit: int) -> list[Request]:
    """Return a device's newest requests, the newest first."""
    rows = session.scalars(
        select(GatewayRequest)
        .where(GatewayRequest.gateway_id == gateway_id)
        .order_by(GatewayRequest.id.desc())
        .limit(limit)
    )
    return [_request(row) for row in rows]


def find_due_requests(session: Session, now: int) -> list[tuple[int, str]]:
    """Return the requests that nobody works on, oldest first, each with its gateway's driver."""
    rows = session.execute(
        select(GatewayRequest.id, Gateway.driver)
        .join(Gateway, Gateway.id == GatewayRequest.gateway_id)
        .where(GatewayRequest.ended_at.is_(None), GatewayRequest.claimed_until <= now)
        .order_by(GatewayRequest.id)
    )
    return [(row.id, row.driver) for row in rows]


def claim(session: Session, request_id: int, now: int) -> Request | None:
    """Take a request to work on, None where somebody has it or it has ended."""
    took = session.execute(
        update(GatewayRequest)
        .where(
            GatewayRequest.id == request_id,
            GatewayRequest.ended_at.is_(None),
            GatewayRequest.claimed_until <= now,
        )
        .values(claimed_until=now + CLAIM_S)
        .execution_options(synchronize_session=False)
    )
    if not isinstance(took, CursorResult) or took.rowcount != 1:
        return None
    return _request(session.get_one(GatewayRequest, request_id))


def rest(session: Session, request_id: int) -> None:
    """Give a request back that is not done yet, for the next call to go on with."""
    session.execute(
        update(GatewayRequest)
        .where(GatewayRequest.id == request_id, GatewayRequest.ended_at.is_(None))
        .values(claimed_until=0)
        .execution_options(synchronize_session=False)
    )


def step(session: Session, request_id: int, now: int, result: Mapping[str, object]) -> None:
    """Note that one more step is done and what came of all so far, and keep the claim."""
    session.execute(
        update(GatewayRequest)
        .where(GatewayRequest.id == request_id, GatewayRequest.ended_at.is_(None))
        .values(
            done=GatewayRequest.done + 1,
            claimed_until=now + CLAIM_S,
            result=json.dumps(result, ensure_ascii=False),
        )
        .execution_options(synchronize_session=False)
    )


def end(session: Session, request_id: int, now: int, result: Mapping[str, object]) -> None:
    """Keep what came of a request; the first to end it counts."""
    session.execute(
        update(GatewayRequest)
        .where(GatewayRequest.id == request_id, GatewayRequest.ended_at.is_(None))
        .values(
            done=GatewayRequest.steps, ended_at=now, result=json.dumps(result, ensure_ascii=False)
        )
        .execution_options(synchronize_session=False)
    )


def _request(row: GatewayRequest) -> Request:
    return Request(
        row.id, row.gateway_id, Kind(row.kind), row.first_day, row.last_day, row.asked_at,
        row.asked_by, row.steps, row.done, row.ended_at,
        json.loads(row.result) if row.result else {},
    )  # fmt: skip
