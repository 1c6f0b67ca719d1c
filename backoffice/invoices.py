"""Bills on the desk: the list with its filters and ticks, as a page and as CSV."""

from dataclasses import replace

from flask import render_template, request
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.words import reason_words
from shared.billing.checks import WARNINGS, Reason
from shared.invoices import past, queries
from shared.invoices.paging import find_invoices
from shared.invoices.rows import PAST, QUALITIES, SORT_KEYS, STATES, BillRow, InvoiceFilter, Page
from shared.invoices.sheets import count_unfit, filter_csv, list_csv
from shared.months import day_of
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.request import database, now

NEWEST_FIRST = "-month"
MONTHS = 6
MOST_PICKED = 100
KEPT = ("q", "month", "state", "quality", "from", "to", "min", "max", "reason", "undelivered")
"""What the address says of the filter; its ticks, order and page are no part of it."""


def asked_filter(*, selection: bool = False) -> InvoiceFilter:
    """Return the filter that the address asks for; a bad value counts as absent.

    Of a `selection` the ticked bills count, unless all that the filter finds are meant.
    """
    ticked = request.args.getlist("picked")[:MOST_PICKED] if selection else []
    return InvoiceFilter(
        q=paging.word("q"),
        month=paging.billing_month("month"),
        state=paging.choice("state", (*STATES, PAST)),
        quality=paging.choice("quality", QUALITIES),
        from_day=paging.calendar_day("from"),
        to_day=paging.calendar_day("to"),
        min_yen=paging.whole("min"),
        max_yen=paging.whole("max"),
        reason=paging.choice("reason", tuple(one.value for one in Reason)),
        undelivered=paging.choice("undelivered", ("1",)) is not None,
        picked=() if request.args.get("all") else tuple(ticked),
    )


def kept_args(*more: str) -> list[tuple[str, str]]:
    """Return the filter as the address gave it, to be handed on by a form."""
    keys = (*KEPT, *more)
    return [(key, text) for key, text in request.args.items(multi=True) if key in keys and text]


@office.get("/invoices")
def invoices() -> ResponseReturnValue:
    """List the bills that the filter finds, its totals first."""
    session, wanted, shown = database(), asked_filter(), paging.asked_slice()
    sort = paging.sort_key(SORT_KEYS, NEWEST_FIRST)
    page = _find(wanted, sort, shown)
    held_for = queries.find_hold_counts(session)
    totals = past.past_totals if wanted.state == PAST else queries.filter_totals
    return render_template(
        "office/invoices.html",
        page=page,
        wanted=wanted,
        kept=kept_args(),
        sort=sort,
        totals=totals(session, wanted),
        states=queries.count_by(session, replace(wanted, state=None), "state"),
        qualities=queries.count_by(session, replace(wanted, quality=None), "quality"),
        past_count=past.count_past(session, replace(wanted, state=None)),
        undelivered=queries.count_undelivered(session, wanted),
        reasons={key: n for key, n in held_for.items() if Reason(key) not in WARNINGS},
        words=reason_words(),
        pager=paging.Pager(shown, page.total),
        months=queries.find_months(session, MONTHS)[::-1],
    )


def _find(wanted: InvoiceFilter, sort: str, shown: paging.Slice) -> Page[BillRow]:
    find = past.find_past_page if wanted.state == PAST else find_invoices
    return find(database(), wanted, sort, shown.size, shown.offset)


@office.get("/invoices.csv")
def invoices_csv() -> ResponseReturnValue:
    """Send every bill that the filter finds, or those of them that are ticked."""
    wanted, sort = asked_filter(selection=True), paging.sort_key(SORT_KEYS, NEWEST_FIRST)
    of_month = f"_{wanted.month}" if wanted.month else ""
    name = f"請求一覧{of_month}_{day_of(now()):%Y%m%d}.csv"
    if wanted.state == PAST:
        chunks = list_csv(past.each_past(database(), wanted, sort), asked_encoding())
    else:
        chunks = filter_csv(database(), wanted, sort, asked_encoding())
    return csv_answer(name, chunks)


@office.get("/download/invoices")
def invoices_download() -> ResponseReturnValue:
    """Offer both encodings, and say how many cells an older system's would not hold (38)."""
    wanted = asked_filter(selection=True)
    each = past.each_past if wanted.state == PAST else queries.each_invoice
    total, replaced = count_unfit(each(database(), wanted, NEWEST_FIRST))
    return render_template(
        "office/invoices_csv.html",
        total=total,
        replaced=replaced,
        asked=kept_args("sort", "picked", "all"),
    )
