"""Many files as one ZIP that is sent while it is made."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from shared.documents.keeping import Rendering, find_rendering

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a ZIP: the same documents make the same bytes."""


class File(NamedTuple):
    """A file of a ZIP: its path in there, and its bytes."""

    name: str
    content: bytes


def each_document(session: Session, numbers: Iterable[str]) -> Iterator[Rendering]:
    """Yield the documents of bills in order, each read when it is its turn."""
    for number in numbers:
        yield find_rendering(session, number)
        session.expunge_all()


def zipped(documents: Iterable[Rendering]) -> Iterator[bytes]:
    """Yield the bytes of a ZIP of documents."""
    return zipped_files(File(document.file_name, document.content) for document in documents)


def zipped_files(files: Iterable[File]) -> Iterator[bytes]:
    """Yield the bytes of a ZIP while its files are made; PDFs are compressed, so all are stored."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Takes what a ZIP writes and gives it away; it cannot go back, which tells zipfile so."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Say that it takes bytes."""
        return True

    def write(self, part: object) -> int:
        """Take some bytes."""
        taken = bytes(memoryview(part))  # type: ignore[arg-type]
        self._parts.append(taken)
        return len(taken)

    def taken(self) -> bytes:
        """Return what was written since it was last asked."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
