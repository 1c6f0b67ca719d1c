"""Bills as the CSV files that the pages send, in the columns of `ppa bill export`."""

from collections.abc import Iterable, Iterator

from sqlalchemy.orm import Session

from shared.csvfile import CsvWriter
from shared.invoices.exporting import DAY_COLUMNS, LIST_COLUMNS, PAST, STATES, day_rows, list_cells
from shared.invoices.rows import BillRow


def list_csv(rows: Iterable[BillRow], encoding: str) -> Iterator[bytes]:
    """Yield a list of bills as CSV."""
    return CsvWriter(LIST_COLUMNS, encoding).chunks(
        list_cells(row.month, row.customer_no, row, STATES.get(row.state, PAST), row.quality)
        for row in rows
    )


def days_csv(session: Session, invoice_no: str, encoding: str) -> Iterator[bytes]:
    """Yield one bill's days as CSV; whose the bill is has been asked before."""
    return CsvWriter(DAY_COLUMNS, encoding).chunks(day_rows(session, invoice_no))
