"""Search parameters from the address: a bad one counts as absent, and the page says so."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flask import g, request

from shared.errors import ValueRefused
from shared.months import Month

SIZES = (20, 50, 100)
MAX_PAGE = 1_000_000
_INSTANT = re.compile(r"\d{1,12}", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)


def word(name: str, longest: int = 100) -> str:
    """Return a search word, trimmed and cut."""
    return request.args.get(name, "").strip()[:longest]


def whole(name: str) -> int | None:
    """Return a whole number, commas allowed, or None."""
    text = _plain(name).replace(",", "")
    if _WHOLE.fullmatch(text):
        return int(text)
    _note_unread(name)
    return None


def whole_instant(name: str) -> int | None:
    """Return a UTC second, or None."""
    text = request.args.get(name, "")
    return int(text) if _INSTANT.fullmatch(text) else None


def calendar_day(name: str) -> date | None:
    """Return a day written 2024-01-16, or None."""
    text = _plain(name).replace("/", "-")
    try:
        if len(text) == len("2024-01-16"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    _note_unread(name)
    return None


def billing_month(name: str) -> Month | None:
    """Return a month written 2024-01, or None."""
    try:
        return Month.parse(_plain(name))
    except ValueRefused:
        _note_unread(name)
        return None


def unread() -> dict[str, str]:
    """Return the parameters that were given and could not be read, with what was given."""
    found: dict[str, str] = g.get("unread", {})
    return found


def _plain(name: str) -> str:
    """Return a parameter trimmed, its wide digits made plain."""
    return unicodedata.normalize("NFKC", request.args.get(name, "")).strip()


def _note_unread(name: str) -> None:
    """Note that a parameter counts as absent, if it was given."""
    given = word(name)
    if given:
        g.setdefault("unread", {})[name] = given


def choice(name: str, allowed: tuple[str, ...]) -> str | None:
    """Return a word that is one of those allowed, or None."""
    text = request.args.get(name, "")
    return text if text in allowed else None


def sort_key(keys: tuple[str, ...], default: str) -> str:
    """Return `KEY` or `-KEY` for a known key, else the default."""
    text = request.args.get("sort", "")
    return text if text.removeprefix("-") in keys else default


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows of a list are shown; `page` from 1."""

    page: int
    size: int

    @property
    def offset(self) -> int:
        """Return how many rows come before."""
        return (self.page - 1) * self.size


def asked_slice() -> Slice:
    """Return the page asked for: size 1 to 100, 20 where nothing is said."""
    page, size = whole("page"), whole("size")
    return Slice(
        page if page is not None and 1 <= page <= MAX_PAGE else 1,
        size if size is not None and 1 <= size <= max(SIZES) else SIZES[0],
    )


def with_args(**changes: object) -> str:
    """Return this address with some search parameters changed; None takes one away."""
    kept = [(key, text) for key, text in request.args.items() if key not in changes and text]
    kept += [(key, str(new)) for key, new in changes.items() if new is not None]
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


@dataclass(frozen=True, slots=True)
class Pager:
    """The foot of a list: which rows of how many, and where the other pages are."""

    shown: Slice
    total: int

    @property
    def last_page(self) -> int:
        """Return the number of the last page, at least 1."""
        return max(1, -(-self.total // self.shown.size))

    @property
    def first_row(self) -> int:
        """Return the number of the first row shown, 0 where there is none."""
        return min(self.shown.offset + 1, self.total)

    @property
    def last_row(self) -> int:
        """Return the number of the last row shown."""
        return min(self.shown.offset + self.shown.size, self.total)

    def pages(self) -> list[int]:
        """Return the page numbers near this one, with the first and the last."""
        near = range(max(1, self.shown.page - 2), min(self.last_page, self.shown.page + 2) + 1)
        return sorted({1, *near, self.last_page})


def query_string() -> str:
    """Return this address's search parameters with their question mark, for its CSV file."""
    return with_args(page=None, size=None).removeprefix(request.path)
