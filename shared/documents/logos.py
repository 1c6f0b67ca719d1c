"""The operator's sign at the head of documents: a small PNG, kept in the database."""

import io
from typing import Final

from sqlalchemy.orm import Session

from shared import audit
from shared.errors import InputRefused
from shared.models.documents import Logo

MOST_BYTES: Final = 40_000
"""A document stays under 100 KB with it."""
MOST_PIXELS: Final = 2000


def set_logo(session: Session, content: bytes, *, now: int, actor: str) -> None:
    """Keep the logo of the bills that are issued from now on; empty content is none any more.

    Raises InputRefused for anything but a PNG of at most 40 KB and 2000 pixels a side.
    """
    if content:
        _check(content)
    session.add(Logo(content=content, recorded_at=now, recorded_by=actor))
    audit.record(session, now, actor, "logo_set", "logo", {"bytes": len(content)})


def _check(content: bytes) -> None:
    from PIL import Image

    if len(content) > MOST_BYTES:
        raise InputRefused(f"logo: {len(content)} bytes; at most {MOST_BYTES}")
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            if max(picture.size) > MOST_PIXELS:
                raise InputRefused(f"logo: {max(picture.size)} pixels; at most {MOST_PIXELS}")
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InputRefused("logo: not a readable PNG") from None
