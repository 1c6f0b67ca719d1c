"""Auth codes: 16 letters that a person reads from paper and types on a telephone."""

import unicodedata
from collections.abc import Callable
from typing import Final

ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""A–Z and a–z without I, l and O, which look like others (decision 27)."""
LENGTH: Final = 16
TYPED_MOST: Final = 64
"""What is typed beyond this is cut off before anything is computed from it."""

_TAKEN_IN: Final = 1024
_HYPHENS: Final = frozenset("ー−⁃~〜")
"""Marks that keyboards give for a hyphen though they are not dashes to Unicode."""


def new_code(choose: Callable[[str], str]) -> str:
    """Return a code of letters that `choose` takes; `secrets.choice` outside tests."""
    return "".join(choose(ALPHABET) for _ in range(LENGTH))


def normalise(typed: str) -> str:
    """Return a code as it is looked up: NFKC, no spaces or hyphens, case kept (security.md R4)."""
    kept = filter(_counts, unicodedata.normalize("NFKC", typed[:_TAKEN_IN]))
    return "".join(kept)[:TYPED_MOST]


def _counts(letter: str) -> bool:
    """Say whether a letter is part of the code, not a space, a dash or something invisible."""
    return not (
        letter.isspace() or letter in _HYPHENS or unicodedata.category(letter) in {"Pd", "Cf", "Cc"}
    )
