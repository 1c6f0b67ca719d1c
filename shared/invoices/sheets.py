"""Bills as the CSV files of interfaces.md §3 (CSV out)."""

import csv
import io
from collections.abc import Iterable, Iterator

from shared.invoices.queries import BillDocument
from shared.invoices.rows import BillRow
from shared.units import kwh_text

LIST_COLUMNS = (
    "利用月",
    "請求番号",
    "顧客番号",
    "氏名",
    "基本料金(円)",
    "発電量(kWh)",
    "売電量(kWh)",
    "利用量(kWh)",
    "売電料金(円)",
    "利用料金(円)",
    "利用料金合計(円)",
    "状態",
    "品質",
)
DAY_COLUMNS = (
    "利用日",
    "発電量(kWh)",
    "売電量(kWh)",
    "利用量(kWh)",
    "売電料金(円)",
    "利用料金(円)",
    "区分",
)
STATE_WORDS = {
    "open": "集計中",
    "held": "要確認",
    "closed": "締め済",
    "issued": "発行済",
    "void": "取消",
}
_TRIGGERS = tuple("=+-@\t\r\n＝＋－＠")


def list_csv(rows: Iterable[BillRow], encoding: str) -> Iterator[bytes]:
    """Yield the list of bills as CSV."""
    return _file(LIST_COLUMNS, (_list_cells(row) for row in rows), encoding)


def days_csv(bill: BillDocument, encoding: str) -> Iterator[bytes]:
    """Yield one bill's days as CSV."""
    return _file(DAY_COLUMNS, (_day_cells(day) for day in bill["days"]), encoding)


def _list_cells(row: BillRow) -> list[str]:
    return [
        row.month.slashed(),
        row.invoice_no,
        row.customer_no,
        _text(row.name),
        _whole(row.base_yen),
        *(_kwh(wh) for wh in (row.pv_wh, row.export_wh, row.use_wh)),
        *(_whole(yen) for yen in (row.export_yen, row.use_yen, row.total_yen)),
        STATE_WORDS[row.state],
        row.quality,
    ]


def _day_cells(day: BillDocument) -> list[str]:
    return [
        day["date"].replace("-", "/"),
        *(_kwh(day[name]) for name in ("pv_wh", "export_wh", "use_wh")),
        day["export_yen"] or "",
        day["use_yen"] or "",
        day["quality"],
    ]


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_TRIGGERS) else text


def _whole(figure: int | None) -> str:
    return "" if figure is None else str(figure)


def _kwh(wh: int | None) -> str:
    return "" if wh is None else kwh_text(wh)


def _file(head: Iterable[str], rows: Iterable[list[str]], encoding: str) -> Iterator[bytes]:
    """Yield lines ended by CRLF; UTF-8 begins with a BOM, cp932 writes 〓 for what it lacks."""
    if encoding == "utf-8":
        yield b"\xef\xbb\xbf"
    yield _line(list(head), encoding)
    for cells in rows:
        yield _line(cells, encoding)


def _line(cells: list[str], encoding: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    text = line.getvalue()
    if encoding == "utf-8":
        return text.encode()
    return b"".join(sign.encode("cp932", "ignore") or "〓".encode("cp932") for sign in text)
