"""What every test may ask for: both databases, migrated and empty, and the `ppa` command."""

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import app
from shared import schema
from shared.db import make_engine
from tests.databases import Databases
from tests.servers import a_postgresql

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    schema.upgrade(engine)
    engine.dispose()  # the last connection writes the log back into the one file
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Give the address of a PostgreSQL server: PPA_TEST_DATABASE_URL, or one of our own."""
    given = os.environ.get("PPA_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with a_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def databases(postgresql: str) -> Iterator[Databases]:
    """Give what makes databases on the PostgreSQL server."""
    databases = Databases(postgresql)
    yield databases
    databases.close()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Give a migrated, empty SQLite database of the test's own."""
    path = tmp_path / "ppa.sqlite3"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(databases: Databases) -> Iterator[str]:
    """Give a migrated, empty PostgreSQL database of the test's own."""
    address = databases.make()
    yield address
    databases.leave(address)


@pytest.fixture
def a_postgresql_url(databases: Databases) -> Iterator[Callable[[], str]]:
    """Give what makes as many migrated, empty PostgreSQL databases as a test asks for."""
    made: list[str] = []

    def make() -> str:
        made.append(databases.make())
        return made[-1]

    yield make
    for address in made:
        databases.leave(address)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Give an engine on a migrated, empty database, once on each kind."""
    engine = make_engine(request.getfixturevalue(f"{request.param}_url"))
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Give a session that the test commits, or not."""
    with Session(engine) as session:
        yield session


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended, and what it printed."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        """Return stdout as text."""
        return self.raw.decode()

    def json(self) -> Any:  # noqa: ANN401 - a test knows the shape that it asks for
        """Return stdout as the one JSON document it must be."""
        return json.loads(self.raw)


@dataclass(frozen=True, slots=True)
class Ppa:
    """Runs `ppa` in this process with settings of its own, and a clock that is written."""

    home: Path
    environ: dict[str, str]

    def __call__(
        self, *argv: str, now: str = "2024-02-20T09:00:00+09:00", stdin: str = "", **environ: str
    ) -> Result:
        """Run one command at a time of day; `environ` sets variables for it."""
        clock = self.home / "clock"
        clock.write_text(now, encoding="utf-8")
        settings = self.environ | {"PPA_TEST_CLOCK": str(clock)} | environ
        raw, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = app.main(argv, settings)
        return Result(code, raw.getvalue(), err.getvalue())


@pytest.fixture
def ppa(request: pytest.FixtureRequest, tmp_path: Path) -> Ppa:
    """Give the command line, on the test's `engine` where it asks for that, else on SQLite."""
    if "engine" in request.fixturenames:
        engine: Engine = request.getfixturevalue("engine")
        url = engine.url.render_as_string(hide_password=False)
    else:
        url = request.getfixturevalue("sqlite_url")
    environ = {
        "PPA_HOME": str(tmp_path),
        "PPA_DATABASE_URL": url,
        "PPA_SECRET_KEY": "a secret for sessions, in tests only",
        "PPA_CODE_KEY": "a secret for auth codes, in tests only",
    }
    return Ppa(tmp_path, environ)
