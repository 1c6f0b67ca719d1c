"""The clerk's first page: what waits for a person, and how the newest month stands."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.figures import find_morning
from shared.web.request import database


@office.get("/")
def morning() -> ResponseReturnValue:
    """Show today's work."""
    return render_template("office/morning.html", morning=find_morning(database()))
