"""The half-hours on AiSEG2's SD card: one ZIP of CSV files, years of them (gateways.md §1d); pure.

A ZIP from a stranger: only members of known names are opened, each up to a size, none that is
packed in an unusual way, and nothing is ever written to disk.
"""

import csv
import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Final

from ingest.drivers.protocol import Outcome, ReadingFailed
from shared.energy.quantities import Quantity
from shared.months import DAY_S, instant
from shared.units import Wh

MOST_ZIP_BYTES: Final = 32_000_000
MOST_CSV_BYTES: Final = 256_000
MOST_MEMBERS: Final = 40_000
HALF_HOUR_S: Final = 1800
MOST_WH: Final = 50_000
"""More than any home's wires carry in half an hour: 100 kW."""
_TIME_COLUMN: Final = "計測日時"
_COLUMNS: Final = {
    Quantity.PV: re.compile(r"太陽光発電\((?:創蓄パワコン|PV\d{1,2})\)"),
    Quantity.EXPORT: re.compile("主幹売電"),
    Quantity.IMPORT: re.compile("主幹買電"),
    Quantity.BATTERY_CHARGE: re.compile("蓄電池充電"),
    Quantity.BATTERY_DISCHARGE: re.compile("蓄電池放電"),
}
_TOKEN = re.compile(
    r"""\bvalue\s{0,5}=\s{0,5}["']?([A-Za-z0-9_.~-]{1,128})["'\s/>]""", re.IGNORECASE
)
_TOKEN_TAG = re.compile(r"""<input\b[^<>]{0,400}""", re.IGNORECASE)
_TOKEN_NAME = re.compile(r"""\bname\s{0,5}=\s{0,5}["']?csrftoken["'\s]""", re.IGNORECASE)
_WH = re.compile(r"\d{1,6}", re.ASCII)
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Moments = tuple[tuple[int, Wh | None], ...]


def find_token(body: bytes) -> str | None:
    """Return the token that the page of the SD card wants back, None where there is none."""
    page = body.decode("utf-8", "replace")
    for tag in _TOKEN_TAG.finditer(page):
        if _TOKEN_NAME.search(tag[0] + " "):
            found = _TOKEN.search(tag[0] + ">")
            return found[1] if found else None
    return None


class Card:
    """The ZIP of an SD card, opened; a day is read when it is asked for."""

    def __init__(self, body: bytes) -> None:
        """Open it; raises ReadingFailed `bad_answer` for what is no ZIP, or too large a one."""
        if body.count(b"PK\x01\x02") > MOST_MEMBERS:
            raise _bad(f"the ZIP of its SD card holds more than {MOST_MEMBERS} files")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, struct.error):
            raise _bad("what it sends for its SD card is no ZIP") from None
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        for member in self._zip.infolist():
            self._members.setdefault(PurePosixPath(member.filename).name, []).append(member)

    def day(self, quantity: Quantity, day: date) -> Moments | None:
        """Return (start, Wh) of the 48 half-hours, None where the card has no such day.

        Raises ReadingFailed `no_channel` where the file has no such column, `bad_answer` where
        it is not what such a file has to be.
        """
        name = f"30minhistory_rc_{day:%Y%m%d}.csv"
        members = self._members.get(name, [])
        if not members:
            return None
        if len(members) > 1:
            raise _bad(f"the ZIP holds {name} twice")
        return decode_half_hours(self._read(name, members[0]), quantity, day)

    def _read(self, name: str, member: zipfile.ZipInfo) -> bytes:
        if member.compress_type not in _PACKED:
            raise _bad(f"{name} is packed in an unusual way")
        try:
            with self._zip.open(member) as file:
                octets = file.read(MOST_CSV_BYTES + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            struct.error,
            EOFError,
            OSError,
            RuntimeError,
            ValueError,
        ):
            # RuntimeError: the member is said to be encrypted
            raise _bad(f"{name} cannot be unpacked") from None
        if len(octets) > MOST_CSV_BYTES:
            raise _bad(f"{name} is longer than {MOST_CSV_BYTES} bytes")
        return octets


def decode_half_hours(octets: bytes, quantity: Quantity, day: date) -> Moments:
    """Return (start, Wh or None) of a day's 48 half-hours out of its file; raises ReadingFailed.

    Generation is the sum of the columns that measure at all that day; a half-hour in which one of
    them says nothing is a hole.
    """
    try:
        rows = list(csv.reader(io.StringIO(octets.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise _bad(f"the file of {day} is no CSV in UTF-8") from None
    header = [_folded(cell) for cell in rows[0]] if rows else []
    if not header or header[0] != _TIME_COLUMN:
        raise _bad(f"the file of {day} does not begin with {_TIME_COLUMN}")
    places = [n for n, name in enumerate(header) if _COLUMNS[quantity].fullmatch(name)]
    if not places:
        raise ReadingFailed(Outcome.NO_CHANNEL, f"the SD card has no column for {quantity}")
    if quantity is not Quantity.PV and len(places) > 1:
        raise _bad(f"the file of {day} has {header[places[0]]} twice")
    slots: dict[int, list[Wh | None]] = {}
    for row in rows[1:]:
        if row:
            at = _start(row[0], day)
            if at in slots:
                raise _bad(f"the file of {day} tells {row[0][:20]} twice")
            slots[at] = [_wh(row, place, day) for place in places]
    measuring = [
        n for n in range(len(places)) if any(told[n] is not None for told in slots.values())
    ]
    start = instant(day)
    return tuple(
        (at, _sum([slots[at][n] for n in measuring]) if at in slots else None)
        for at in range(start, start + DAY_S, HALF_HOUR_S)
    )


def _bad(sentence: str) -> ReadingFailed:
    return ReadingFailed(Outcome.BAD_ANSWER, sentence)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _start(text: str, day: date) -> int:
    """Return the start of a half-hour written 202604120030+0900; raises ReadingFailed."""
    try:
        at = int(datetime.strptime(_folded(text), "%Y%m%d%H%M%z").timestamp())
    except (ValueError, OverflowError):
        raise _bad(f"{text[:40]!r} is no time of a half-hour") from None
    if not 0 <= at - instant(day) < DAY_S or at % HALF_HOUR_S:
        raise _bad(f"{text[:40]!r} is no half-hour of {day}")
    return at


def _wh(row: Sequence[str], place: int, day: date) -> Wh | None:
    """Return one cell, None for `-`; raises ReadingFailed."""
    cell = _folded(row[place]) if place < len(row) else ""
    if cell == "-":
        return None
    if not _WH.fullmatch(cell) or int(cell) > MOST_WH:
        raise _bad(f"the file of {day} has {cell[:40]!r} for Wh")
    return Wh(int(cell))


def _sum(told: Sequence[Wh | None]) -> Wh | None:
    known = [wh for wh in told if wh is not None]
    return Wh(sum(known)) if told and len(known) == len(told) else None
