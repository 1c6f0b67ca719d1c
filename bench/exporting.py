"""P6: all bills as a CSV file, against what the database or driver makes of the same columns."""

import csv
import io
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from bench.databases import Databases
from bench.fleet import BILLED, multiply
from bench.measuring import Row, cpu_clock, in_turn, ratio_row, seconds
from shared.db import reader
from shared.invoices.rows import InvoiceFilter
from shared.invoices.sheets import filter_csv
from shared.models.invoices import Invoice

COPY_MOST, MEMORY_MB, FIRST_S = 1.5, 50, 0.3
MB = 1_000_000
COLUMNS = (
    "SELECT month, invoice_no, customer_no, invoice.name, base_yen, pv_wh, export_wh, use_wh, "
    "export_yen, use_yen, total_yen, state, quality "
    "FROM invoice JOIN customer ON customer.id = customer_id ORDER BY month DESC, invoice.id DESC"
)


def rows(patterns: Engine, databases: Databases, lines: int, rounds: int) -> Iterator[Row]:
    """Yield what the file of all bills costs, holds in memory, and how soon it begins."""
    engine = databases.new()
    with Session(patterns) as session:
        each = session.scalar(select(func.count(Invoice.id))) or 1
    multiply(patterns, engine, BILLED, -(-lines // each))
    with Session(engine) as session:
        count = session.scalar(select(func.count(Invoice.id))) or 0

    def cost(write: Any) -> Any:  # noqa: ANN401 - a function of a session
        def measure(_number: int) -> float:
            with Session(reader(engine)) as session:
                return seconds(cpu_clock(engine), lambda: write(session))

        return measure

    floor, measured = in_turn(rounds, [cost(_floor), cost(_file)])
    what = f"CSV of {count:,} bills, {databases.name}"
    yield ratio_row(("P6", what), floor, measured, COPY_MOST)
    with Session(reader(engine)) as session:
        tracemalloc.start()
        _file(session)
        peak = tracemalloc.get_traced_memory()[1] / MB
        tracemalloc.stop()
    yield Row(
        "P6", f"{what}, memory", "–", f"{peak:.1f} MB", "–", f"≤ {MEMORY_MB} MB",
        passes=peak <= MEMORY_MB,
    )  # fmt: skip
    with Session(reader(engine)) as session:
        begun = time.perf_counter()
        chunks = filter_csv(session, InvoiceFilter(), "-month", "utf-8")
        for _ in range(3):  # the mark, the header, and the first lines
            next(chunks)
        waited = time.perf_counter() - begun
    yield Row(
        "P6", f"{what}, first lines", "–", f"{waited * 1000:.0f} ms", "–",
        f"< {FIRST_S * 1000:.0f} ms", passes=waited < FIRST_S,
    )  # fmt: skip
    engine.dispose()


def _file(session: Session) -> None:
    for _chunk in filter_csv(session, InvoiceFilter(), "-month", "utf-8"):
        pass


def _floor(session: Session) -> None:
    """Let PostgreSQL write its own CSV; SQLite has none, so its driver's rows go through `csv`."""
    cursor: Any = session.connection().connection.cursor()
    if session.get_bind().dialect.name == "postgresql":
        with cursor.copy(f"COPY ({COLUMNS}) TO STDOUT (FORMAT csv)") as copy:
            for _chunk in copy:
                pass
        return
    cursor.execute(COLUMNS)
    while part := cursor.fetchmany(2000):
        csv.writer(io.StringIO(newline="")).writerows(part)
