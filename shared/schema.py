"""Which revision the database has, and bringing it to the newest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, inspect, text

from shared.errors import InputRefused, Refused
from shared.paths import MIGRATIONS

LOCK_KEY = 7_727_001
"""The PostgreSQL advisory lock under which one process at a time migrates."""


def newest_revision() -> str:
    """Return the revision of the newest migration file, `0001` and so on."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def find_revision(connection: Connection) -> str | None:
    """Return the database's revision; None where it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def require_newest(connection: Connection) -> None:
    """Raise InputRefused where the database is older or newer than this program."""
    found, newest = find_revision(connection), newest_revision()
    if found is None:
        raise InputRefused("the database has no tables yet: run `ppa db upgrade`")
    if found < newest:
        raise InputRefused(
            f"the database is at revision {found} and this program needs {newest}: "
            "run `ppa db upgrade`"
        )
    if found > newest:
        raise InputRefused(
            f"the database is at revision {found}, newer than this program ({newest}): "
            "run the newer program"
        )


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to a revision in one transaction."""
    with _migrating(engine) as connection:
        command.upgrade(_alembic(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Migrate down to a revision (`base`: to nothing) in one transaction."""
    with _migrating(engine) as connection:
        command.downgrade(_alembic(connection), revision)


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """Give a transaction in which a table may be made anew under the rows that point to it.

    SQLite changes a table by making another, and would let nobody drop the first one. So it looks
    at the end whether every row still points to one; where one does not, nothing is changed.
    """
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver = connection.connection.driver_connection
        if driver is None:
            raise AssertionError("a connection is open")
        driver.execute("PRAGMA foreign_keys = OFF")  # inside a transaction it would do nothing
        try:
            with connection.begin():
                yield connection
                astray = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if astray is not None:
                    raise Refused(f"the migration would leave {astray[0]} pointing to nothing")
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def _alembic(connection: Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(MIGRATIONS)).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
