"""The list of bills of the system before ours, kept as a past that is only read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared.csvfile.reading import Problems, read_rows
from shared.db import Cell, copy_rows
from shared.errors import ValueRefused
from shared.models import customers, invoices
from shared.months import Month
from shared.units import parse_kwh, parse_yen

REQUIRED = ("利用月", "請求番号", "顧客番号", "氏名")
FIGURES = {
    "基本料金": "base_yen", "発電量": "pv_wh", "売電量": "export_wh", "利用量": "use_wh",
    "売電料金": "export_yen", "利用料金": "use_yen", "利用料金合計": "total_yen",
}  # fmt: skip
UNITS = {
    name: f"{name}(kWh)" if column.endswith("_wh") else f"{name}(円)"
    for name, column in FIGURES.items()
}
IGNORED = ("状態", "品質")
KEPT = ("invoice_no", "customer_id", "month", "name", *FIGURES.values(), "imported_at")


@dataclass(slots=True)
class Past:
    """How many bills a file holds that are new, changed or the same."""

    applied: bool
    counts: dict[str, int] = field(default_factory=lambda: {"new": 0, "changed": 0, "same": 0})


def import_history(session: Session, path: Path, *, now: int, apply: bool) -> Past:
    """Take a file in the columns of `bill export`, units or not, whole or not at all.

    Raises FileRefused naming line and column.
    """
    known = {
        row.customer_no: row.id
        for row in session.execute(select(customers.Customer.customer_no, customers.Customer.id))
    }
    ours = set(session.scalars(select(invoices.Invoice.invoice_no)))
    told = _read(path, known, ours, now)
    table = invoices.PastBill
    stored = {row.invoice_no: row for row in session.scalars(select(table))}
    past, changed = Past(apply), []
    for number, row in told.items():
        before = stored.get(number)
        same = before is not None and all(
            getattr(before, name) == row[name] for name in KEPT if name != "imported_at"
        )
        verdict = "same" if same else "new" if before is None else "changed"
        past.counts[verdict] += 1
        if not same:
            changed.append(row)
    if apply and changed:
        numbers = [row["invoice_no"] for row in changed]
        session.execute(delete(table).where(table.invoice_no.in_(numbers)))
        session.expunge_all()
        copy_rows(
            session, table, KEPT, [[cast("Cell", row[name]) for name in KEPT] for row in changed]
        )
    return past


def _read(
    path: Path, known: Mapping[str, int], ours: Collection[str], now: int
) -> dict[str, dict[str, object]]:
    """Return the rows of a file by invoice number; void ones are left out."""
    problems = Problems(str(path))
    optional = (*FIGURES, *UNITS.values(), *IGNORED)
    told: dict[str, dict[str, object]] = {}
    for line, cells in read_rows(path, str(path), REQUIRED, optional, problems=problems):
        named = dict(zip((*REQUIRED, *optional), cells, strict=True))
        month_text, number, customer_no, name = (cell or "" for cell in cells[:4])
        if named["状態"] == "取消":
            continue
        if customer_no not in known:
            problems.add(line, "顧客番号", f"there is no customer {customer_no!r}")
        if not number or number in told or number in ours:
            problems.add(line, "請求番号", f"{number!r} is blank, repeated, or a bill of our own")
        row: dict[str, object] = {
            "invoice_no": number, "customer_id": known.get(customer_no), "name": name,
            "imported_at": now,
        }  # fmt: skip
        try:
            row["month"] = Month.parse(month_text).first()
        except ValueRefused as error:
            problems.add(line, "利用月", str(error))
        for header, column in FIGURES.items():
            cell = named[header] or named[UNITS[header]]
            try:
                row[column] = _figure(cell, column)
            except ValueRefused as error:
                problems.add(line, header, str(error))
        told[number] = row
    problems.check()
    return told


def _figure(cell: str | None, column: str) -> int | None:
    if not cell:
        return None
    return parse_kwh(cell) if column.endswith("_wh") else parse_yen(cell)


def find_past(session: Session, month: Month) -> list[tuple[str, invoices.PastBill]]:
    """Return the past bills of a month with their customers' numbers, in their order."""
    table, customer = invoices.PastBill, customers.Customer
    rows = session.execute(
        select(customer.customer_no, table)
        .join(customer, customer.id == table.customer_id)
        .where(table.month == month.first())
        .order_by(customer.customer_no, table.invoice_no)
    )
    return [(row[0], row[1]) for row in rows]
