"""Databases of a PostgreSQL server for the tests, each a copy of a migrated, empty one."""

import os
from itertools import count

from sqlalchemy import make_url

from shared import schema
from shared.db import make_engine


class Databases:
    """What makes databases on a server and takes them away again.

    A copy of files costs a tenth of a copy through the log. One that a test has done with goes
    when the next is asked for: by then nobody holds on to it, whom the server would wait for.
    """

    def __init__(self, server: str) -> None:
        """Make the one that all are copies of."""
        self._server = make_url(server)
        self._engine = make_engine(server).execution_options(isolation_level="AUTOCOMMIT")
        self._names = (f"ppa_test_{os.getpid()}_{number}" for number in count(1))
        self._left: list[str] = []
        self._template = f"ppa_template_{os.getpid()}"
        self._ask(f"CREATE DATABASE {self._template}")
        engine = make_engine(self._at(self._template))
        schema.upgrade(engine)
        engine.dispose()

    def make(self) -> str:
        """Return the address of a new one."""
        self._drop_left()
        name = next(self._names)
        self._ask(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY file_copy")
        return self._at(name)

    def leave(self, address: str) -> None:
        """Take one for done with."""
        self._left.append(make_url(address).database or "")

    def close(self) -> None:
        """Leave the server as it was found."""
        self._left.append(self._template)
        self._drop_left()
        self._engine.dispose()

    def _drop_left(self) -> None:
        while self._left:
            self._ask(f"DROP DATABASE {self._left.pop()} WITH (FORCE)")

    def _ask(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def _at(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)
