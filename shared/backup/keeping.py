"""Back up and restore, for either database: what is refused, and what a restored one needs."""

from pathlib import Path

from sqlalchemy import URL, make_url, text

from shared import schema
from shared.backup import postgresql, sqlite
from shared.backup.files import Progress, check_sum, connected, kind_of, written_whole
from shared.errors import InputRefused


def back_up(database_url: str, path: Path, progress: Progress) -> int:
    """Write the database as it is at one instant, and its sum beside it; return the octets.

    Work may go on meanwhile. The keys are not in it: they are settings of the environment. Raises
    InputRefused where the file is there already or cannot be written.
    """
    url = make_url(database_url)
    with written_whole(path) as part:
        if url.get_backend_name() == "sqlite":
            sqlite.write(_file_of(url), part, progress)
        else:
            postgresql.write(url, part, progress)
    return path.stat().st_size


def find_revision(database_url: str, path: Path) -> str:
    """Return a backup's revision, once its bytes and its kind are found right.

    Raises InputRefused where it is damaged, of the other database, or of a newer program.
    """
    check_sum(path)
    kind, wanted = kind_of(path), make_url(database_url).get_backend_name()
    if kind != wanted:
        raise InputRefused(f"{path}: is a backup of {kind}, and PPA_DATABASE_URL is {wanted}")
    found: str | None = (sqlite if kind == "sqlite" else postgresql).find_revision(path)
    if found is None:
        raise InputRefused(f"{path}: is a backup of a database without tables")
    if found > schema.newest_revision():
        raise InputRefused(
            f"{path}: is at revision {found}, newer than this program "
            f"({schema.newest_revision()}): run the newer program"
        )
    return found


def restore(database_url: str, path: Path, progress: Progress) -> None:
    """Put a backup where no database is, whole or not at all; everybody has to sign in again.

    A session that was ended after the backup would otherwise live again. The backup is one that
    `find_revision` has looked at. Raises InputRefused where any database is there already.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        sqlite.require_empty(_file_of(url))
        sqlite.read(path, _file_of(url), progress)
    else:
        postgresql.require_empty(url)
        postgresql.read(path, url, progress)
    with connected(url) as connection:
        connection.execute(text("DELETE FROM session"))


def _file_of(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise InputRefused("PPA_DATABASE_URL: a database in memory cannot be kept")
    return Path(url.database)
