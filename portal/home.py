"""The first page: what this month costs, and what became of the electricity."""

from datetime import date

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.blueprint import customer_id, portal
from portal.figures import find_home_figures, ruler, split
from portal.notices import find_notices
from shared.web.request import database, now

NEWEST = 3


@portal.get("/")
def home() -> ResponseReturnValue:
    """Answer the four questions of a homeowner on the first screen."""
    figures = find_home_figures(database(), customer_id(), now())
    drawn = None
    if figures.live:
        period = figures.live["period"]
        start, end = (date.fromisoformat(period[name]) for name in ("start", "end"))
        drawn = ruler(start, end, figures.until)
    return render_template(
        "portal/home.html",
        figures=figures,
        ruler=drawn,
        split=split,
        notices=find_notices(database(), customer_id(), now(), (figures.today, figures.own))[
            :NEWEST
        ],
    )
