"""The second step of an operator's login: six digits of a clock (RFC 6238, SHA-1, 30 seconds)."""

import base64
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import quote

STEP_S: Final = 30
DIGITS: Final = 6
AROUND: Final = (0, -1, 1)
"""Steps that count: this one, and one before or after for clocks that differ."""
_SECRET_BYTES: Final = 20


def new_secret() -> str:
    """Return a fresh secret of 160 bits in base32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def code_at(secret: str, step: int) -> str:
    """Return the six digits of a step (RFC 4226 §5.3)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: str, typed: str, now: int, after: int) -> int | None:
    """Return the step whose digits were typed; one up to `after` was used and counts no more."""
    digits = "".join(typed.split())
    for around in AROUND:
        step = now // STEP_S + around
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), digits.encode()):
            return step
    return None


def enrolment_uri(secret: str, email: str, issuer: str) -> str:
    """Return the address that an authenticator app reads from a QR code."""
    label = f"{quote(issuer)}:{quote(email)}"
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}"
