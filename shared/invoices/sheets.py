"""Bills as the CSV files that the pages send, in the columns of `ppa bill export`."""

from collections.abc import Iterable, Iterator

from sqlalchemy.orm import Session

from shared.csvfile import CsvWriter
from shared.invoices.exporting import DAY_COLUMNS, LIST_COLUMNS, STATES, day_rows
from shared.invoices.rows import BillRow
from shared.units import kwh_text


def list_csv(rows: Iterable[BillRow], encoding: str) -> Iterator[bytes]:
    """Yield a list of bills as CSV."""
    return CsvWriter(LIST_COLUMNS, encoding).chunks(_cells(row) for row in rows)


def days_csv(session: Session, invoice_no: str, encoding: str) -> Iterator[bytes]:
    """Yield one bill's days as CSV; whose the bill is has been asked before."""
    return CsvWriter(DAY_COLUMNS, encoding).chunks(day_rows(session, invoice_no))


def _cells(row: BillRow) -> tuple[str | int | None, ...]:
    return (
        row.month.slashed(),
        row.invoice_no,
        row.customer_no,
        row.name,
        row.base_yen,
        *(None if wh is None else kwh_text(wh) for wh in (row.pv_wh, row.export_wh, row.use_wh)),
        row.export_yen,
        row.use_yen,
        row.total_yen,
        STATES[row.state],
        row.quality,
    )
