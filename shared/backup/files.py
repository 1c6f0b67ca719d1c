"""The file of a backup and the sum beside it: never half written, never over another.

And the database beside the file, for a question or two.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection

from shared.db import make_engine
from shared.errors import InputRefused

Progress = Callable[[int, int], None]
"""Is told how many octets of how many are done."""

CHUNK: Final = 1 << 20
SUM: Final = ".sha256"


def sum_of(path: Path) -> Path:
    """Return where the sum of a backup is kept, as `sha256sum --check` reads it."""
    return path.with_name(path.name + SUM)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give an empty file that only its owner may read; at the end it takes its place.

    Raises InputRefused where something is there already, or nothing can be.
    """
    for taken in (path, sum_of(path)):
        if taken.exists():
            raise InputRefused(f"{taken}: is there already, and a backup overwrites nothing")
    with beside(path) as part:
        yield part
        _keep_on_disk(part)
        sum_of(path).write_text(f"{digest(part)}  {path.name}\n", encoding="utf-8")
        part.replace(path)
        _keep_on_disk(path.parent)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give an empty file in the folder of another that goes away unless it was moved."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise InputRefused(f"{path}: cannot be written ({error.strerror})") from None
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def connected(url: URL) -> Iterator[Connection]:
    """Give a transaction on a database, and let go of it afterwards."""
    engine = make_engine(url.render_as_string(hide_password=False))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _keep_on_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def chunks(path: Path, progress: Progress) -> Iterator[bytes]:
    """Yield a file's bytes and tell how far they are read."""
    total, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
            done += len(chunk)
            progress(done, total)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sum(path: Path) -> bool:
    """Say whether the sum beside a backup agrees, False where none is there.

    Raises InputRefused where the bytes are not those of the sum, or there is no such file.
    """
    if not path.is_file():
        raise InputRefused(f"{path}: there is no such file")
    if not sum_of(path).is_file():
        return False
    told = sum_of(path).read_text(encoding="utf-8").split()
    if not told or told[0] != digest(path):
        raise InputRefused(
            f"{path}: its bytes are not those that {sum_of(path).name} tells; "
            "it was cut or changed, take another backup"
        )
    return True


def kind_of(path: Path) -> str:
    """Return which database a backup is of, `sqlite` or `postgresql`; raises InputRefused."""
    with path.open("rb") as file:
        head = file.read(16)
    if head == b"SQLite format 3\0":
        return "sqlite"
    if head.startswith(b"PGDMP"):
        return "postgresql"
    raise InputRefused(f"{path}: is no backup")
