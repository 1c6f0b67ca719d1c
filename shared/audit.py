"""Who did what, when: rows that are only ever added."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from shared.models.operations import Audit
from shared.months import DAY_S, instant
from shared.triggers import PERSONAL_ACTIONS

Ts = TypeVarTuple("Ts")


def record(  # noqa: PLR0913, PLR0917 - each of them is a column of the row
    session: Session, at: int, actor: str, action: str, subject: str, detail: Mapping[str, object]
) -> None:
    """Add one row in the transaction of what it tells; `detail` must hold no secret."""
    session.add(
        Audit(
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            detail=json.dumps(detail, ensure_ascii=False) if detail else "",
        )
    )


def is_personal(subjects: Collection[str]) -> ColumnElement[bool]:
    """Return the condition of rows about some subjects whose detail tells a person's data."""
    return and_(
        Audit.subject.in_(subjects),
        Audit.action.in_(PERSONAL_ACTIONS),
        Audit.detail != "",
        Audit.erased_at.is_(None),
    )


def erasing(now: int) -> dict[str, object]:
    """Return the columns of a row whose detail is erased: all that the database lets through."""
    return {"detail": "", "erased_at": now}


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the trail is narrowed to; days are inclusive, `subjects`, `actions` and `at` exact."""

    subject: str = ""
    actor: str = ""
    action: str = ""
    from_day: date | None = None
    to_day: date | None = None
    subjects: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    at: int | None = None


def find_audit(
    session: Session, wanted: AuditFilter, limit: int, offset: int
) -> tuple[list[Audit], int]:
    """Return one page of the trail, newest first, and how many rows the filter finds."""
    query = _narrowed(select(Audit), wanted).order_by(Audit.id.desc())
    total = session.scalar(_narrowed(select(func.count(Audit.id)), wanted)) or 0
    return list(session.scalars(query.limit(limit).offset(offset))), total


def each_audit(session: Session, wanted: AuditFilter) -> Iterator[Audit]:
    """Yield every row that a filter finds, newest first, read piece by piece."""
    query = _narrowed(select(Audit), wanted).order_by(Audit.id.desc())
    yield from session.scalars(query.execution_options(yield_per=500))


def find_actions(session: Session) -> list[str]:
    """Return every action that the trail knows."""
    return list(session.scalars(select(Audit.action).distinct().order_by(Audit.action)))


def _narrowed(query: Select[*Ts], wanted: AuditFilter) -> Select[*Ts]:
    if wanted.subjects:
        query = query.where(Audit.subject.in_(wanted.subjects))
    if wanted.actions:
        query = query.where(Audit.action.in_(wanted.actions))
    if wanted.at is not None:
        query = query.where(Audit.at == wanted.at)
    if wanted.subject:
        query = query.where(Audit.subject.icontains(wanted.subject, autoescape=True))
    if wanted.actor:
        query = query.where(Audit.actor.icontains(wanted.actor, autoescape=True))
    if wanted.action:
        query = query.where(Audit.action == wanted.action)
    if wanted.from_day:
        query = query.where(Audit.at >= instant(wanted.from_day))
    if wanted.to_day:
        query = query.where(Audit.at < instant(wanted.to_day) + DAY_S)
    return query
