"""The bytes of a CSV file, plain or gzip, and the encoding they are in."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from shared.errors import InputRefused

Source = bytes | Path
Opener = Callable[[], BinaryIO]

_BLOCK: Final = 1 << 20
_ENCODINGS: Final = ("utf-8-sig", "cp932")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row (line 0: with the whole file) as pages tell it in any language.

    `kind` names the fault, or the field whose rule was broken; `cell` is what stood there.
    """

    kind: str
    line: int = 0
    column: str = ""
    cell: str = ""


class FileRefused(InputRefused):
    """A file that is not taken; `problems` holds a sentence for each fault, `faults` its facts."""

    def __init__(self, problems: list[str], faults: Sequence[Fault] = ()) -> None:
        """Keep the sentences, and be printed as all of them, one a line."""
        super().__init__("\n".join(problems))
        self.problems = problems
        self.faults = tuple(faults)


def whole_fault(sentence: str, kind: str) -> FileRefused:
    """Return the refusal of a whole file."""
    return FileRefused([sentence], [Fault(kind)])


def opener(source: Source, name: str) -> Opener:
    """Return a function that opens a file from its start; the name decides whether it is gzip."""
    if name.lower().endswith(".gz"):
        return lambda: cast("BinaryIO", gzip.GzipFile(fileobj=_plain(source)))
    return lambda: _plain(source)


def _plain(source: Source) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def find_encoding(open_file: Opener, name: str, most_bytes: int) -> str:
    """Return the encoding that the whole file is in, UTF-8 before CP932.

    Raises FileRefused where it is neither, is too large or cannot be read to its end.
    """
    with told(name), open_file() as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise whole_fault(f"{name}: the text is UTF-16; save it as UTF-8 or CP932", "utf16")
    for encoding in _ENCODINGS:
        if _decodes(open_file, name, encoding, most_bytes):
            return encoding
    raise whole_fault(f"{name}: the text is neither UTF-8 nor CP932", "encoding")


def _decodes(open_file: Opener, name: str, encoding: str, most_bytes: int) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(open_file, name, most_bytes):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _blocks(open_file: Opener, name: str, most_bytes: int) -> Iterator[bytes]:
    """Yield the file's bytes, without ever holding more than a block."""
    size, lines = 0, 1
    with told(name), open_file() as file:
        while block := file.read(_BLOCK):
            size += len(block)
            if len(block) == _BLOCK and b"\n" not in block and b"\r" not in block:
                raise whole_fault(
                    f"{name}, line {lines}: the row is longer than a megabyte", "row_long"
                )
            lines += block.count(b"\n")
            if size > most_bytes:
                raise whole_fault(
                    f"{name}: more than {most_bytes // 10**6} MB of text", "too_large"
                )
            yield block


@contextmanager
def told(name: str) -> Iterator[None]:
    """Turn a file that cannot be read into one sentence that names it."""
    try:
        yield
    except EOFError as error:
        raise whole_fault(f"{name}: the gzip file is cut off", "gzip") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise whole_fault(f"{name}: not a gzip file, or a damaged one", "gzip") from error
    except OSError as error:
        raise whole_fault(
            f"{name}: cannot be read ({error.strerror or error})", "unreadable"
        ) from error
