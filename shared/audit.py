"""Who did what, when: rows that are only ever added."""

import json
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.models.operations import Audit


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


def find_audit(session: Session, limit: int, offset: int) -> tuple[list[Audit], int]:
    """Return one page of the trail, newest first, and how many rows there are."""
    rows = session.scalars(select(Audit).order_by(Audit.id.desc()).limit(limit).offset(offset))
    return list(rows), session.scalar(select(func.count(Audit.id))) or 0
