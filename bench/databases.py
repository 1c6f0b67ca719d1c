"""Databases to measure on: SQLite files and, where there is one, a private PostgreSQL."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from shared import schema
from shared.db import make_engine
from tests.servers import a_postgresql

OpenSession = Callable[[], AbstractContextManager[Session]]
_numbers = count(1)


def sessions(engine: Engine) -> OpenSession:
    """Return what opens a session that commits at its end."""

    @contextmanager
    def open_session() -> Iterator[Session]:
        with Session(engine) as session, session.begin():
            yield session

    return open_session


class SqliteFiles:
    """SQLite databases in a folder."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        """Put them into a folder that is there."""
        self._folder = folder

    def new(self) -> Engine:
        """Return a migrated, empty database."""
        engine = make_engine(f"sqlite:///{self._next()}")
        schema.upgrade(engine)
        return engine

    def copy(self, engine: Engine) -> Engine:
        """Return a copy of a database that nobody uses meanwhile."""
        engine.dispose()  # the last connection writes the log back into the one file
        path = self._next()
        shutil.copyfile(str(engine.url.database), path)
        return make_engine(f"sqlite:///{path}")

    def _next(self) -> Path:
        return self._folder / f"{next(_numbers)}.sqlite3"


class PostgresqlServer:
    """Databases of a PostgreSQL server."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        """Make them on the server at an address."""
        self._url = make_url(url)
        self._made: list[str] = []

    def new(self) -> Engine:
        """Return a migrated, empty database."""
        engine = self._create("")
        schema.upgrade(engine)
        engine.dispose()  # the server process that migrated has grown
        return engine

    def copy(self, engine: Engine) -> Engine:
        """Return a copy of a database that nobody uses meanwhile."""
        engine.dispose()
        return self._create(f"TEMPLATE {engine.url.database}")

    def close(self) -> None:
        """Drop what was made."""
        for name in self._made:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _create(self, template: str) -> Engine:
        name = f"ppa_bench_{os.getpid()}_{next(_numbers)}"
        self._administer(f"CREATE DATABASE {name} {template}")
        self._made.append(name)
        return make_engine(self._url.set(database=name).render_as_string(hide_password=False))

    def _administer(self, statement: str) -> None:
        engine = make_engine(self._url.render_as_string(hide_password=False))
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


Databases = SqliteFiles | PostgresqlServer


@contextmanager
def find_postgresql() -> Iterator[PostgresqlServer | None]:
    """Give PPA_TEST_DATABASE_URL's server or one of our own; None where there is neither."""
    with ExitStack() as stack:
        url = os.environ.get("PPA_TEST_DATABASE_URL")
        if not url:
            try:
                url = stack.enter_context(a_postgresql())
            except pytest.fail.Exception:  # how the tests' servers say that one is missing
                yield None
                return
        server = PostgresqlServer(url)
        stack.callback(server.close)
        yield server
