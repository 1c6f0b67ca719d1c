"""Tokens of mailed links: made anew of a secret and the row of their link, so that none is kept."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@lru_cache(maxsize=8)
def _key(secret: str, purpose: bytes) -> bytes:
    """Derive the key of one kind of token from PPA_SECRET_KEY."""
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"ppa link " + purpose)
    return hkdf.derive(secret.encode())


def make_token(secret: str, purpose: bytes, link_id: int, nonce: bytes) -> str:
    """Return the 43 URL-safe characters of a link: HMAC-SHA-256 of its id and nonce."""
    told = link_id.to_bytes(8, "big") + nonce
    digest = hmac.new(_key(secret, purpose), told, hashlib.sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
