"""Bills as the CSV files that the pages send, in the columns of `ppa bill export`."""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import chain

from sqlalchemy.orm import Session

from shared.csvfile import CsvWriter
from shared.csvfile.writing import Cell
from shared.invoices.exporting import (
    DAY_COLUMNS,
    LIST_COLUMNS,
    PAST,
    STATES,
    day_rows,
    kwh,
    list_cells,
)
from shared.invoices.lines import each_part
from shared.invoices.queries import each_line
from shared.invoices.rows import BillRow, InvoiceFilter
from shared.months import month_of


def list_csv(rows: Iterable[BillRow], encoding: str) -> Iterator[bytes]:
    """Yield a list of bills as CSV."""
    return CsvWriter(LIST_COLUMNS, encoding).chunks(map(_cells, rows))


def _cells(row: BillRow) -> tuple[Cell, ...]:
    state = STATES.get(row.state, PAST)
    return list_cells(row.month, row.customer_no, row, state, row.quality)


def filter_csv(
    session: Session, wanted: InvoiceFilter, sort: str, encoding: str
) -> Iterator[bytes]:
    """Yield all bills that a filter finds as CSV, piece by piece while they are read."""
    if encoding == "utf-8":
        return chain(CsvWriter(LIST_COLUMNS).chunks(()), each_part(session, wanted, sort))
    return CsvWriter(LIST_COLUMNS, encoding).chunks(_lines(session, wanted, sort))


def _lines(session: Session, wanted: InvoiceFilter, sort: str) -> Iterator[tuple[Cell, ...]]:
    for row in each_line(session, wanted, sort):
        month, number, name, base, pv, export, use, sold, used, total, state, quality, owner = row
        yield (
            slashed(month), number, owner, name, base, kwh(pv), kwh(export), kwh(use), sold,
            used, total, STATES[state], quality,
        )  # fmt: skip


@lru_cache(maxsize=1200)
def slashed(month: date) -> str:
    """Return a stored month as the file tells it."""
    return month_of(month).slashed()


def count_unfit(rows: Iterable[BillRow]) -> tuple[int, int]:
    """Return how many bills a list has, and how many of their cells CP932 does not hold."""
    writer, total = CsvWriter(LIST_COLUMNS, "cp932"), 0

    def counted() -> Iterator[tuple[Cell, ...]]:
        nonlocal total
        for row in rows:
            total += 1
            yield _cells(row)

    for _chunk in writer.chunks(counted()):
        pass
    return total, writer.replaced


def days_csv(session: Session, invoice_no: str, encoding: str) -> Iterator[bytes]:
    """Yield one bill's days as CSV; whose the bill is has been asked before."""
    return CsvWriter(DAY_COLUMNS, encoding).chunks(day_rows(session, invoice_no))
