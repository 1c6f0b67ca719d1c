"""Long results as the driver hands them over, piece by piece, for files of a million lines."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from shared.db import driven

AT_ONCE = 1000
"""Lines of a piece: few enough to hold, many enough to be worth sending."""


def joined_lines(session: Session, query: Select[str]) -> Iterator[bytes]:
    """Yield the lines that a query makes of its rows, on SQLite, in UTF-8."""
    cursor, statement, params = driven(session, query)
    cursor.execute(statement, params)
    while part := cursor.fetchmany(AT_ONCE):
        yield "".join([line for (line,) in part]).encode()


def copied_lines(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[bytes]:
    """Yield a query's rows as the lines of a CSV file as PostgreSQL writes it, in UTF-8, CRLF."""
    cursor, statement, params = driven(session, query)
    copying = f"COPY ({statement}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"
    with cursor.copy(copying, params) as copy:
        lines: list[bytes] = []
        for line in copy:
            lines.append(line)
            if len(lines) == AT_ONCE:
                yield _with_crlf(lines)
                lines.clear()
        if lines:
            yield _with_crlf(lines)


def _with_crlf(lines: list[bytes]) -> bytes:
    """Join lines that end in a line feed; another one inside a line is a cell's own."""
    joined = b"".join(lines)
    if joined.count(b"\n") == len(lines):
        return joined.replace(b"\n", b"\r\n")
    return b"".join(bytes(line[:-1]) + b"\r\n" for line in lines)
