"""An SQLite database as a file of its own: VACUUM INTO reads one snapshot, whoever writes."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from shared.backup.files import Progress, beside, chunks
from shared.errors import InputRefused

_STEPS: Final = 100_000
"""Steps of SQLite's machine between two looks at how far it is."""
_LEFT: Final = ("-wal", "-shm", "-journal")


def write(database: Path, part: Path, progress: Progress) -> None:
    """Write a compact copy of the database as it is at this instant."""
    with closing(sqlite3.connect(database)) as source:
        pages, octets = (
            source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
        )

        def look() -> int:
            progress(min(part.stat().st_size, pages * octets), pages * octets)
            return 0

        source.set_progress_handler(look, _STEPS)
        try:
            source.execute("VACUUM INTO ?", (str(part),))
        except sqlite3.Error as error:
            raise InputRefused(f"{database}: cannot be read whole ({error})") from error


def find_revision(backup: Path) -> str | None:
    """Return the revision of a backup; raises InputRefused where it is no database of ours."""
    with closing(sqlite3.connect(f"{backup.resolve().as_uri()}?immutable=1", uri=True)) as source:
        try:
            found = source.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.Error as error:
            raise InputRefused(f"{backup}: is no backup of this program ({error})") from error
    return found[0] if found else None


def require_empty(database: Path) -> None:
    """Raise InputRefused where a database, or what another one left behind, is in the way."""
    for path in (database, *(database.with_name(database.name + left) for left in _LEFT)):
        if path.exists() and (path != database or path.stat().st_size):
            raise InputRefused(
                f"PPA_DATABASE_URL: {path} is there already; a restore overwrites nothing, "
                "move it away first"
            )


def read(backup: Path, database: Path, progress: Progress) -> None:
    """Put the database in its place, looked through before it is there."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with beside(database) as part:
        with part.open("wb") as file:
            file.writelines(chunks(backup, progress))
        with closing(sqlite3.connect(part)) as copy:
            for look in ("integrity_check", "foreign_key_check"):
                found = copy.execute(f"PRAGMA {look}").fetchone()
                if found not in (("ok",), None):
                    raise InputRefused(f"{backup}: {look} finds {found[0]}; take another backup")
        part.replace(database)
