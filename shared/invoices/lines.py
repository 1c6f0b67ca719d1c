"""Lines of a file of bills that the database puts together itself, to the byte as CsvWriter would.

A file may hold all bills there are; cell by cell in Python it costs several times as much.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from shared.csvfile.guarding import GUARD, TRIGGERS
from shared.invoices.exporting import STATES
from shared.invoices.queries import in_order, narrowed
from shared.invoices.rows import InvoiceFilter
from shared.invoices.sums import find_sums
from shared.models.customers import Customer
from shared.models.invoices import Invoice
from shared.months import month_of
from shared.streaming import copied_lines, joined_lines

Cell = ColumnElement[Any]
_STARTING: Final = sorted(TRIGGERS - {"\0"})  # no database text has that one in it
_BY_MONTH: Final = ("month", "-month")
_ENERGIES: Final = ("pv_wh", "export_wh", "use_wh")


def each_part(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[bytes]:
    """Yield the lines of all bills that a filter finds in UTF-8, a thousand at a time.

    By month they are asked for month after month: PostgreSQL would sort all before the first line.
    """
    months = {one.month for one in find_sums(session, wanted)} if sort in _BY_MONTH else {None}
    if None in months:
        yield from _lines(session, wanted, sort)
        return
    for month in sorted(filter(None, months), reverse=sort.startswith("-")):
        yield from _lines(session, replace(wanted, month=month_of(month)), sort)


def _lines(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[bytes]:
    if session.get_bind().dialect.name == "postgresql":
        month = func.to_char(Invoice.month, "YYYY/MM")
        name = func.nullif(_guarded(Invoice.name), "")  # which it would put between quotes
        query = select(*_cells(month, name, _as_numeric))
        yield from copied_lines(session, in_order(narrowed(query, wanted), sort))
        return
    month = func.replace(func.substr(Invoice.month, 1, 7), "-", "/")
    first, *rest = _cells(month, _quoted(_guarded(Invoice.name)), _as_text)
    line = first
    for cell in rest:
        line = line.op("||")(",").op("||")(func.ifnull(cell, ""))
    query = select(line.op("||")("\r\n"))
    yield from joined_lines(session, in_order(narrowed(query, wanted), sort))


def _cells(month: Cell, name: Cell, kwh: Callable[[Any], Cell]) -> list[Any]:
    """Return a bill's cells in LIST_COLUMNS."""
    pv, export, use = (kwh(getattr(Invoice, energy)) for energy in _ENERGIES)
    return [
        month, Invoice.invoice_no, Customer.customer_no, name, Invoice.base_yen, pv, export, use,
        Invoice.export_yen, Invoice.use_yen, Invoice.total_yen,
        case(STATES, value=Invoice.state), Invoice.quality,
    ]  # fmt: skip


def _guarded(text: Any) -> Cell:  # noqa: ANN401 - a column
    """Do what `guarded` does: whatever follows the `'`s at the beginning decides."""
    first = func.substr(func.ltrim(text, GUARD), 1, 1)
    return case((first.in_(_STARTING), literal(GUARD).op("||")(text)), else_=text)


def _quoted(text: Cell) -> Cell:
    doubled = literal('"').op("||")(func.replace(text, '"', '""')).op("||")('"')
    return case((text.op("GLOB")('*[,"\r\n]*'), doubled), else_=text)


def _as_numeric(wh: Any) -> Cell:  # noqa: ANN401 - a column
    """Return Wh as kWh with two decimals, as a number that PostgreSQL writes so."""
    hundredths = case((wh >= 0, (wh + 5) // 10), else_=-((5 - wh) // 10))
    return hundredths * literal(Decimal("0.01"))


def _as_text(wh: Any) -> Cell:  # noqa: ANN401 - a column
    """Return Wh as kWh with two decimals, as text that SQLite makes."""
    above, below = (wh + 5) // 10, (5 - wh) // 10
    sign = case((below > 0, "-"), else_="")
    return case(
        (wh >= 0, func.printf("%d.%02d", above // 100, above % 100)),
        (wh < 0, func.printf("%s%d.%02d", sign, below // 100, below % 100)),
    )
