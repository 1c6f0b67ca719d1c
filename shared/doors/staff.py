"""What changes about operators: invitation, role, being disabled, password, second step."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared import audit
from shared.doors.operators import ROLES, store_operator
from shared.doors.passwords import hash_password
from shared.doors.sessions import close_sessions_of_operator
from shared.doors.totp import matching_step
from shared.errors import InputRefused, NotFound, Refused
from shared.models.doors import Operator, OperatorLink
from shared.seal import seal, unseal
from shared.tokens import make_token

INVITED_S: Final = 7 * 86_400
RESET_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something to an operator, and when."""

    actor: str
    now: int


def invite(session: Session, secret: str, email: str, role: str, deed: Deed) -> str:
    """Store an operator without a password and return the token of a link to choose one.

    Raises InputRefused for a bad mail or role.
    """
    operator = store_operator(session, email, role, "", deed.now)
    told = {"role": role}
    audit.record(session, deed.now, deed.actor, "operator_invited", operator.email, told)
    return _new_link(session, secret, operator, (deed.now, INVITED_S))


def reset_link(session: Session, secret: str, operator_id: int, deed: Deed) -> str:
    """Return the token of a link with which an operator chooses a new password; audited."""
    operator = _locked(session, operator_id)
    if operator.disabled_at is not None:
        raise Refused(f"operator {operator.email} is disabled", "operator_disabled")
    audit.record(session, deed.now, deed.actor, "password_link", operator.email, {})
    is_new = operator.password_hash == ""
    return _new_link(session, secret, operator, (deed.now, INVITED_S if is_new else RESET_S))


def _new_link(session: Session, secret: str, operator: Operator, span: tuple[int, int]) -> str:
    """Make a link from now on for some seconds; those made before work no longer."""
    now, lives_s = span
    for link in session.scalars(
        select(OperatorLink).where(
            OperatorLink.operator_id == operator.id, OperatorLink.used_at.is_(None)
        )
    ):
        link.used_at = now
    made = OperatorLink(
        operator_id=operator.id,
        token_hash=secrets.token_bytes(32),  # until the row has its id, of which the token is made
        created_at=now,
        expires_at=now + lives_s,
    )
    session.add(made)
    session.flush()
    token = link_token(secret, made)
    made.token_hash = _hashed(token)
    session.flush()
    return token


def link_token(secret: str, link: OperatorLink) -> str:
    """Return the token of a link that has its id; made anew wherever the link is told."""
    seed = f"{link.operator_id}:{link.created_at}:{link.expires_at}"
    return make_token(secret, b"operator", link.id, seed.encode())


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def get_linked(session: Session, token: str, now: int) -> Operator:
    """Return whose link it is; raises NotFound alike for unknown, used and expired ones."""
    return _link(session, token, now)[1]


def _link(session: Session, token: str, now: int) -> tuple[OperatorLink, Operator]:
    link = session.scalar(select(OperatorLink).where(OperatorLink.token_hash == _hashed(token)))
    operator = session.get(Operator, link.operator_id) if link else None
    if link is None or operator is None or link.used_at is not None or now >= link.expires_at:
        raise NotFound("there is no such link")
    if operator.disabled_at is not None:
        raise NotFound("there is no such link")
    return link, operator


def choose_password(session: Session, token: str, password: str, now: int) -> Operator:
    """Set the password by a link, which works once, and end the operator's sessions; audited.

    Raises NotFound for the link and InputRefused for the password.
    """
    link, operator = _link(session, token, now)
    operator.password_hash = hash_password(password)
    link.used_at = now
    close_sessions_of_operator(session, operator.id)
    audit.record(session, now, operator.email, "password_changed", operator.email, {})
    return operator


def change_password(session: Session, operator_id: int, password: str, now: int) -> None:
    """Set the own password and end the operator's sessions everywhere; audited."""
    operator = _locked(session, operator_id)
    operator.password_hash = hash_password(password)
    close_sessions_of_operator(session, operator_id)
    audit.record(session, now, operator.email, "password_changed", operator.email, {})


def change_role(session: Session, operator_id: int, role: str, deed: Deed) -> None:
    """Give an operator another role and end the sessions; the last administrator keeps it."""
    if role not in ROLES:
        raise InputRefused(f"{role!r} is not a role: {', '.join(ROLES)}")
    operator = _locked(session, operator_id)
    if role == operator.role:
        return
    _keep_an_administrator(session, operator)
    told = {"role": [operator.role, role]}
    operator.role = role
    close_sessions_of_operator(session, operator_id)
    audit.record(session, deed.now, deed.actor, "operator_changed", operator.email, told)


def set_disabled(session: Session, operator_id: int, deed: Deed, *, disabled: bool) -> None:
    """Shut an operator out at once, or let them in again; never the last administrator."""
    operator = _locked(session, operator_id)
    if disabled == (operator.disabled_at is not None):
        return
    if disabled:
        _keep_an_administrator(session, operator)
        close_sessions_of_operator(session, operator_id)
    operator.disabled_at = deed.now if disabled else None
    told = {"disabled": [not disabled, disabled]}
    audit.record(session, deed.now, deed.actor, "operator_changed", operator.email, told)


def _keep_an_administrator(session: Session, operator: Operator) -> None:
    """Raise Refused where nobody else could administrate."""
    if operator.role != "admin" or operator.disabled_at is not None:
        return
    others = select(func.count(Operator.id)).where(
        Operator.role == "admin",
        Operator.disabled_at.is_(None),
        Operator.password_hash != "",
        Operator.id != operator.id,
    )
    if not session.scalar(others):
        raise Refused(f"{operator.email} is the last administrator", "last_admin")


def enrol_totp(session: Session, key: str, operator_id: int, secret: str, deed: Deed) -> None:
    """Keep the secret of an operator's second step, sealed; audited."""
    operator = _locked(session, operator_id)
    operator.totp_sealed = seal(key, secret, _bound(operator_id))
    operator.totp_step = 0
    audit.record(session, deed.now, deed.actor, "totp_enrolled", operator.email, {})


def remove_totp(session: Session, operator_id: int, deed: Deed) -> None:
    """Let an operator come in without a second step, as when the phone is lost; audited."""
    operator = _locked(session, operator_id)
    operator.totp_sealed = None
    audit.record(session, deed.now, deed.actor, "totp_removed", operator.email, {})


def totp_fits(session: Session, key: str, operator_id: int, typed: str, now: int) -> bool:
    """Say whether the digits of now were typed, and let them count only once."""
    operator = _locked(session, operator_id)
    if operator.totp_sealed is None:
        return False
    secret = unseal(key, operator.totp_sealed, _bound(operator_id))
    step = matching_step(secret, typed, now, operator.totp_step)
    if step is None:
        return False
    operator.totp_step = step
    return True


def seal_offer(key: str, secret: str, operator_id: int) -> bytes:
    """Return a secret offered for enrolment, which only this operator can send back."""
    return seal(key, secret, _bound(operator_id) + " offered")


def unseal_offer(key: str, sealed: bytes, operator_id: int) -> str:
    """Return an offered secret; raises SealBroken for anything else."""
    return unseal(key, sealed, _bound(operator_id) + " offered")


def _bound(operator_id: int) -> str:
    return f"totp of operator {operator_id}"


def get_operator(session: Session, operator_id: int) -> Operator:
    """Return an operator; raises NotFound."""
    operator = session.get(Operator, operator_id)
    if operator is None:
        raise NotFound(f"there is no operator {operator_id}")
    return operator


def _locked(session: Session, operator_id: int) -> Operator:
    query = select(Operator).where(Operator.id == operator_id).with_for_update()
    operator = session.scalar(query)
    if operator is None:
        raise NotFound(f"there is no operator {operator_id}")
    return operator
