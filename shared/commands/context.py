"""What every command is given: settings, clock, streams, and a session on the database."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from shared import schema
from shared.config import Config
from shared.db import make_engine, reader
from shared.errors import InputRefused


class Advance(Protocol):
    """Tells that `n` more steps are done."""

    def __call__(self, n: int = 1) -> None:
        """Move the bar on."""


@dataclass(slots=True)
class Context:
    """A command's surroundings; `actor` is who the audit trail names."""

    config: Config
    clock: Callable[[], int]
    out: TextIO
    err: TextIO
    actor: str
    _engine: Engine | None = field(default=None, init=False, repr=False)

    @contextmanager
    def session(self, *, reads_only: bool = False) -> Iterator[Session]:
        """Give a session that commits at the end, or rolls back where something is raised.

        Raises InputRefused where the database cannot be reached or is not migrated.
        """
        engine = self.open_engine()
        factory = sessionmaker(reader(engine) if reads_only else engine)
        with self._told(), factory.begin() as session:
            yield session

    def open_engine(self) -> Engine:
        """Return this command's one engine, once it is known to be of this program's revision."""
        if self._engine is None:
            engine = self.make_engine()
            with self._told(), reader(engine).connect() as connection:
                schema.require_newest(connection)
            self._engine = engine
        return self._engine

    def make_engine(self) -> Engine:
        """Return an engine on whatever state the database is in; makes PPA_HOME where missing."""
        self.config.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return make_engine(self.config.database_url)

    def close(self) -> None:
        """Let go of the database."""
        if self._engine is not None:
            self._engine.dispose()

    def say(self, text: str) -> None:
        """Print one line for the person at the keyboard."""
        print(text, file=self.err)

    def print_json(self, document: object) -> None:
        """Print the one JSON document of a command."""
        print(json.dumps(document, ensure_ascii=False), file=self.out)

    def progress(self, label: str, total: int) -> AbstractContextManager[Advance]:
        """Show a bar on a terminal, nothing elsewhere; gives the function that moves it."""
        return _bar(self.err, label, total)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn a database that does not answer into one sentence."""
        try:
            yield
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise InputRefused(
                f"PPA_DATABASE_URL: the database does not answer ({reason}); is the address "
                "right, and was `ppa db upgrade` run?"
            ) from error


@contextmanager
def _bar(err: TextIO, label: str, total: int) -> Iterator[Advance]:
    """Draw with rich, which draws nothing where `err` is no terminal."""
    console = Console(file=err)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(label, total=total)

        def advance(n: int = 1) -> None:
            progress.advance(task, n)

        yield advance
