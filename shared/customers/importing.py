"""Customers from a CSV file: all of it, or nothing of it."""

from dataclasses import dataclass
from typing import Final

from shared.csvfile import Limits, Problems, read_rows, unguarded
from shared.csvfile.opening import Source, find_encoding, opener
from shared.customers.entries import Entry, EntryRefused, parse_entry
from shared.customers.sheet import HEADERS, OPTIONAL, REQUIRED

ROWS_MOST: Final = 200_000
_LIMITS: Final = Limits(rows=ROWS_MOST, size=200 * 10**6, several_lines=frozenset({"各種情報"}))
_FIELDS: Final = tuple(HEADERS.values())
_HEADER_OF: Final = {field: header for header, field in HEADERS.items()}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file states: the good rows, and what is wrong with the others."""

    entries: list[Entry]
    problems: Problems


def read_customers(source: Source, name: str, prefix: str) -> Sheet:
    """Read a customers' file; `prefix` is the setting customer_no_prefix.

    Every bad row is in `problems`; raises FileRefused for a fault of the whole file.
    """
    problems = Problems(name, most=ROWS_MOST)
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for line, cells in read_rows(
        source, name, REQUIRED, OPTIONAL, problems=problems, limits=_LIMITS
    ):
        entry = _entry(line, cells, prefix, problems)
        if entry is None:
            continue
        first = seen.setdefault(entry.customer_no, line)
        if first == line:
            entries.append(entry)
        else:
            sentence = f"{entry.customer_no} stands already on line {first}"
            problems.add(line, "顧客番号", sentence, "twice", str(first))
    return Sheet(entries, problems)


def encoding_of(source: bytes, name: str) -> str:
    """Return the encoding that a file is in; raises FileRefused where it is neither."""
    return find_encoding(opener(source, name), name, _LIMITS.size)


def _entry(
    line: int, cells: tuple[str | None, ...], prefix: str, problems: Problems
) -> Entry | None:
    pairs = zip(_FIELDS, cells, strict=True)
    given = {field: unguarded(cell) for field, cell in pairs if cell is not None}
    try:
        return parse_entry(given, prefix)
    except EntryRefused as refused:
        for field, sentence in refused.problems.items():
            problems.add(line, _HEADER_OF[field], sentence, field, given.get(field, ""))
        return None
