"""The head of a paper: the operator's rows and sign."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.models.documents import Logo


def operator_rows(told: Mapping[str, Any], t_number: str | None = None) -> dict[str, Any]:
    """Return the operator's name and the rows under it, of settings or of what was kept.

    What is not set has no row.
    """
    postal = told["operator_postal_code"].removeprefix("〒")
    place = " ".join(filter(None, (f"〒{postal}" if postal else "", told["operator_address"])))
    rows = (
        f"登録番号 {t_number}" if t_number else "",
        place,
        f"電話 {told['operator_tel']}" if told["operator_tel"] else "",
        told["operator_email"],
    )
    return {"name": told["operator_name"], "rows": [row for row in rows if row]}


def logo_numbers(session: Session, logo_id: int | None) -> list[int] | None:
    """Return the PNG of a logo as numbers, which is what Typst takes for bytes."""
    content = session.scalar(select(Logo.content).where(Logo.id == logo_id)) if logo_id else None
    return list(content) if content else None
