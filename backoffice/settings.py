"""The settings as they are today."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.months import day_of
from shared.settings import KEYS, find_rows
from shared.web.request import database, now


@office.get("/settings")
def settings() -> ResponseReturnValue:
    """List every setting with its text and since when it holds."""
    rows = find_rows(database(), on=day_of(now()))
    shown = {name: rows[name].text if name in rows else key.default for name, key in KEYS.items()}
    return render_template("office/settings.html", settings=shown)
