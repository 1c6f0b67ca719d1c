"""The bytes of a CSV file, plain or gzip, and the encoding they are in."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from shared.errors import InputRefused

Source = bytes | Path
Opener = Callable[[], BinaryIO]

_BLOCK: Final = 1 << 20
_ENCODINGS: Final = ("utf-8-sig", "cp932")


class FileRefused(InputRefused):
    """A file that is not taken; `problems` holds a sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the sentences, and be printed as all of them, one a line."""
        super().__init__("\n".join(problems))
        self.problems = problems


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
            raise FileRefused([f"{name}: the text is UTF-16; save it as UTF-8 or CP932"])
    for encoding in _ENCODINGS:
        if _decodes(open_file, name, encoding, most_bytes):
            return encoding
    raise FileRefused([f"{name}: the text is neither UTF-8 nor CP932"])


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
                raise FileRefused([f"{name}, line {lines}: the row is longer than a megabyte"])
            lines += block.count(b"\n")
            if size > most_bytes:
                raise FileRefused([f"{name}: more than {most_bytes // 10**6} MB of text"])
            yield block


@contextmanager
def told(name: str) -> Iterator[None]:
    """Turn a file that cannot be read into one sentence that names it."""
    try:
        yield
    except EOFError as error:
        raise FileRefused([f"{name}: the gzip file is cut off"]) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FileRefused([f"{name}: not a gzip file, or a damaged one"]) from error
    except OSError as error:
        raise FileRefused([f"{name}: cannot be read ({error.strerror or error})"]) from error
