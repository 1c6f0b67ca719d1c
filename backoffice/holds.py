"""Every bill that must not go out by itself, and why."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.words import reason_words
from shared.invoices.queries import find_holds
from shared.web.request import database


@office.get("/holds")
def holds() -> ResponseReturnValue:
    """List the held bills, oldest month first, each with its reasons."""
    return render_template("office/holds.html", holds=find_holds(database()), words=reason_words())
