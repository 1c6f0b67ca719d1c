"""Rows of a CSV file with the line on which each begins, or a sentence for every fault."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from shared.csvfile.opening import (
    Fault,
    FileRefused,
    Source,
    find_encoding,
    opener,
    told,
    whole_fault,
)

Cells = tuple[str | None, ...]
"""A row's cells in the declared order of columns; None where the file has no such column."""

FIELD_MOST: Final = 10_000
"""The most characters in a cell."""
_SHOWN: Final = 40

_CONTROL: Final = re.compile("[\0-\x1f\x7f-\x9f]")
_CONTROL_IN_LINES: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""In a cell of several lines, line breaks and tabs are text."""

csv.field_size_limit(FIELD_MOST)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be, and which of its columns may hold several lines."""

    rows: int = 10_000_000
    size: int = 2 * 10**9
    several_lines: frozenset[str] = frozenset()


class Problems:
    """What is wrong with a file; gives up at `most` sentences."""

    def __init__(self, name: str, most: int = 20) -> None:
        """Begin without a problem in the file of that name."""
        self.name = name
        self._most = most
        self._sentences: list[str] = []
        self.faults: list[Fault] = []
        self.lines: set[int] = set()

    def add(
        self, line: int, column: str, sentence: str, kind: str = "cell", cell: str = ""
    ) -> None:
        """Note a fault of a row, or with a column's header of its cell, and what stood there."""
        self.faults.append(Fault(kind, line, column, cell))
        place = f"{self.name}, line {line}, {column}" if column else f"{self.name}, line {line}"
        self._sentences.append(f"{place}: {sentence}")
        self.lines.add(line)
        if len(self._sentences) >= self._most:
            sentence = f"{self.name}: too many faults, reading stopped"
            raise FileRefused([*self._sentences, sentence], [*self.faults, Fault("too_many")])

    def refusal(self) -> FileRefused:
        """Return what is to be raised for all that was noted."""
        return FileRefused(list(self._sentences), self.faults)

    def check(self) -> None:
        """Raise FileRefused where anything was noted."""
        if self._sentences:
            raise self.refusal()


def read_rows(  # noqa: PLR0913 - four say what the file is, two how to treat it
    source: Source,
    name: str,
    required: Sequence[str],
    optional: Sequence[str] = (),
    *,
    problems: Problems | None = None,
    limits: Limits | None = None,
) -> Iterator[tuple[int, Cells]]:
    """Yield (line, cells) for each row, with cells in the order of `required`, then `optional`.

    Raises FileRefused at once for a fault of the whole file or its header. Faults of rows go to
    the caller's `problems` and their rows are left out; without one they are raised at the end.
    """
    limits, noted = limits or Limits(), problems or Problems(name)
    declared = [*required, *optional]
    open_file = opener(source, name)
    encoding = find_encoding(open_file, name, limits.size)
    with told(name), io.TextIOWrapper(open_file(), encoding, newline="") as text:
        rows = _numbered(csv.reader(text, strict=True), noted)
        header = _header(rows, name, required, declared)
        yield from _picked(rows, header, declared, noted, limits)
    if problems is None:
        noted.check()


def _numbered(reader: Any, noted: Problems) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401
    """Yield each row that is not an empty line with the line on which it begins."""
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        noted.add(line, "", _sentence(error), "quotes")
        raise noted.refusal() from error


def _sentence(error: csv.Error) -> str:
    reason = str(error)
    if "field limit" in reason:
        return f"a cell has more than {FIELD_MOST} characters"
    if "unexpected end" in reason:
        return "a quotation mark is opened and never closed"
    return f"the quotation marks do not fit ({reason})"


def _header(
    rows: Iterator[tuple[int, list[str]]], name: str, required: Sequence[str], declared: list[str]
) -> list[str]:
    """Return the header, in which every column is known, stands once, and none is missing."""
    line, header = next(rows, (1, []))
    if not header:
        raise whole_fault(f"{name}: the file is empty", "empty")
    noted = Problems(name, most=len(header) + len(declared) + 1)
    for place, column in enumerate(header):
        if column not in declared:
            shown = _shown(column) or f"column {place + 1}"
            noted.add(line, shown, "unknown column", "unknown_column")
        elif column in header[:place]:
            noted.add(line, column, "the column stands twice", "column_twice")
    for column in required:
        if column not in header:
            noted.add(line, column, "the column is missing", "column_missing")
    noted.check()
    return header


def _shown(text: str) -> str:
    """Return foreign text fit for one line of a message."""
    cut = text[:_SHOWN]
    return cut if cut.isprintable() else repr(cut)


def _picked(
    rows: Iterator[tuple[int, list[str]]],
    header: list[str],
    declared: list[str],
    noted: Problems,
    limits: Limits,
) -> Iterator[tuple[int, Cells]]:
    """Yield the good rows in declared order; this is the loop of a million rows."""
    width, order = len(header), _order(header, declared)
    for count, (line, cells) in enumerate(rows, start=1):
        if count > limits.rows:
            raise whole_fault(f"{noted.name}: more than {limits.rows} rows", "many_rows")
        if len(cells) != width:
            sentence = f"{len(cells)} cells where the header has {width}"
            noted.add(line, "", sentence, "cells")
        # Nearly every row is printable as a whole; only the others are looked at cell by cell.
        elif "".join(cells).isprintable() or _is_clean(line, header, cells, noted, limits):
            yield line, order(cells)


def _order(header: list[str], declared: list[str]) -> Callable[[list[str]], Cells]:
    """Return the function that puts a row in declared order."""
    if header == declared:
        return tuple
    places = [header.index(column) if column in header else len(header) for column in declared]
    if len(places) == 1:
        return tuple
    pick = itemgetter(*places)

    def order(cells: list[str | None]) -> Cells:
        cells.append(None)
        picked: Cells = pick(cells)
        return picked

    return order  # type: ignore[return-value]  # a list of str is given away here for good


def _is_clean(
    line: int, header: list[str], cells: list[str], noted: Problems, limits: Limits
) -> bool:
    """Note each cell with a control character."""
    clean = True
    for column, cell in zip(header, cells, strict=True):
        pattern = _CONTROL_IN_LINES if column in limits.several_lines else _CONTROL
        if found := pattern.search(cell):
            sentence = f"control character U+{ord(found[0]):04X}"
            noted.add(line, column, sentence, "control")
            clean = False
    return clean
