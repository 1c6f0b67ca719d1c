"""HTTP Digest as the browser does it, for one device and one password (RFC 7616, RFC 2617)."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.request import parse_http_list

from ingest.drivers.protocol import Outcome, ReadingFailed

_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256"}
_PLAIN = re.compile(r"[ !#-\[\]-~]*", re.ASCII)
"""What can stand between quotes in our own header."""
_QUOTED: Final = ("username", "realm", "nonce", "uri", "response", "opaque", "cnonce")


class DigestDoor:
    """Signs requests with a password; once that was refused nothing is asked any more.

    A wrong password is tried once: devices lock their door after a few (gateways.md §5 rule 8).
    """

    def __init__(self, user: str, password: str) -> None:
        """Begin without a challenge."""
        self._user, self._password = user, password
        self._challenge: Mapping[str, str] | None = None
        self._count = 0
        self._refused: ReadingFailed | None = None

    def check(self) -> None:
        """Raise ReadingFailed `auth_failed` where the password was refused before."""
        if self._refused:
            raise self._refused

    def sign(self, method: str, target: str) -> list[tuple[str, str]]:
        """Return the header that signs a request, none before the first challenge."""
        if self._challenge is None:
            return []
        self._count += 1
        fields = _signed(
            self._challenge, (self._user, self._password), (method, target), self._count
        )
        words = (f'{k}="{v}"' if k in _QUOTED else f"{k}={v}" for k, v in fields.items())
        return [("Authorization", "Digest " + ", ".join(words))]

    def challenged(self, headers: Iterable[str], *, is_retry: bool) -> None:
        """Take the challenge of a 401; raises ReadingFailed where it answers our own signature.

        `headers` are those named WWW-Authenticate; a signature that rests on an older challenge
        may simply be stale, so only one made for this very challenge proves the password wrong.
        """
        if is_retry:
            self._refuse("the password was refused; it is not tried again")
        if not self._password:
            self._refuse("it asks for a password, and none is stored")
        self._challenge, self._count = _read(headers), 0

    def _refuse(self, sentence: str) -> None:
        self._refused = ReadingFailed(Outcome.AUTH_FAILED, sentence)
        raise self._refused


def _read(headers: Iterable[str]) -> dict[str, str]:
    """Return the first Digest challenge that we can answer; raises ReadingFailed."""
    for header in headers:
        scheme, _, rest = header.strip().partition(" ")
        if scheme.lower() != "digest":
            continue
        pairs = [pair.partition("=") for pair in parse_http_list(rest)]
        challenge = {name.strip().lower(): _unquoted(text) for name, _, text in pairs}
        offered = [word.strip() for word in challenge.get("qop", "auth").split(",")]
        if (
            challenge.get("nonce")
            and challenge.get("algorithm", "MD5").upper() in _HASHES
            and "auth" in offered
            and all(_PLAIN.fullmatch(text) for text in challenge.values())
        ):
            return challenge
    raise ReadingFailed(Outcome.BAD_ANSWER, "it asks for a sign-in other than HTTP Digest")


def _unquoted(text: str) -> str:
    inside = text.strip()
    return inside[1:-1] if inside[:1] == inside[-1:] == '"' else inside


def _signed(
    challenge: Mapping[str, str], who: tuple[str, str], request: tuple[str, str], count: int
) -> dict[str, str]:
    name = challenge.get("algorithm", "MD5").upper()

    def digest(*words: str) -> str:
        hashed = hashlib.new(_HASHES[name], ":".join(words).encode(), usedforsecurity=False)
        return hashed.hexdigest()

    user, password = who
    method, target = request
    realm, nonce = challenge.get("realm", ""), challenge["nonce"]
    secret, asked = digest(user, realm, password), digest(method, target)
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    if "qop" in challenge:
        nc, cnonce = f"{count:08x}", secrets.token_hex(8)
        proof = digest(secret, nonce, nc, cnonce, "auth", asked)
        fields |= {"qop": "auth", "nc": nc, "cnonce": cnonce}
    else:
        proof = digest(secret, nonce, asked)
    fields |= {"response": proof, "algorithm": name}
    return fields | ({"opaque": challenge["opaque"]} if "opaque" in challenge else {})
