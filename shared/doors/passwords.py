"""Passwords of operators, kept as argon2id (security.md T8: 19 MiB, 2 passes, 1 lane)."""

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from shared.errors import InputRefused

MIN_LENGTH = 15
MAX_LENGTH = 256

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_DECOY = _hasher.hash("no operator has this hash")


def hash_password(password: str) -> str:
    """Return the argon2id text to store; raises InputRefused for one too short or too long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InputRefused(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    return _hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Say whether a password fits; `None` (no such operator) costs the same time and is no."""
    try:
        _hasher.verify(stored or _DECOY, password[: MAX_LENGTH + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None
