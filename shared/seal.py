"""Auth codes at rest: a keyed index to find them, and a sealed copy for the operator.

A stolen database alone tells nothing (security.md T2); the keys come from PPA_CODE_KEY.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import Refused

_KEY_ID: Final = 4
_NONCE: Final = 12


class SealBroken(Refused):
    """A sealed code does not open under this key for this customer."""

    def __init__(self, sentence: str = "") -> None:
        """Keep the sentence; the pages know it by one name."""
        super().__init__(sentence, "seal_broken")


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    index: bytes
    show: bytes
    name: bytes
    person: bytes


@lru_cache(maxsize=8)
def _keys(secret: str) -> _Keys:
    """Derive one key for each use, so that none tells anything about another."""
    return _Keys(
        _derive(secret, b"ppa code index", 32),
        _derive(secret, b"ppa code seal", 32),
        _derive(secret, b"ppa code key id", _KEY_ID),
        _derive(secret, b"ppa bill person", 32),
    )


def _derive(secret: str, purpose: bytes, length: int) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose)
    return hkdf.derive(secret.encode())


def code_index(key: str, code: str) -> bytes:
    """Return the HMAC-SHA-256 by which a code is found; the code is normalised already."""
    return hmac.new(_keys(key).index, code.encode(), hashlib.sha256).digest()


def person_digest(key: str, name: str, address: str) -> str:
    """Return the keyed digest of whom a bill was issued to (decision 24)."""
    told = f"{name}\n{address}".encode()
    return hmac.new(_keys(key).person, told, hashlib.sha256).hexdigest()


def seal(key: str, code: str, customer_no: str) -> bytes:
    """Return key id, nonce and AES-256-GCM text of a code, bound to its customer."""
    keys, nonce = _keys(key), os.urandom(_NONCE)
    return keys.name + nonce + AESGCM(keys.show).encrypt(nonce, code.encode(), _bound(customer_no))


def unseal(key: str, sealed: bytes, customer_no: str) -> str:
    """Return the code; raises SealBroken for another key, another customer or a changed byte."""
    keys = _keys(key)
    name, nonce, text = sealed[:_KEY_ID], sealed[_KEY_ID:][:_NONCE], sealed[_KEY_ID + _NONCE :]
    if name != keys.name:
        raise SealBroken("PPA_CODE_KEY: the code was sealed under another key")
    try:
        return AESGCM(keys.show).decrypt(nonce, text, _bound(customer_no)).decode()
    except (InvalidTag, ValueError) as error:
        raise SealBroken(f"the sealed code of customer {customer_no} is not theirs") from error


def _bound(customer_no: str) -> bytes:
    return customer_no.encode()
