"""Sessions as rows: a browser holds a random id, the database its hash (security.md T5, R6)."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.orm import Session

from shared.db import rows_of
from shared.models.customers import Customer
from shared.models.doors import Operator, WebSession
from shared.models.invoices import Invoice
from shared.models.mail import BillLink
from shared.months import DAY_S, instant

ARCHIVED_READS_S = 365 * DAY_S
"""Who left or was archived may read for 12 months (decision 30)."""

TOUCH_S = 60
"""Uses within a minute are noted once."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lives without being used, and at most, in seconds."""

    idle_s: int
    absolute_s: int


HOMEOWNER = Lifetime(idle_s=30 * DAY_S, absolute_s=90 * DAY_S)
OPERATOR = Lifetime(idle_s=30 * 60, absolute_s=12 * 3600)
MAILED_BILL = Lifetime(idle_s=30 * 60, absolute_s=30 * 60)
"""A session that a mailed link opened (security.md T6)."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is signed in: a homeowner (customer_id) or an operator (operator_id with a role).

    With `bill_no` a mailed link let somebody in to read that bill and nothing else. `has_totp`
    says whether an operator comes in with a second step.
    """

    token: str
    session_id: int
    seen_at: int
    name: str
    customer_id: int | None = None
    operator_id: int | None = None
    role: str = ""
    bill_no: str | None = None
    has_totp: bool = False

    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """Return what the browser's cookie carries."""
        return self.token


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def open_homeowner_session(session: Session, customer_id: int, address: str, now: int) -> str:
    """Store a new session of a customer and return the browser's 256-bit id."""
    return _open(session, HOMEOWNER, WebSession(customer_id=customer_id, address=address), now)


def open_operator_session(session: Session, operator_id: int, address: str, now: int) -> str:
    """Store a new session of an operator and return the browser's 256-bit id."""
    return _open(session, OPERATOR, WebSession(operator_id=operator_id, address=address), now)


def open_bill_session(session: Session, link: BillLink, address: str, now: int) -> str:
    """Store a session that reads one bill for 30 minutes and return the browser's 256-bit id."""
    customer_id = session.get_one(Invoice, link.invoice_id).customer_id
    row = WebSession(customer_id=customer_id, bill_link_id=link.id, address=address)
    return _open(session, MAILED_BILL, row, now)


def _open(session: Session, lifetime: Lifetime, row: WebSession, now: int) -> str:
    token = secrets.token_urlsafe(32)
    session.execute(delete(WebSession).where(WebSession.expires_at <= now))
    row.id_hash = _hashed(token)
    row.created_at = row.seen_at = now
    row.expires_at = now + lifetime.absolute_s
    session.add(row)
    session.flush()
    return token


_HASH: Final = WebSession.id_hash == bindparam("id_hash")
_SESSION: Final = (
    WebSession.id, WebSession.seen_at, WebSession.expires_at, WebSession.bill_link_id,
)  # fmt: skip
_HOMEOWNER: Final = (
    select(
        *_SESSION, Customer.id.label("customer_id"), Customer.name, Customer.disabled_at,
        Customer.left_on, Customer.archived_at,
    )
    .join(Customer, Customer.id == WebSession.customer_id)
    .where(_HASH)
)  # fmt: skip
_OPERATOR: Final = (
    select(
        *_SESSION, Operator.id.label("operator_id"), Operator.email, Operator.role,
        Operator.disabled_at, Operator.totp_sealed.is_not(None).label("has_totp"),
    )
    .join(Operator, Operator.id == WebSession.operator_id)
    .where(_HASH)
)  # fmt: skip
"""Put together once, as every page asks one of them first."""


def find_homeowner(session: Session, token: str, now: int) -> Principal | None:
    """Return the homeowner of a live session; one who left is out at once."""
    row = _find_live(session, _HOMEOWNER, token, HOMEOWNER, now)
    if row is None or not may_read(row, now):
        return None
    bill_no = None
    if row.bill_link_id is not None:
        bill_no = _find_bill_of_link(session, row.bill_link_id)
        if bill_no is None:
            return None
    return Principal(
        token, row.id, row.seen_at, row.name, customer_id=row.customer_id, bill_no=bill_no
    )


def _find_bill_of_link(session: Session, link_id: int) -> str | None:
    """Return the number of a link's bill; None where the link was revoked meanwhile."""
    return session.scalar(
        select(Invoice.invoice_no)
        .join(BillLink, BillLink.invoice_id == Invoice.id)
        .where(BillLink.id == link_id, BillLink.revoked_at.is_(None))
    )


def may_read(customer: Customer, now: int) -> bool:
    """Say whether a customer may sign in: for 12 months after leaving or being archived.

    One who is disabled is out at once (decision 30).
    """
    if customer.disabled_at is not None:
        return False
    left_at = instant(customer.left_on) + DAY_S if customer.left_on else None
    ends = [at for at in (customer.archived_at, left_at) if at is not None]
    return not ends or now < min(ends) + ARCHIVED_READS_S


def find_operator(session: Session, token: str, now: int) -> Principal | None:
    """Return the operator of a live session; a disabled one is out at once."""
    row = _find_live(session, _OPERATOR, token, OPERATOR, now)
    if row is None or row.disabled_at is not None:
        return None
    return Principal(
        token,
        row.id,
        row.seen_at,
        row.email,
        operator_id=row.operator_id,
        role=row.role,
        has_totp=row.has_totp,
    )


def _find_live(
    session: Session, question: Select[*tuple[Any, ...]], token: str, lifetime: Lifetime, now: int
) -> Any:  # noqa: ANN401 - a row of the question, or None
    for row in rows_of(session, question, {"id_hash": _hashed(token)}):
        if now < row.expires_at and now < row.seen_at + lifetime.idle_s:
            return row
    return None


def touch_session(session: Session, session_id: int, now: int) -> None:
    """Note that a session is in use, so that it does not end for idleness."""
    session.execute(update(WebSession).where(WebSession.id == session_id).values(seen_at=now))


def close_session(session: Session, session_id: int) -> None:
    """Sign one browser out."""
    session.execute(delete(WebSession).where(WebSession.id == session_id))


def find_sessions_of_customer(session: Session, customer_id: int, now: int) -> list[WebSession]:
    """Return where a customer is signed in, the newest use first; mailed links are left out."""
    rows = session.scalars(
        select(WebSession)
        .where(
            WebSession.customer_id == customer_id,
            WebSession.bill_link_id.is_(None),
            WebSession.expires_at > now,
            WebSession.seen_at > now - HOMEOWNER.idle_s,
        )
        .order_by(WebSession.seen_at.desc(), WebSession.id.desc())
    )
    return list(rows)


def close_own_session(session: Session, customer_id: int, session_id: int) -> None:
    """Sign one of a customer's browsers out; another's is left alone."""
    session.execute(
        delete(WebSession).where(WebSession.id == session_id, WebSession.customer_id == customer_id)
    )


def close_sessions_of_customer(session: Session, customer_id: int) -> None:
    """Sign a customer out everywhere, as when the code is issued anew."""
    session.execute(delete(WebSession).where(WebSession.customer_id == customer_id))


def close_sessions_of_operator(session: Session, operator_id: int) -> None:
    """Sign an operator out everywhere, as when the role changes."""
    session.execute(delete(WebSession).where(WebSession.operator_id == operator_id))
