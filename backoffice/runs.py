"""The months that were run, and how their bills stand."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.invoices.queries import count_by, filter_totals, find_months
from shared.invoices.rows import InvoiceFilter
from shared.web.request import database

SHOWN = 24


@office.get("/runs")
def runs() -> ResponseReturnValue:
    """List the months, newest first, with their states and sums."""
    session = database()
    wanted = [InvoiceFilter(month=month) for month in find_months(session, SHOWN)[::-1]]
    months = [
        (one.month, count_by(session, one, "state"), filter_totals(session, one)) for one in wanted
    ]
    return render_template("office/runs.html", months=months)
