"""Mail addresses fit for an envelope: exactly one, in ASCII, without room for a second header."""

import re

from shared.errors import ValueRefused

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}@{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_MOST = 254


def is_address(text: str) -> bool:
    """Say whether a text is one address and nothing else."""
    return len(text) <= _MOST and _ADDRESS.fullmatch(text) is not None


def require_address(text: str) -> str:
    """Return an address as it is; raises ValueRefused for anything else."""
    if not is_address(text):
        raise ValueRefused(f"{text[:80]!r} is not a mail address")
    return text
