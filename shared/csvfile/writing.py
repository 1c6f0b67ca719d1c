"""CSV as Excel in Japan opens it: UTF-8 with BOM or CP932, CRLF, RFC 4180, formulas guarded."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from shared.csvfile.guarding import GUARD, TRIGGERS, guarded
from shared.db import in_chunks

Cell = str | int | None
ENCODINGS: Final = ("utf-8", "cp932")
GETA: Final = "〓"
"""What stands for a letter that the encoding has not (decision 38)."""
_CHUNK: Final = 1_000
_SUSPECTS: Final = TRIGGERS | {GUARD}


@dataclass(frozen=True, slots=True)
class Column:
    """A header, and whether its cells are text, or numbers and dates of our own making."""

    header: str
    is_text: bool = False


class CsvWriter:
    """Writes rows; `replaced` counts the cells in which a letter did not fit the encoding."""

    def __init__(self, columns: Sequence[Column], encoding: str = "utf-8") -> None:
        """Take the columns in order, and one of ENCODINGS."""
        self._header = [column.header for column in columns]
        self._texts = [place for place, column in enumerate(columns) if column.is_text]
        self._encoding = encoding
        self.replaced = 0

    def chunks(self, rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
        """Yield the file piece by piece, header first; None is an empty cell."""
        if self._encoding == "utf-8":
            yield codecs.BOM_UTF8
        yield self._encoded([self._header])
        for chunk in in_chunks(rows, _CHUNK):
            yield self._encoded([self._guarded(row) for row in chunk])

    def write(self, file: BinaryIO, rows: Iterable[Sequence[Cell]]) -> None:
        """Write the whole file."""
        file.writelines(self.chunks(rows))

    def _guarded(self, row: Sequence[Cell]) -> Sequence[Cell]:
        """Guard the text cells of a row; a row that needs nothing passes as it is."""
        for place in self._texts:
            cell = row[place]
            if cell and str(cell)[0] in _SUSPECTS:
                texts = set(self._texts)
                return [guarded(str(c)) if c and n in texts else c for n, c in enumerate(row)]
        return row

    def _encoded(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        text = _text(rows)
        try:
            return text.encode(self._encoding)
        except UnicodeEncodeError:
            return _text([[self._fitted(cell) for cell in row] for row in rows]).encode(
                self._encoding
            )

    def _fitted(self, cell: Cell) -> Cell:
        if not isinstance(cell, str) or self._fits(cell):
            return cell
        self.replaced += 1
        return "".join(letter if self._fits(letter) else GETA for letter in cell)

    def _fits(self, text: str) -> bool:
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True


def _text(rows: Iterable[Sequence[Cell]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
