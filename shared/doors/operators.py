"""The people of the back office and their passwords."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.doors.passwords import hash_password, matches
from shared.errors import InputRefused, NotFound, Refused
from shared.models.doors import Operator

ROLES = ("viewer", "billing", "admin")


class LoginRefused(Refused):
    """The login is wrong in some way that is not told (security.md T3)."""


def add_operator(session: Session, email: str, role: str, password: str, now: int) -> Operator:
    """Store a new operator; raises InputRefused for a bad mail, role or password."""
    return store_operator(session, email, role, hash_password(password), now)


def store_operator(
    session: Session, email: str, role: str, password_hash: str, now: int
) -> Operator:
    """Store a new operator with a hash, blank for one who has still to choose a password.

    Raises InputRefused for a bad mail or role.
    """
    address = _mail(email)
    if role not in ROLES:
        raise InputRefused(f"{role!r} is not a role: {', '.join(ROLES)}")
    if session.scalar(select(Operator.id).where(Operator.email == address)):
        raise InputRefused(f"operator {address} exists already")
    operator = Operator(email=address, role=role, password_hash=password_hash, created_at=now)
    session.add(operator)
    session.flush()
    return operator


def _mail(email: str) -> str:
    address = email.strip().lower()
    local, at, domain = address.partition("@")
    if not (local and at and domain) or any(sign.isspace() for sign in address):
        raise InputRefused(f"{email!r} is not a mail address")
    return address


def find_operators(session: Session) -> list[Operator]:
    """Return all operators by mail address."""
    return list(session.scalars(select(Operator).order_by(Operator.email)))


def get_operator_by_login(session: Session, email: str, password: str) -> Operator:
    """Return the operator whom mail and password fit; raises LoginRefused, whatever is wrong."""
    operator = session.scalar(select(Operator).where(Operator.email == email.strip().lower()))
    fits = matches(password, operator.password_hash if operator else None)
    if operator is None or not fits or operator.disabled_at is not None:
        raise LoginRefused("the mail address or the password is wrong")
    return operator


def get_operator_by_mail(session: Session, email: str) -> Operator:
    """Return the operator of a mail address that somebody vouches for; raises LoginRefused."""
    operator = session.scalar(select(Operator).where(Operator.email == email.strip().lower()))
    if operator is None or operator.disabled_at is not None:
        raise LoginRefused("there is no such operator")
    return operator


def password_fits(session: Session, operator_id: int, password: str) -> bool:
    """Say whether a signed-in operator typed the own password again (decision 29)."""
    operator = session.get(Operator, operator_id)
    if operator is None:
        raise NotFound("there is no such operator")
    return matches(password, operator.password_hash)
