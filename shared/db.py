"""One way into either database, and the bulk writes that both do fast."""

import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, Final, TypeVar, TypeVarTuple, cast

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event
from sqlalchemy import Row as SqlRow
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.orm import Session
from sqlalchemy.schema import Column
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.sql.sqltypes import Date

from shared.models.base import Base

Cell = int | str | bytes | date | None
Row = Sequence[Cell]
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BUSY_MS: Final = 30_000
"""How long a writer waits for another one on SQLite."""
KEEPING_KEYS: Final = {"key_share": True}
"""How a row is locked that is changed but for its keys: what refers to it needs not wait."""
UNSYNCHRONISED: Final[dict[str, Any]] = {"synchronize_session": False}
"""The execution options of a change in bulk that no loaded object has to be told of."""
READ_ONLY: Final = "reads_only"
"""The execution option of a connection that only reads."""


class _Hinting(SQLiteCompiler):
    """Lets a query say `INDEXED BY` after a table, as SQLite keeps no account of its own."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002
        return text


def make_engine(url: str) -> Engine:
    """Return the engine of `sqlite:///…` or `postgresql://…` (psycopg 3)."""
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        engine.dialect.statement_compiler = _Hinting
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def reader(engine: Engine) -> Engine:
    """Return the engine for transactions that only read, each one instant of the database.

    On SQLite they never wait for a writer.
    """
    reads = engine.execution_options(**{READ_ONLY: True}, postgresql_readonly=True)
    if engine.dialect.name == "sqlite":
        return reads
    return reads.execution_options(isolation_level="REPEATABLE READ")


def once(session: Session, key: Hashable, ask: Callable[[], T]) -> T:
    """Return what a question gave; in a session that only reads it is asked once."""
    if not session.get_bind().get_execution_options().get(READ_ONLY, False):
        return ask()
    if key not in session.info:
        session.info[key] = ask()
    return cast("T", session.info[key])


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # else INSERT OR REPLACE would delete past the triggers
        f"busy_timeout = {BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start: a reader that turns writer later cannot wait for it."""
    reads = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reads)}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to `size` items in order."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def rows_of(
    session: Session, question: Select[*Ts], asked: Mapping[str, Any] | None = None
) -> Sequence[SqlRow[*Ts]]:
    """Return the rows of a question about columns, at half the cost of the session's own way.

    Worth it where a page asks many small ones; put together once, with `bindparam`.
    """
    session.flush()
    return session.connection().execute(question, asked).all()


def raw_rows(session: Session, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return a query's rows as the driver gives them, several times as fast as results are.

    On SQLite a day comes as ISO text; cast it to text where both databases should tell it so.
    """
    cursor, statement, params = driven(session, query)
    cursor.execute(statement, params)
    return cast("list[tuple[Any, ...]]", cursor.fetchall())


def driven(session: Session, query: Select[*tuple[Any, ...]]) -> tuple[Any, str, Any]:
    """Return the driver's cursor in the session's transaction, a query's text and parameters."""
    compiled = query.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
    params: Any = compiled.params
    if compiled.positional:
        params = tuple(params[name] for name in compiled.positiontup or ())
    return _cursor(session), str(compiled), params


def copy_rows(
    session: Session, model: type[Base], columns: Sequence[str], rows: Iterable[Row]
) -> None:
    """Insert many rows, past the unit of work; a key that exists raises the driver's error."""
    table = cast("Table", model.__table__)
    if session.get_bind().dialect.name == "postgresql":
        _copy(_cursor(session), table.name, columns, rows)
    else:
        _cursor(session).executemany(_insert(table, columns), _plain(table, columns, rows))


def merge_rows(
    session: Session, model: type[Base], columns: Sequence[str], rows: Iterable[Row], *, keep: bool
) -> int:
    """Insert many rows whose primary key may exist: keep the stored row, or replace its columns.

    Returns the number of rows that are new (`keep`) or written; of one key's rows in one call
    the first is kept, or the last replaces.
    """
    table = cast("Table", model.__table__)
    keys = [column.name for column in table.primary_key]
    rest = [name for name in columns if name not in keys]
    action = "DO NOTHING"
    if rest and not keep:
        action = "DO UPDATE SET " + ", ".join(f'"{name}" = excluded."{name}"' for name in rest)
    conflict = f"ON CONFLICT ({_names(keys)}) {action}"
    if session.get_bind().dialect.name == "postgresql":
        return _merge_postgresql(session, table, columns, rows, conflict=conflict)
    cursor = _cursor(session)
    statement = f"{_insert(table, columns)} {conflict}"
    cursor.executemany(statement, _plain(table, columns, rows))
    return max(int(cursor.rowcount), 0)


def _merge_postgresql(
    session: Session, table: Table, columns: Sequence[str], rows: Iterable[Row], *, conflict: str
) -> int:
    """Copy into a temporary table and insert from there."""
    cursor = _cursor(session)
    names = _names(columns)
    if conflict.endswith("NOTHING"):
        rows = list(rows)
        if _copy_new(cursor, table.name, columns, rows):
            return len(rows)
    order = "" if conflict.endswith("NOTHING") else " DESC"
    keys = _names([column.name for column in table.primary_key])
    cursor.execute(
        f"CREATE TEMP TABLE merging ON COMMIT DROP AS SELECT {names} FROM {table.name} WITH NO DATA"
    )
    cursor.execute("ALTER TABLE merging ADD COLUMN merging_no bigint GENERATED ALWAYS AS IDENTITY")
    _copy(cursor, "merging", columns, rows)
    cursor.execute(
        f"INSERT INTO {table.name} ({names}) SELECT DISTINCT ON ({keys}) {names} FROM merging "
        f"ORDER BY {keys}, merging_no{order} {conflict}"
    )
    written = int(cursor.rowcount)
    cursor.execute("DROP TABLE merging")
    return written


def _copy_new(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Row]) -> bool:  # noqa: ANN401
    """Copy straight into a table, as nearly always all is new; False where some key existed."""
    from psycopg.errors import UniqueViolation

    cursor.execute("SAVEPOINT merging")
    try:
        _copy(cursor, table, columns, rows)
    except UniqueViolation:
        cursor.execute("ROLLBACK TO SAVEPOINT merging")
        return False
    cursor.execute("RELEASE SAVEPOINT merging")
    return True


def _insert(table: Table, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table.name} ({_names(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _cursor(session: Session) -> Any:  # noqa: ANN401 - the drivers' cursors share no type
    """Return the driver's cursor inside the session's transaction."""
    session.flush()
    return session.connection().connection.cursor()


def _copy(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:  # noqa: ANN401
    with cursor.copy(f"COPY {table} ({_names(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _plain(table: Table, columns: Sequence[str], rows: Iterable[Row]) -> Iterable[Row]:
    """Write dates as SQLAlchemy does on SQLite, as ISO text; other rows pass untouched."""
    days = [place for place, name in enumerate(columns) if _is_date(table.c[name])]
    return (_with_iso_days(row, days) for row in rows) if days else rows


def _is_date(column: Column[Any]) -> bool:
    return isinstance(column.type, Date)


def _with_iso_days(row: Row, days: Sequence[int]) -> Row:
    cells = list(row)
    for place in days:
        cell = cells[place]
        cells[place] = cell.isoformat() if isinstance(cell, date) else cell
    return cells
