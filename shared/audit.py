"""Who did what, when: rows that are only ever added."""

import json
from collections.abc import Mapping

from sqlalchemy.orm import Session

from shared.models.operations import Audit


def record(
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
