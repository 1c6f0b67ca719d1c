"""Which gateways are due, who may ask them now, and how it went: all in the database.

A slot is due for a gateway until its row in `poll` is settled. A lease keeps two processes from
asking one gateway at once; whoever dies loses it by itself when it runs out (decision 36).
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import CursorResult, Row, delete, select, update
from sqlalchemy.orm import Session

from ingest.drivers.protocol import Outcome, Sample
from ingest.slots import Slot, next_try
from shared.db import merge_rows
from shared.fleet.states import PATIENCE
from shared.gateways import OF_DAYS, StoredGateway, find_gateways
from shared.models.gateways import Gateway, Poll
from shared.months import DAY_S

ECHONET: Final = "echonet"
"""The driver whose gateways share one port and are polled by one process at a time."""
PART: Final = 500
"""Gateways of one job: those whose ids have the same quotient."""
KEPT_S: Final = 60 * DAY_S
STOPPED: Final = 1 << 40
"""The next try of a gateway that refused its password: none, until it is imported anew or read."""
POLL_COLUMNS = ("gateway_id", "slot", "tries", "tried_at", "settled", "outcome", "error")

_WORTH_ANOTHER_TRY: Final = frozenset(
    {
        Outcome.UNREACHABLE,
        Outcome.METER_SILENT,
        Outcome.BUSY,
        Outcome.BAD_ANSWER,
        Outcome.NO_DATA,
        Outcome.IMPLAUSIBLE,
    }
)


def find_due(
    session: Session, slot: Slot, now: int, part: int | None = None, *, echonet: bool = False
) -> list[int]:
    """Return the ids of gateways to be asked now, of all or of one part, in order.

    Those of ECHONET Lite, or all others.
    """
    if not slot.first <= now < slot.until:
        return []
    wanted = (
        select(Gateway.id, Gateway.next_try_at, Poll.settled, Poll.tried_at)
        .outerjoin(Poll, (Poll.gateway_id == Gateway.id) & (Poll.slot == slot.start))
        .where(Gateway.lease_until <= now)
        .where((Gateway.driver == ECHONET) == echonet)
        .order_by(Gateway.id)
    )
    if part is not None:
        wanted = wanted.where(Gateway.id >= part * PART, Gateway.id < (part + 1) * PART)
    if slot.of_days is not None:
        tells_days = Gateway.driver.in_(OF_DAYS)
        wanted = wanted.where(tells_days if slot.of_days else ~tells_days)
    return [row.id for row in session.execute(wanted) if _is_due(row, slot, now)]


def _is_due(row: Row[*tuple[Any, ...]], slot: Slot, now: int) -> bool:
    """Say whether a gateway (id, next try, settled and tried in this slot) is to be asked now.

    One whose breaker is open is asked when the breaker says, in whatever slot that falls; by night
    it is asked like the others, because a register then is worth more than a try.
    """
    gateway_id, next_try_at, settled, tried_at = row
    if slot.at(gateway_id) > now or next_try_at >= STOPPED:
        return False
    if settled:
        return tried_at is not None and tried_at < next_try_at <= now
    if next_try_at > now and not slot.retry_s:
        return False
    return tried_at is None or tried_at + slot.retry_s <= now


@dataclass(frozen=True, slots=True)
class Claim:
    """Gateways whose lease is ours, and the name under which it is."""

    owner: str
    gateways: Sequence[StoredGateway]


def lease(session: Session, ids: Collection[int], now: int, lease_s: int) -> tuple[str, set[int]]:
    """Lease those of some gateways that nobody else asks; return whose name it is in, and which."""
    owner = f"{os.getpid()}-{uuid4().hex}"
    free = (
        select(Gateway.id)
        .where(Gateway.id.in_(ids), Gateway.lease_until <= now)
        .order_by(Gateway.id)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        update(Gateway)
        .where(Gateway.id.in_(free))
        .values(lease_until=now + lease_s, lease_owner=owner)
        .execution_options(synchronize_session=False)
    )
    return owner, set(session.scalars(select(Gateway.id).where(Gateway.lease_owner == owner)))


def claim(session: Session, slot: Slot, ids: Collection[int], now: int, lease_s: int) -> Claim:
    """Lease gateways for a slot; commit before asking them."""
    owner, ours = lease(session, ids, now, lease_s)
    # Somebody may have finished between our look and our lease: what they settled stays settled.
    settled = (
        select(Poll.gateway_id)
        .join(Gateway, Gateway.id == Poll.gateway_id)
        .where(Poll.slot == slot.start, Poll.settled == 1, Poll.tried_at >= Gateway.next_try_at)
    )
    done = set(session.scalars(settled.where(Poll.gateway_id.in_(ours))))
    release(session, owner, done)
    return Claim(owner, find_gateways(session, now, ids=ours - done))


def release(session: Session, owner: str, ids: Collection[int]) -> None:
    """Give leases back, where they still are ours."""
    if ids:
        session.execute(
            update(Gateway)
            .where(Gateway.id.in_(ids), Gateway.lease_owner == owner)
            .values(lease_until=0, lease_owner="")
            .execution_options(synchronize_session=False)
        )


@dataclass(frozen=True, slots=True)
class Polled:
    """A gateway, what it answered, and what that cost on the air."""

    gateway: StoredGateway
    samples: Sequence[Sample]
    octets: int = 0

    @property
    def worst(self) -> Sample | None:
        """Return the first sample that is not ok, one that is worth another try before others."""
        bad = [sample for sample in self.samples if sample.outcome is not Outcome.OK]
        return next((s for s in bad if s.outcome in _WORTH_ANOTHER_TRY), bad[0] if bad else None)

    @property
    def answered(self) -> bool:
        """Say whether any register was had."""
        return any(sample.outcome is Outcome.OK for sample in self.samples)

    @property
    def is_refused(self) -> bool:
        """Say whether the password was wrong: nothing more is tried until it is put right."""
        return any(sample.outcome is Outcome.AUTH_FAILED for sample in self.samples)

    @property
    def settled(self) -> bool:
        """Say whether another try in the same slot would bring no more."""
        return self.worst is None or self.worst.outcome not in _WORTH_ANOTHER_TRY


def record(
    session: Session, slot: Slot, polled: Sequence[Polled], now: int, poll_slot_s: int
) -> None:
    """Keep how the polls of a slot went, and how long a gateway that fails is left alone."""
    ids = [one.gateway.id for one in polled]
    tries = dict(
        session.execute(
            select(Poll.gateway_id, Poll.tries).where(
                Poll.gateway_id.in_(ids), Poll.slot == slot.start
            )
        ).all()
    )
    rows = [_row(slot, one, tries.get(one.gateway.id, 0), now) for one in polled]
    merge_rows(session, Poll, POLL_COLUMNS, rows, keep=False)
    tell_good(session, polled, now)
    for one in polled:
        before = one.gateway.failures
        if one.answered or (one.gateway.id in tries and before < PATIENCE):
            continue  # a slot counts once, but for each try of an open breaker
        until = next_try(one.gateway.id, before + 1, now, poll_slot_s)
        if one.is_refused:
            until = STOPPED
        _tell_health(session, [one.gateway.id], failures=before + 1, next_try_at=until)


def tell_good(session: Session, polled: Sequence[Polled], now: int) -> None:
    """Close the breakers of the gateways that answered."""
    good = [one.gateway.id for one in polled if one.answered]
    _tell_health(session, good, failures=0, next_try_at=0, last_ok_at=now)


def _row(slot: Slot, one: Polled, tries: int, now: int) -> tuple[int | str, ...]:
    worst = one.worst
    settled = one.settled or not slot.retry_s
    outcome = Outcome.OK if worst is None else worst.outcome
    error = (worst.error if worst else None) or ""
    return one.gateway.id, slot.start, tries + 1, now, int(settled), outcome.value, error


def _tell_health(session: Session, ids: Collection[int], **facts: int) -> None:
    if ids:
        session.execute(
            update(Gateway)
            .where(Gateway.id.in_(ids))
            .values(**facts)
            .execution_options(synchronize_session=False)
        )


def forget_old(session: Session, now: int) -> int:
    """Drop the polls' log older than 60 days (decision 41); return how many rows."""
    done = session.execute(delete(Poll).where(Poll.slot < now - KEPT_S))
    return done.rowcount if isinstance(done, CursorResult) else 0
