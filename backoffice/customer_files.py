"""Customers as a file, and what is done to several of them at once."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.customers import asked_filter
from shared.csvfile import CsvWriter
from shared.customers.exporting import find_export_rows
from shared.customers.searching import count_customers, find_numbers
from shared.customers.sheet import COLUMNS
from shared.doors.renewing import archive_customers
from shared.months import day_of
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.request import database, now, principal

SHOWN = 20


@office.get("/customers.csv")
def customers_csv() -> Response:
    """Send the customers that the filter finds, in the columns of the import, without codes."""
    writer = CsvWriter(COLUMNS, asked_encoding())
    rows = find_export_rows(database(), day_of(now()), asked_filter(selection=True))
    return csv_answer(f"顧客一覧_{day_of(now()):%Y%m%d}.csv", writer.chunks(rows))


@office.get("/customers/csv")
def customers_download() -> ResponseReturnValue:
    """Offer both encodings, and say how many cells an older system's would not hold (38)."""
    wanted, writer = asked_filter(selection=True), CsvWriter(COLUMNS, "cp932")
    for _chunk in writer.chunks(find_export_rows(database(), day_of(now()), wanted)):
        pass
    return render_template(
        "office/customers_csv.html",
        total=count_customers(database(), wanted),
        replaced=writer.replaced,
        asked=_asked(),
    )


@office.get("/customers/archive")
def ask_archive_selected() -> ResponseReturnValue:
    """Say who would be archived, and what that means."""
    numbers = find_numbers(database(), asked_filter(selection=True))
    return render_template(
        "office/customers_archive.html", numbers=numbers, shown=SHOWN, asked=_asked()
    )


@office.post("/customers/archive")
def archive_selected() -> ResponseReturnValue:
    """Archive who was ticked, unless the filter finds others by now."""
    numbers = find_numbers(database(), asked_filter(selection=True))
    if request.form.get("count") != str(len(numbers)) or not numbers:
        flash(_("対象の顧客が変わったので、何もしませんでした。もう一度お選びください。"))
        return redirect(url_for("office.customers"), 303)
    done = archive_customers(database(), numbers, now(), principal().name)
    flash(_("%(n)s 件を保管しました。", n=done))
    return redirect(url_for("office.customers"), 303)


def _asked() -> list[tuple[str, str]]:
    """Return the selection as the address gave it, to be handed on."""
    keys = ("q", "only", "all", "picked")
    return [(key, text) for key, text in request.args.items(multi=True) if key in keys and text]
