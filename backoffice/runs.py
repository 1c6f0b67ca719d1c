"""The bill run of a month in five steps: data, dry run, checks, issue, mail."""

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.mails import goes_out
from backoffice.runfigures import find_month_view
from backoffice.words import check_told, figure_words
from shared.errors import ValueRefused
from shared.invoices.approving import ask_issue, issue_asked, withdraw
from shared.invoices.queries import count_by, find_months
from shared.invoices.rows import InvoiceFilter
from shared.invoices.runs import Asked, Kind, find_run, find_runs, request_run
from shared.months import Month, day_of
from shared.queue import Call, Task
from shared.settings import find_settings
from shared.web.request import database, now, principal, start_soon
from shared.worklist import find_month_sums

SHOWN = 24
NEWEST = 10


@office.get("/runs")
def runs() -> ResponseReturnValue:
    """List the months, newest first, with their states and sums, and the newest runs."""
    session = database()
    months = find_months(session, SHOWN)[::-1]
    sums = find_month_sums(session, months[-1], months[0]) if months else {}
    return render_template(
        "office/runs.html",
        months=[
            (month, count_by(session, InvoiceFilter(month=month), "state"), sums.get(month))
            for month in months
        ],
        newest=find_runs(session, NEWEST),
        due=_month_due(),
    )


def _month_due() -> Month:
    """Return the month whose period was the last to end."""
    closing_day = find_settings(database()).closing_day
    return Month.holding(day_of(now()), closing_day).previous()


@office.get("/runs/open")
def open_run() -> ResponseReturnValue:
    """Go to the month that a form names."""
    return redirect(url_for("office.month_run", month=_month(request.args.get("month", ""))), 303)


@office.get("/runs/<month>")
def month_run(month: str) -> ResponseReturnValue:
    """Show how far a month is, in five steps."""
    view = find_month_view(database(), _month(month), now())
    return render_template(
        "office/run.html", view=view, check=check_told, figures=figure_words(), goes_out=goes_out()
    )


@office.get("/runs/<int:run_id>.json")
def run_progress(run_id: int) -> ResponseReturnValue:
    """Tell how far a run is."""
    run = find_run(database(), run_id)
    return jsonify(done=run.done, total=run.total, is_finished=run.is_finished)


@office.post("/runs/<month>/dry")
def try_run(month: str) -> ResponseReturnValue:
    """Compute a month and write no bill."""
    return _request(_month(month), Kind.DRY)


@office.post("/runs/<month>/close")
def close_run(month: str) -> ResponseReturnValue:
    """Compute a month, and close or hold its bills."""
    return _request(_month(month), Kind.RUN)


@office.post("/runs/<month>/issue")
def issue_run(month: str) -> ResponseReturnValue:
    """Issue the closed bills that the page showed, or ask a second person to."""
    wanted = issue_asked(_month(month), principal().name, now())
    run_id = ask_issue(database(), wanted, request.form.get("seen", ""))
    if run_id is None:
        flash(_("発行を申請しました。ほかの人が承認すると発行されます。"))
    else:
        start_soon(Call(Task.BILL_RUN, (run_id,)))
        flash(_("発行を始めました。"))
    return redirect(url_for("office.month_run", month=month), 303)


@office.post("/runs/<month>/withdraw")
def withdraw_issue(month: str) -> ResponseReturnValue:
    """Take back the request to issue a month."""
    withdraw(database(), issue_asked(_month(month), principal().name, now()))
    flash(_("発行の申請を取り下げました。"))
    return redirect(url_for("office.month_run", month=month), 303)


def _request(month: Month, kind: Kind) -> ResponseReturnValue:
    run_id = request_run(database(), Asked(kind, month, now(), principal().name, now()))
    start_soon(Call(Task.BILL_RUN, (run_id,)))
    flash(_("計算を始めました。"))
    return redirect(url_for("office.month_run", month=month), 303)


def _month(text: str) -> Month:
    """Return the month of an address; what is none has no page."""
    try:
        return Month.parse(text)
    except ValueRefused:
        abort(404)
