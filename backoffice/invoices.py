"""Bills on the desk: the list with its filters, as a page and as CSV."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.invoices import queries
from shared.invoices.rows import QUALITIES, SORT_KEYS, STATES, InvoiceFilter
from shared.invoices.sheets import list_csv
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.request import database

NEWEST_FIRST = "-month"
MONTHS = 4


def asked_filter() -> InvoiceFilter:
    """Return the filter that the address asks for; a bad value counts as absent."""
    return InvoiceFilter(
        q=paging.word("q"),
        month=paging.billing_month("month"),
        state=paging.choice("state", STATES),
        quality=paging.choice("quality", QUALITIES),
        from_day=paging.calendar_day("from"),
        to_day=paging.calendar_day("to"),
        min_yen=paging.whole("min"),
        max_yen=paging.whole("max"),
    )


@office.get("/invoices")
def invoices() -> ResponseReturnValue:
    """List the bills that the filter finds, its totals first."""
    session, wanted, shown = database(), asked_filter(), paging.asked_slice()
    sort = paging.sort_key(SORT_KEYS, NEWEST_FIRST)
    page = queries.find_invoices(session, wanted, sort, shown.size, shown.offset)
    return render_template(
        "office/invoices.html",
        page=page,
        wanted=wanted,
        sort=sort,
        totals=queries.filter_totals(session, wanted),
        states=queries.count_by(session, wanted, "state"),
        qualities=queries.count_by(session, wanted, "quality"),
        pager=paging.Pager(shown, page.total),
        months=queries.find_months(session, MONTHS)[::-1],
    )


@office.get("/invoices.csv")
def invoices_csv() -> ResponseReturnValue:
    """Send every bill that the filter finds."""
    sort = paging.sort_key(SORT_KEYS, NEWEST_FIRST)
    rows = queries.each_invoice(database(), asked_filter(), sort)
    return csv_answer("請求一覧.csv", list_csv(rows, asked_encoding()))
