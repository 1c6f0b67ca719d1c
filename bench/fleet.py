"""A fleet of any size: the demo's homes and their year, made once and multiplied by rows."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import cast

from sqlalchemy import Engine, Table, func, select
from sqlalchemy.orm import Session

from bench.databases import OpenSession, sessions
from ingest.demo import history
from ingest.demo.homes import STORIES, DemoHome, make_homes
from shared.db import Cell, copy_rows, in_chunks
from shared.models import customers, invoices, telemetry
from shared.models.base import Base
from shared.months import Month, day_of, instant, invoice_no, month_of
from shared.search import search_text
from shared.telemetry.deriving import refresh

NOW = instant(date(2026, 4, 20)) + 10 * 3600
CODE_KEY = "a secret for auth codes, in benchmarks only"
CHUNK = 50
HOMES: tuple[type[Base], ...] = (
    customers.Site, customers.Customer, customers.Occupancy, customers.Term, telemetry.Channel,
    telemetry.MeterEvent, telemetry.Boundary, telemetry.ChannelSpan, telemetry.MeterClose,
)  # fmt: skip
BILLED: tuple[type[Base], ...] = (
    customers.Site, customers.Customer, customers.Occupancy, invoices.Invoice,
)  # fmt: skip
RECENT_DAYS = 100
"""Days of boundaries that a copy keeps: what two months of bills rest on."""


def make_patterns(engine: Engine) -> list[DemoHome]:
    """Register one home of each story with a year of registers, judged and not yet billed."""
    open_session = sessions(engine)
    with open_session() as session:
        closing_day = history.register_operator(session, NOW)
        homes = make_homes(len(STORIES), NOW, closing_day)
        history.register_homes(session, homes, CODE_KEY)
        for home in homes:
            history.keep_registers(session, home, NOW, closing_day)
        refresh(session)
    return homes


def bill_patterns(open_session: OpenSession, homes: Sequence[DemoHome]) -> None:
    """Bill the year, month by month."""
    history.bill_the_past(open_session, homes, NOW)


def last_months(closing_day: int) -> tuple[Month, Month]:
    """Return the month that closed last and the one before it."""
    closed = Month.holding(day_of(NOW), closing_day).previous()
    return closed.previous(), closed


def multiply(patterns: Engine, engine: Engine, models: Sequence[type[Base]], copies: int) -> None:
    """Fill a migrated, empty database with copies of the patterns' rows, under keys of their own.

    Everything is copied as it is but keys, numbers, names and codes, and days long past.
    """
    with Session(patterns) as source:
        rows = {model: _recent(source, model) for model in models}
        strides = {str(model.__tablename__): _stride(source, model) for model in models}
    open_session = sessions(engine)
    with open_session() as session:
        history.register_operator(session, NOW)
    for chunk in in_chunks(range(copies), CHUNK):
        with open_session() as session:
            for model, found in rows.items():
                table = cast("Table", model.__table__)
                shifts = [_shift(table, column.name, strides) for column in table.columns]
                shifted = (
                    _named(table, _shifted(row, shifts, number), number)
                    for number in chunk
                    for row in found
                )
                copy_rows(session, model, [c.name for c in table.columns], shifted)


def _recent(source: Session, model: type[Base]) -> list[tuple[Cell, ...]]:
    query = select(model.__table__)
    if model is telemetry.Boundary:
        query = query.where(telemetry.Boundary.day > day_of(NOW) - timedelta(days=RECENT_DAYS))
    return [tuple(row) for row in source.execute(query)]


def _stride(source: Session, model: type[Base]) -> int:
    table = cast("Table", model.__table__)
    key = table.c.get("id")
    return source.scalar(select(func.max(key))) or 0 if key is not None else 0


def _shift(table: Table, name: str, strides: dict[str, int]) -> int:
    """Return by how much a column grows from one copy to the next: keys by their table's stride."""
    if name == "id":
        return strides[table.name]
    for key in table.c[name].foreign_keys:
        return strides[key.column.table.name]
    return 0


Cells = list[Cell]


def _shifted(row: Sequence[Cell], shifts: Sequence[int], number: int) -> Cells:
    return [
        cell + shift * number if shift and isinstance(cell, int) else cell
        for cell, shift in zip(row, shifts, strict=True)
    ]


def _named(table: Table, cells: Cells, number: int) -> Cells:
    """Give a copied customer and bill a number of its own, and what hangs on it."""
    rename = _RENAMING.get(table.name)
    if rename is not None:
        names = [column.name for column in table.columns]
        found = dict(zip(names, cells, strict=True))
        return list((found | rename(found, number)).values())
    return cells


def _own_number(customer_id: int) -> str:
    return f"11{customer_id:08d}"


def _customer(found: dict[str, Cell], number: int) -> dict[str, Cell]:
    owner = cast("int", found["id"])
    customer_no, mail = _own_number(owner), f"{owner}@example.jp"
    name, kana = f"顧客{owner:05d}", f"コキヤク{owner:05d}"
    return {
        "customer_no": customer_no,
        "name": name,
        "kana": kana,
        "email": mail,
        "search_text": search_text(customer_no, name, kana, mail),
        "code_index": hashlib.sha256(f"{customer_no} {number}".encode()).digest(),
    }


def _invoice(found: dict[str, Cell], _number: int) -> dict[str, Cell]:
    month = month_of(cast("date", found["month"]))
    revision = cast("int", found["revision"])
    owner = cast("int", found["customer_id"])
    return {
        "invoice_no": invoice_no(month, _own_number(owner), revision),
        "name": f"顧客{owner:05d}",
    }


_RENAMING: dict[str, Callable[[dict[str, Cell], int], dict[str, Cell]]] = {
    "customer": _customer,
    "invoice": _invoice,
}
