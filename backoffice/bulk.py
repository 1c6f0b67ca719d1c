"""Many bills of the list at once: issued together, or mailed again together."""

from urllib.parse import urlencode

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from backoffice.acting import own_act
from backoffice.blueprint import office
from backoffice.invoices import asked_filter, kept_args
from backoffice.mails import goes_out
from backoffice.refusals import answer_stale, refusal_words
from shared.invoices.approving import require_no_approval
from shared.invoices.drafting import CLOSED, ISSUED
from shared.invoices.selecting import find_selection, issue_each
from shared.settings import find_settings
from shared.web.request import database


@office.get("/resend")
def ask_resend_selected() -> ResponseReturnValue:
    """Show whose bills of the ticked ones would be mailed again."""
    selection = find_selection(database(), asked_filter(selection=True))
    return render_template(
        "office/resend_selected.html",
        selection=selection,
        issued=selection.of(ISSUED),
        goes_out=goes_out(),
        kept=[(key, text) for key, text in kept_args() if key != "picked"],
    )


@office.get("/issue")
def ask_issue_selected() -> ResponseReturnValue:
    """Show which of the ticked bills would be issued."""
    selection = find_selection(database(), asked_filter(selection=True))
    closed = selection.of(CLOSED)
    return render_template(
        "office/issue_selected.html",
        selection=selection,
        closed=closed,
        others=len(selection.bills) - len(closed),
        needs_approval=find_settings(database()).approval,
        asked=urlencode(kept_args("picked", "all")),
    )


@office.post("/issue")
def issue_selected() -> ResponseReturnValue:
    """Issue the closed ones of the bills that the page showed, if they are as they were."""
    require_no_approval(database())
    selection = find_selection(database(), asked_filter(selection=True))
    if selection.digest != request.form.get("seen"):
        return answer_stale()
    numbers = [one.invoice_no for one in selection.of(CLOSED)]
    outcomes = issue_each(database(), numbers, own_act())
    return render_template(
        "office/outcomes.html",
        outcomes=outcomes,
        done=sum(not one.refused for one in outcomes),
        refusals=refusal_words(),
        back=url_for("office.invoices"),
    )
