"""Bills as the rows of their CSV files, in the columns of the original system."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.csvfile import Column
from shared.csvfile.writing import Cell
from shared.invoices.documents import get_invoice
from shared.invoices.history import find_past
from shared.models import customers, invoices
from shared.months import Month
from shared.units import fine_text, kwh_text

STATES = {
    "open": "集計中",
    "held": "要確認",
    "closed": "締め済",
    "issued": "発行済",
    "void": "取消",
}
PAST = "旧システム"
QUALITIES = {
    "measured": "実測",
    "allocated": "按分",
    "estimated": "推定",
    "manual": "手入力",
    "missing": "未受信",
}
LIST_COLUMNS = (
    Column("利用月"), Column("請求番号"), Column("顧客番号"), Column("氏名", is_text=True),
    Column("基本料金(円)"), Column("発電量(kWh)"), Column("売電量(kWh)"), Column("利用量(kWh)"),
    Column("売電料金(円)"), Column("利用料金(円)"), Column("利用料金合計(円)"),
    Column("状態", is_text=True), Column("品質", is_text=True),
)  # fmt: skip
DAY_COLUMNS = (
    Column("利用日"), Column("発電量(kWh)"), Column("売電量(kWh)"), Column("利用量(kWh)"),
    Column("売電料金(円)"), Column("利用料金(円)"), Column("区分", is_text=True),
)  # fmt: skip


def month_rows(session: Session, month: Month) -> Iterator[tuple[Cell, ...]]:
    """Yield the bills of a month by customer number, void ones before the live one."""
    invoice, customer = invoices.Invoice, customers.Customer
    rows = session.execute(
        select(
            invoice.invoice_no, customer.customer_no, invoice.name, invoice.base_yen,
            invoice.pv_wh, invoice.export_wh, invoice.use_wh, invoice.export_yen,
            invoice.use_yen, invoice.total_yen, invoice.state, invoice.quality,
        )
        .join(customer, customer.id == invoice.customer_id)
        .where(invoice.month == month.first())
        .order_by(customer.customer_no, invoice.revision)
        .execution_options(yield_per=2000)
    )  # fmt: skip
    for row in rows:
        yield list_cells(month, row.customer_no, row, STATES[row.state], row.quality)


def past_rows(session: Session, month: Month) -> Iterator[tuple[Cell, ...]]:
    """Yield the bills of a month that the system before ours made, by customer number."""
    for customer_no, row in find_past(session, month):
        yield list_cells(month, customer_no, row, PAST, "")


def list_cells(
    month: Month,
    customer_no: str,
    row: Any,  # noqa: ANN401 - a stored bill, a past one, or a row of a page
    state: str,
    quality: str,
) -> tuple[Cell, ...]:
    """Return a bill's line in LIST_COLUMNS; a past bill has no quality."""
    return (
        month.slashed(), row.invoice_no, customer_no, row.name, row.base_yen,
        kwh(row.pv_wh), kwh(row.export_wh), kwh(row.use_wh), row.export_yen,
        row.use_yen, row.total_yen, state, quality,
    )  # fmt: skip


def day_rows(session: Session, invoice_no: str) -> Iterator[tuple[str, ...]]:
    """Return the days of a bill in order; raises NotFound before the first."""
    invoice_id = get_invoice(session, invoice_no).id
    day = invoices.InvoiceDay
    rows = session.scalars(select(day).where(day.invoice_id == invoice_id).order_by(day.day))
    return map(_day_row, rows)


def _day_row(row: invoices.InvoiceDay) -> tuple[str, ...]:
    return (
        row.day.strftime("%Y/%m/%d"), kwh(row.pv_wh), kwh(row.export_wh), kwh(row.use_wh),
        _fine(row.export_fine), _fine(row.use_fine), QUALITIES[row.quality],
    )  # fmt: skip


def kwh(wh: int | None) -> str:
    """Return Wh as a cell of kWh, empty where unknown."""
    return "" if wh is None else kwh_text(wh)


def _fine(fine: int | None) -> str:
    return "" if fine is None else fine_text(fine)
