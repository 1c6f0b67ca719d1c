"""A PostgreSQL database as the archive of pg_dump, taken in one snapshot, restored in one piece."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from sqlalchemy import URL, inspect, text

from shared.backup.files import CHUNK, Progress, chunks, connected
from shared.errors import InputRefused

MOST_SAID: Final = 500
"""Characters of what a program says went wrong."""
_PLAIN: Final = ("--no-owner", "--no-privileges")
_WHOLE: Final = ("--single-transaction", "--exit-on-error")


def write(url: URL, part: Path, progress: Progress) -> None:
    """Write the archive of the database as it is at this instant."""
    total, done = _octets(url), 0
    command = ("pg_dump", "--format=custom", *_PLAIN, f"--dbname={_address(url)}")
    with part.open("wb") as file, _program(url, command, stdout=subprocess.PIPE) as process:
        while chunk := _pipe(process.stdout).read(CHUNK):
            file.write(chunk)
            done += len(chunk)
            progress(min(done, total), total)


def _octets(url: URL) -> int:
    """Return how much room the database takes; its archive is smaller."""
    with connected(url) as connection:
        size = connection.scalar(text("SELECT pg_database_size(current_database())"))
    return int(size or 0)


def find_revision(backup: Path) -> str | None:
    """Return the revision of an archive without restoring it; raises InputRefused."""
    command = ("pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(backup))
    with _program(None, command, stdout=subprocess.PIPE) as process:
        lines = _pipe(process.stdout).read().decode().splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("COPY ")), None)
    if start is None:
        raise InputRefused(f"{backup}: is no backup of this program")
    return None if lines[start + 1] == "\\." else lines[start + 1]


def require_empty(url: URL) -> None:
    """Raise InputRefused where the database holds any table."""
    with connected(url) as connection:
        tables = inspect(connection).get_table_names()
    if tables:
        raise InputRefused(
            f"PPA_DATABASE_URL: the database {url.database} holds tables already; a restore "
            "overwrites nothing, create an empty one first"
        )


def read(backup: Path, url: URL, progress: Progress) -> None:
    """Restore an archive in one transaction, and let the planner count what is there."""
    command = ("pg_restore", *_PLAIN, *_WHOLE, f"--dbname={_address(url)}")
    with (
        _program(url, command, stdin=subprocess.PIPE) as process,
        suppress(BrokenPipeError),  # where it has ended early it says itself why
        _pipe(process.stdin) as archive,
    ):
        archive.writelines(chunks(backup, progress))
    with connected(url) as connection:
        connection.execute(text("ANALYZE"))


def _address(url: URL) -> str:
    """Return the address for the server's own programs, without the password: others see it."""
    plain = URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, url.query
    )
    return plain.render_as_string()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("a program is asked through a pipe")
    return stream


@contextmanager
def _program(
    url: URL | None,
    command: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of the server's own programs; raises InputRefused with what it says went wrong."""
    if shutil.which(command[0]) is None:
        raise InputRefused(
            f"{command[0]}: is not installed; it comes with PostgreSQL's client programs"
        )
    environ = {**os.environ, "LC_ALL": "C"}
    if url is not None and url.password:
        environ["PGPASSWORD"] = str(url.password)
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(  # noqa: S603 - our own words, and an address that is a setting
            command, env=environ, stdin=stdin, stdout=stdout, stderr=said
        ) as process:
            yield process
        if process.returncode:
            said.seek(0)
            told = " ".join(said.read().decode(errors="replace").split())
            raise InputRefused(told[:MOST_SAID] or f"{command[0]} ended with {process.returncode}")
