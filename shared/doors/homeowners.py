"""Login by code: one look into an index of keyed digests (security.md T2, T3)."""

import hashlib
import hmac
import re
import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.doors.sessions import may_read
from shared.models.customers import Customer

LONGEST = 64
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212\u30fc]")


def normalised(text: str) -> str:
    """Return a typed code without spaces, hyphens and full-width letters; case counts."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text[: LONGEST * 4]))[:LONGEST]


def code_index(code_key: str, code: str) -> bytes:
    """Return the keyed digest under which a code is found."""
    key = hmac.digest(code_key.encode(), b"code index", "sha256")
    return hmac.digest(key, code.encode("utf-8", "replace"), hashlib.sha256)


def find_homeowner_by_code(
    session: Session, code_key: str, typed: str, now: int
) -> Customer | None:
    """Return whose code was typed; None for unknown, malformed and too long archived alike."""
    digest = code_index(code_key, normalised(typed))
    customer = session.scalar(select(Customer).where(Customer.code_index == digest))
    return customer if customer is not None and may_read(customer, now) else None
