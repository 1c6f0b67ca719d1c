"""CSV files in and out: every fault by file, line and column; every text cell safe in Excel."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import InputRefused

MAX_CELL = 10_000
MAX_FAULTS = 20
TRIGGERS = "=+-@\t\r\n\0＝＋－＠"
"""What makes Excel take a text for a formula (CWE-1236, full-width forms too)."""
REPLACEMENT = "〓"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class FileRefused(InputRefused):
    """A file that is not taken; `problems` holds one sentence for each fault found."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep the sentences, and be printed as all of them."""
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(slots=True)
class Faults:
    """Faults of one file, collected so that a person mends them in one go."""

    file: str
    problems: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, column: str, sentence: str) -> None:
        """Note a fault of a cell by the line on which its row begins and its column's header."""
        self.count += 1
        if len(self.problems) < MAX_FAULTS:
            self.problems.append(f"{self.file}, line {line}, {column}: {sentence}")

    def refuse_if_any(self) -> None:
        """Raise FileRefused where a fault was noted."""
        if self.count > len(self.problems):
            self.problems.append(f"{self.file}: {self.count - len(self.problems)} more faults")
        if self.problems:
            raise FileRefused(self.problems)


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows: the line each begins on, and its cells in the declared order.

    The cell of an absent column is None; that of an empty one is the empty text.
    """

    file: str
    columns: tuple[str, ...]
    present: frozenset[str]
    rows: Iterator[tuple[int, list[str | None]]]


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, unpacked where its name ends in .gz; raises FileRefused."""
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise FileRefused([f"{path}: {error.strerror or error}"]) from None
    if not path.name.endswith(".gz"):
        return packed
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        raise FileRefused([f"{path}: not a whole gzip file"]) from None


def decode(content: bytes, file: str) -> str:
    """Return text from UTF-8, with or without a mark, or else CP932; raises FileRefused."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused([f"{file}: neither UTF-8 nor CP932"])


def read_table(
    content: bytes, file: str, required: Sequence[str], optional: Sequence[str] = ()
) -> Table:
    """Return a file's rows with its header checked.

    Raises FileRefused for a missing, unknown or repeated column, and while rows are read for a row
    with too few or too many cells, a control character or a cell that is too long.
    """
    text = decode(content, file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise FileRefused([f"{file}, line 1: {error}"]) from None
    if not header or header == [""]:
        raise FileRefused([f"{file}: the file is empty"])
    columns = (*required, *optional)
    _check_header(file, header, required, columns)
    places = [header.index(name) if name in header else None for name in columns]
    rows = _rows(reader, file, header, places)
    return Table(file, columns, frozenset(header), rows)


def _check_header(
    file: str, header: Sequence[str], required: Sequence[str], columns: Sequence[str]
) -> None:
    faults = Faults(file)
    for n, name in enumerate(header):
        if name not in columns:
            faults.add(1, name or "(blank)", "there is no such column here")
        elif name in header[:n]:
            faults.add(1, name, "the column stands twice")
    for name in required:
        if name not in header:
            faults.add(1, name, "the column is missing")
    faults.refuse_if_any()


def _rows(
    reader: Iterator[list[str]],
    file: str,
    header: Sequence[str],
    places: Sequence[int | None],
) -> Iterator[tuple[int, list[str | None]]]:
    faults = Faults(file)
    width, line = len(header), 2
    straight = list(places) == list(range(width))
    try:
        for cells in reader:
            begins, line = line, reader.line_num + 1  # type: ignore[attr-defined]
            if not cells:
                continue
            if len(cells) != width:
                faults.add(begins, header[0], f"{len(cells)} cells, the header has {width}")
                continue
            joined = "".join(cells)
            if len(joined) > MAX_CELL or _CONTROL.search(joined):
                _check_cells(faults, begins, header, cells)
                continue
            if straight:
                yield begins, cells  # type: ignore[misc]
            else:
                yield begins, [None if place is None else cells[place] for place in places]
    except csv.Error as error:
        faults.add(line, header[0], f"the row cannot be read: {error}")
    faults.refuse_if_any()


def _check_cells(
    faults: Faults, line: int, header: Sequence[str], cells: Sequence[str]
) -> None:
    for name, cell in zip(header, cells, strict=True):
        if len(cell) > MAX_CELL:
            faults.add(line, name, "the cell is too long")
        elif _CONTROL.search(cell):
            faults.add(line, name, "the cell holds a control character")
    if not faults.count:
        faults.add(line, header[0], "the row is too long")


def without_guard(cell: str) -> str:
    """Return a text cell without the one ' that was put before a formula's first character."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in TRIGGERS else cell


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file that is written; `text` cells are guarded, numbers stay numbers."""

    header: str
    text: bool = False


@dataclass(slots=True)
class CsvWriter:
    """Rows to bytes as they come: UTF-8 with its mark or CP932, CRLF, RFC 4180.

    `replaced` counts the cells in which CP932 could not hold a character (written 〓).
    """

    columns: Sequence[Column]
    encoding: str = "utf-8"
    replaced: int = 0

    def chunks(self, rows: Iterable[Sequence[str]], size: int = 500) -> Iterator[bytes]:
        """Yield the header and the rows as bytes, some hundred rows at a time."""
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerow([column.header for column in self.columns])
        if self.encoding == "utf-8":
            yield codecs.BOM_UTF8
        guarded = [n for n, column in enumerate(self.columns) if column.text]
        for count, row in enumerate(rows, 1):
            cells = list(row)
            for n in guarded:
                if cells[n] and cells[n][0] in TRIGGERS:
                    cells[n] = "'" + cells[n]
            if self.encoding == "cp932":
                cells = [self._fitting(cell) for cell in cells]
            writer.writerow(cells)
            if count % size == 0:
                yield self._flush(buffer)
        yield self._flush(buffer)

    def _fitting(self, cell: str) -> str:
        try:
            cell.encode("cp932")
        except UnicodeEncodeError:
            self.replaced += 1
            return "".join(c if _fits_cp932(c) else REPLACEMENT for c in cell)
        return cell

    def _flush(self, buffer: io.StringIO) -> bytes:
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text.encode(self.encoding)


def _fits_cp932(character: str) -> bool:
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True
