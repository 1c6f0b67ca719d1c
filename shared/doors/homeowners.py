"""Login by code: one look into an index of keyed digests (security.md T2, T3)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.codes import normalise
from shared.doors.sessions import may_read
from shared.models.customers import Customer
from shared.seal import code_index


def find_homeowner_by_code(
    session: Session, code_key: str, typed: str, now: int
) -> Customer | None:
    """Return whose code was typed; None alike for unknown, malformed and long archived."""
    digest = code_index(code_key, normalise(typed))
    customer = session.scalar(select(Customer).where(Customer.code_index == digest))
    return customer if customer is not None and may_read(customer, now) else None
