"""The books of a month: what was issued, corrected and taken back, to look at and to save."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from shared.csvfile import CsvWriter
from shared.invoices.journal import COLUMNS, journal_rows
from shared.months import Month, day_of
from shared.settings import find_settings
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.request import database, now

TOTAL, TAX = 6, 7
"""The places of a row's amounts."""


@office.get("/books")
def books() -> ResponseReturnValue:
    """Show the journal of a month; without one, of the last that has ended."""
    month, shown = _asked_month(), paging.asked_slice()
    rows = list(journal_rows(database(), month))
    return render_template(
        "office/books.html",
        month=month,
        columns=_heads(),
        kinds={"発行": _("発行"), "訂正": _("訂正"), "取消": _("取消")},
        rows=rows[shown.offset : shown.offset + shown.size],
        total_yen=sum(int(row[TOTAL]) for row in rows),
        tax_yen=sum(int(row[TAX] or 0) for row in rows),
        pager=paging.Pager(shown, len(rows)),
    )


@office.get("/books.csv")
def journal_csv() -> ResponseReturnValue:
    """Send the journal of a month."""
    month = _asked_month()
    writer = CsvWriter(COLUMNS, asked_encoding())
    name = f"帳簿_{month}_{day_of(now()):%Y%m%d}.csv"
    return csv_answer(name, writer.chunks(journal_rows(database(), month)))


def _heads() -> list[str]:
    """Return the heads of the journal's columns in the reader's words."""
    return [
        _("日付"),
        _("区分"),
        _("利用月"),
        _("請求番号"),
        _("顧客番号"),
        _("氏名"),
        _("利用料金合計"),
        _("うち消費税"),
        _("理由"),
        _("担当"),
    ]


def _asked_month() -> Month:
    asked = paging.billing_month("month")
    if asked is not None:
        return asked
    return Month.holding(day_of(now()), find_settings(database()).closing_day).previous()
