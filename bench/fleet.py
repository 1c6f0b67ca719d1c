"""A fleet of any size: the demo's homes and their year, made once and multiplied by rows."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, cast

from sqlalchemy import Engine, Insert, Table, func, insert, literal, select
from sqlalchemy.orm import Session

from bench.databases import OpenSession, sessions
from ingest.demo import history
from ingest.demo.homes import STORIES, DemoHome, make_homes
from shared.db import Cell, copy_rows, in_chunks
from shared.models import customers, invoices, telemetry
from shared.models.base import Base
from shared.months import Month, day_of, instant
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

    Everything is copied as it is but keys, numbers, names and codes, amounts of bills, and days
    long past.
    """
    with Session(patterns) as source:
        rows = {model: _recent(source, model) for model in models if model is not invoices.Invoice}
        strides = {str(model.__tablename__): _stride(source, model) for model in models}
        bills = source.scalars(select(invoices.Invoice)).all() if invoices.Invoice in models else []
        source.expunge_all()
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
    ordered = sorted(bills, key=lambda bill: (bill.month, -bill.revision, bill.id))
    for numbered in in_chunks(enumerate(ordered), CHUNK):
        with open_session() as session:
            places = {bill.id: place for place, bill in enumerate(ordered)}
            for place, bill in numbered:
                successor = None if bill.successor_id is None else places[bill.successor_id]
                session.execute(_copies(bill, (place, successor), copies, strides))


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


def _copies(
    bill: invoices.Invoice, places: tuple[int, int | None], copies: int, strides: dict[str, int]
) -> Insert:
    """Return what has the database itself write a bill of the patterns for every copied home.

    `places` are the bill's and its successor's among the patterns by month: bills of a month
    follow one another, as runs leave them. Amounts differ, as homes do.
    """
    place, successor = places
    owner, table = customers.Customer, cast("Table", invoices.Invoice.__table__)
    number = (owner.id - bill.customer_id) // strides["customer"]
    more = (owner.id * 37 + place * 101) % 3000
    suffix = f"-{bill.revision}" if bill.revision > 1 else ""
    own: dict[str, Any] = {
        "id": place * copies + number + 1,
        "customer_id": owner.id,
        "site_id": bill.site_id + number * strides["site"],
        "invoice_no": literal(f"{bill.month:%y%m}") + owner.customer_no + suffix,
        "name": owner.name,
    }
    if bill.total_yen is not None and bill.use_yen is not None:
        own |= {"use_yen": bill.use_yen + more, "total_yen": bill.total_yen + more}
    if successor is not None:
        own["successor_id"] = successor * copies + number + 1
    cells = [
        own.get(column.name, literal(getattr(bill, column.name), column.type)).label(column.name)
        for column in table.columns
    ]
    of_copies = select(*cells).where((owner.id - bill.customer_id) % strides["customer"] == 0)
    return insert(table).from_select(
        [column.name for column in table.columns], of_copies.order_by(owner.id)
    )


_RENAMING: dict[str, Callable[[dict[str, Cell], int], dict[str, Cell]]] = {
    "customer": _customer,
}
