"""The operator's sign at the head of documents: a small PNG, kept in the database."""

import io
import zlib
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from shared import audit
from shared.errors import InputRefused
from shared.models.documents import Logo

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_BYTES: Final = 40_000
MOST_SET_BYTES: Final = 30_000
"""What it may take inside a document, which stays under 100 KB with it."""
MOST_PIXELS: Final = 2000


def set_logo(session: Session, content: bytes, *, now: int, actor: str) -> None:
    """Keep the logo of the bills that are issued from now on; empty content is none any more.

    Raises InputRefused for anything but a PNG of at most 40 KB and 2000 pixels a side, and for one
    that gets larger than MOST_SET_BYTES in a document.
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
            taken = _set_bytes(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InputRefused("logo: not a readable PNG") from None
    if taken > MOST_SET_BYTES:
        raise InputRefused(
            f"logo: takes {taken} bytes in a document, at most {MOST_SET_BYTES}; "
            "fewer pixels or fewer colours help"
        )


def _set_bytes(picture: "Picture") -> int:
    """Return what a picture takes in a PDF: its bare pixels, deflated without a PNG's filters."""
    seen = picture.convert("RGBA")
    colours, alpha = seen.convert("RGB").tobytes(), seen.getchannel("A").tobytes()
    return sum(len(zlib.compress(plane)) for plane in (colours, alpha))
