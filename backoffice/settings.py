"""The settings as they are today."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.settings import find_settings
from shared.web.request import database, now


@office.get("/settings")
def settings() -> ResponseReturnValue:
    """List every setting with its text and since when it holds."""
    return render_template("office/settings.html", settings=find_settings(database(), now()))
