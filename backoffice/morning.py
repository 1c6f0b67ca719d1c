"""The clerk's first page: what waits for a person, and how the newest month stands."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.figures import find_morning
from backoffice.fleet_words import alarm_words, state_words
from backoffice.mails import goes_out
from backoffice.words import reason_words
from shared.web import paging
from shared.web.request import database, now


@office.get("/")
def morning() -> ResponseReturnValue:
    """Show today's work; of a `day` asked for, which homes' registers are there, and around it."""
    found = find_morning(database(), now(), paging.calendar_day("day"))
    return render_template(
        "office/morning.html",
        morning=found,
        words=reason_words(),
        states=state_words(),
        alarms=alarm_words(),
        goes_out=goes_out(),
    )
