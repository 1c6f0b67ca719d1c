"""Pages that everybody may read."""

from flask import Response, redirect, render_template
from flask.typing import ResponseReturnValue

from portal.blueprint import customer_id, portal
from portal.examples import find_example
from shared.web.assets import asset
from shared.web.marks import public
from shared.web.request import database, find_principal, now


@portal.get("/help")
@public
def help_page() -> ResponseReturnValue:
    """Explain the words of a bill and how to sign in, to a homeowner with the own numbers."""
    person = find_principal()
    is_whole = person is not None and person.bill_no is None
    example = find_example(database(), customer_id(), now()) if is_whole else None
    return render_template("portal/help.html", example=example)


@portal.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """Say what is kept about a home, why, and for how long."""
    return render_template("portal/privacy.html")


@portal.get("/robots.txt")
@public
def robots() -> ResponseReturnValue:
    """Ask search engines to stay away: there is nothing to find."""
    return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")


@portal.get("/favicon.ico")
@public
def favicon() -> ResponseReturnValue:
    """Lead to the drawn icon."""
    return redirect(asset("icon.svg"), 303)
