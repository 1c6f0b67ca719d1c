"""P3 and P10: the bill run of a month against writing its own finished rows, and `ppa verify`."""

import os
from collections.abc import Callable, Iterator
from typing import Any, cast

from sqlalchemy import Engine, Table, func, select
from sqlalchemy.orm import Session

from bench.databases import Databases, SqliteFiles, sessions
from bench.fleet import CODE_KEY, HOMES, NOW, last_months, multiply
from bench.measuring import Row, cpu_clock, in_turn, ratio_row, seconds, told
from bench.midnights import a_year_of_midnights
from ingest.demo.homes import STORIES
from shared.invoices.issuing import Act, issue_month
from shared.invoices.running import Run, Worker, run_at_once, run_month
from shared.invoices.runs import Asked, Kind
from shared.models import invoices, telemetry
from shared.models.base import Base
from shared.months import Month
from shared.settings import find_settings
from shared.verify import verify

ACTOR = "bench"
PARTS: tuple[type[Base], ...] = (
    invoices.Invoice, invoices.InvoiceDay, invoices.InvoiceRegister, invoices.Hold,
)  # fmt: skip
SMALL, RATIO_SMALL, RATIO_LARGE = 10_000, 4.0, 3.0
HOME_MONTH_S = 0.003
VERIFY_S = 60 / (10_000 * 24)
Finished = list[tuple[str, Any]]
"""Each table's statement, and its rows: a blob for PostgreSQL, else tuples."""


def run_rows(patterns: Engine, databases: Databases, homes: int, rounds: int) -> Iterator[Row]:
    """Yield what billing a month costs, where the month before is billed and issued."""
    billed = databases.new()
    copies = -(-homes // (len(STORIES) - 1))  # one story has nothing to bill in a closed month
    multiply(patterns, billed, HOMES, copies)
    with sessions(billed)() as session:
        closing_day = find_settings(session).closing_day
    before, month = last_months(closing_day)
    run_month(sessions(billed), Run(before, NOW, NOW, ACTOR, apply=True))
    with sessions(billed)() as session:
        issue_month(session, before, Act(ACTOR, NOW, NOW), apply=True)
        # Now, not while there were no bills: by statistics of an empty table both ways lose alike.
        session.connection().exec_driver_sql("ANALYZE")
    done = databases.copy(billed)
    _run(done, month)
    bills, finished = _finished(done, month)
    done.dispose()

    def on_a_copy(work: Callable[[Engine], None]) -> float:
        copied = databases.copy(billed)
        cost = seconds(cpu_clock(copied), lambda: work(copied))
        copied.dispose()
        return cost

    floor, measured = in_turn(
        rounds,
        [
            lambda _number: on_a_copy(lambda engine: _write(engine, finished)),
            lambda _number: on_a_copy(lambda engine: _run(engine, month)),
        ],
    )
    most = RATIO_SMALL if homes < SMALL else RATIO_LARGE
    what = f"bill run {databases.name}, {bills:,} homes"
    yield ratio_row(("P3", what), floor, measured, most)
    each = measured / bills
    issue = _issue_cost(databases, billed, month) / bills
    yield Row(
        "P3", f"{what}, a home-month", told(floor / bills), told(each), "–",
        f"≤ {told(HOME_MONTH_S)}", passes=each <= HOME_MONTH_S,
    )  # fmt: skip
    yield Row(
        "P3", f"{what}, and issued", "–", told(each + issue), "–", f"≤ {told(HOME_MONTH_S)}",
        passes=each + issue <= HOME_MONTH_S,
    )  # fmt: skip


def _issue_cost(databases: Databases, billed: Engine, month: Month) -> float:
    """Return the seconds that issuing a month's closed bills takes, as `bill issue` does it."""
    engine = databases.copy(billed)
    _run(engine, month)
    worker = Worker(sessions(engine), lambda: NOW, person_key=CODE_KEY)
    asked = Asked(Kind.ISSUE, month, NOW, ACTOR, NOW)
    cost = seconds(cpu_clock(engine), lambda: run_at_once(worker, asked))
    engine.dispose()
    return cost


def _run(engine: Engine, month: Month) -> None:
    report = run_month(sessions(engine), Run(month, NOW, NOW, ACTOR, apply=True))
    if report.failed:
        raise RuntimeError(f"{len(report.failed)} homes failed: {report.failed[0].error}")


def _finished(engine: Engine, month: Month) -> tuple[int, Finished]:
    """Return how many bills a month has, and all their rows as the database takes them best."""
    with Session(engine) as session:
        first = session.scalar(select(func.min(_ids(month)))) or 0
        count = session.scalar(select(func.count(_ids(month)))) or 0
        cursor: Any = session.connection().connection.cursor()
        found: Finished = []
        for model in PARTS:
            table = cast("Table", model.__table__)
            key = "id" if model is invoices.Invoice else "invoice_id"
            query = f"SELECT * FROM {table.name} WHERE {key} >= {first}"
            if engine.dialect.name == "postgresql":
                with cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
                    found.append((f"COPY {table.name} FROM STDIN", b"".join(copy)))
            else:
                marks = ", ".join("?" * len(table.columns))
                statement = f"INSERT INTO {table.name} VALUES ({marks})"
                found.append((statement, cursor.execute(query).fetchall()))
    return count, found


def _ids(month: Month) -> Any:  # noqa: ANN401 - a column of a subquery
    return (
        select(invoices.Invoice.id).where(invoices.Invoice.month == month.first()).subquery().c.id
    )


def _write(engine: Engine, finished: Finished) -> None:
    with sessions(engine)() as session:
        cursor: Any = session.connection().connection.cursor()
        for statement, rows in finished:
            if engine.dialect.name == "postgresql":
                with cursor.copy(statement) as copy:
                    copy.write(rows)
            else:
                cursor.executemany(statement, rows)


def verify_rows(engine: Engine, rounds: int) -> Iterator[Row]:
    """Yield what verifying a home-month costs, against reading all its rows."""
    models: tuple[type[Base], ...] = (*PARTS, telemetry.Reading, telemetry.Boundary)
    tables = [cast("Table", model.__table__) for model in models]

    def read(_number: int) -> float:
        with Session(engine) as session:
            return seconds(cpu_clock(engine), lambda: [_read(session, table) for table in tables])

    def check(_number: int) -> float:
        with Session(engine) as session:
            return seconds(cpu_clock(engine), lambda: _verify(session))

    with Session(engine) as session:
        bills = session.scalar(select(func.count(invoices.Invoice.id))) or 1
    floor, measured = (cost / bills for cost in in_turn(rounds, [read, check]))
    yield Row(
        "P10", f"verify, a home-month of {bills}", told(floor), told(measured),
        f"{measured / floor:.2f}", f"≤ {told(VERIFY_S)}", passes=measured <= VERIFY_S,
    )  # fmt: skip


def _read(session: Session, table: Table) -> int:
    cursor: Any = session.connection().connection.cursor()
    return len(cursor.execute(f"SELECT * FROM {table.name}").fetchall())


def _verify(session: Session) -> None:
    findings = verify(session)
    if findings:
        raise RuntimeError(f"{len(findings)} findings: {findings[0]}")


def midnight_rows(files: SqliteFiles, homes: int, rounds: int) -> Iterator[Row]:
    """Yield what `ppa verify` costs where each meter was read once at every midnight of a year."""
    engine = files.new()
    months = a_year_of_midnights(engine, homes)
    with Session(engine) as session:
        bills = session.scalar(select(func.count(invoices.Invoice.id))) or 1

    def check(_number: int) -> float:
        with Session(engine) as session:
            return seconds(cpu_clock(engine), lambda: _verify(session))

    (measured,) = (cost / bills for cost in in_turn(rounds, [check]))
    cores = len(os.sched_getaffinity(0))
    yield Row(
        "P10", f"verify on one of {cores} processors, a home-month of {homes} homes x {months}, "
        "read at midnight", "–", told(measured), "–", f"≤ {told(VERIFY_S * cores)}",
        passes=measured <= VERIFY_S * cores,
    )  # fmt: skip
    engine.dispose()
