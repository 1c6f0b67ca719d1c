"""Every bill that must not go out by itself, why, and what settles it, one by one or together."""

from collections.abc import Callable
from dataclasses import replace

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from backoffice.acting import own_act, reason_missing, typed_reason
from backoffice.blueprint import office
from backoffice.invoices import MOST_PICKED, asked_filter, kept_args
from backoffice.refusals import answer_stale, refusal_words
from backoffice.words import check_told, reason_words
from shared.invoices.chaining import Act
from shared.invoices.closing import estimate_bill
from shared.invoices.inbox import count_holds, find_held
from shared.invoices.issuing import release
from shared.invoices.queries import find_months
from shared.invoices.releasing import Outcome, decide_each
from shared.invoices.rows import InvoiceFilter
from shared.invoices.selecting import find_selection
from shared.web import paging
from shared.web.request import database

MONTHS = 6
HELD = "held"
Decide = Callable[[str, str, Act], object]
"""Decides a bill by its number, for a reason, by an act."""


@office.get("/holds")
def holds() -> ResponseReturnValue:
    """List the held bills that the filter finds, oldest month first, each with its reasons."""
    return _page("")


@office.post("/holds/release")
def release_holds() -> ResponseReturnValue:
    """Release many bills by one word; each row tells what became of it."""
    return _decide(lambda number, reason, act: release(database(), number, reason, act))


@office.post("/holds/estimate")
def estimate_holds() -> ResponseReturnValue:
    """Estimate the missing registers of many bills; each row tells what became of it."""
    return _decide(lambda number, reason, act: estimate_bill(database(), number, reason, act))


def _wanted() -> InvoiceFilter:
    return replace(asked_filter(selection=True), state=HELD)


def _page(error: str) -> str:
    shown, wanted = paging.asked_slice(), _wanted()
    page = find_held(database(), wanted, shown.size, shown.offset)
    selection = find_selection(database(), wanted)
    return render_template(
        "office/holds.html",
        page=page,
        told={
            held.bill.invoice_no: [check_told(*hold) for hold in held.holds] for held in page.rows
        },
        wanted=wanted,
        asked=kept_args("picked", "all"),
        reasons=count_holds(database(), replace(wanted, reason=None)),
        months=find_months(database(), MONTHS)[::-1],
        words=reason_words(),
        pager=paging.Pager(shown, page.total),
        seen=selection.digest,
        most=len(selection.bills),
        error=error,
    )


def _decide(decide: Decide) -> ResponseReturnValue:
    """Decide the ticked bills, or all that the filter finds if they are still those shown."""
    reason, act = typed_reason(), own_act()
    if not reason:
        return _page(reason_missing()), 422
    if request.form.get("every"):
        selection = find_selection(database(), _wanted())
        if selection.digest != request.form.get("seen"):
            return answer_stale()
        picked = [(one.invoice_no, one.version) for one in selection.bills]
    else:
        picked = _ticked()
    outcomes = decide_each(database(), picked, lambda number: decide(number, reason, act))
    return _outcomes(outcomes)


def _ticked() -> list[tuple[str, str]]:
    """Return (number, version) of each ticked row; a tick carries both."""
    ticks = [text.partition(" ") for text in request.form.getlist("tick")[:MOST_PICKED]]
    return [(number, version) for number, _space, version in ticks]


def _outcomes(outcomes: list[Outcome]) -> str:
    return render_template(
        "office/outcomes.html",
        outcomes=outcomes,
        done=sum(not one.refused for one in outcomes),
        refusals=refusal_words(),
        back=url_for("office.holds"),
    )
