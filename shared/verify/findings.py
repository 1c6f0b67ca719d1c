"""What `ppa verify` says where an invariant does not hold."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold (security.md 3.1), for what, and how it shows."""

    invariant: str
    subject: str
    detail: str


Progress = Callable[[int, int], object]
