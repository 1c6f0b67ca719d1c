"""How this reader likes to read, and where they are signed in."""

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from portal.blueprint import SIZES, customer_id, portal
from shared.customers.listing import get_own_page
from shared.doors.sessions import (
    close_own_session,
    close_sessions_of_customer,
    find_sessions_of_customer,
)
from shared.months import day_of
from shared.web.doorman import TEXT_KEY, let_out
from shared.web.request import database, now, principal


@portal.get("/settings")
def settings() -> ResponseReturnValue:
    """Show language, text size, mail address, and every browser that is signed in."""
    page = get_own_page(database(), customer_id(), day_of(now()))
    return render_template(
        "portal/settings.html",
        customer=page.customer,
        sizes=SIZES,
        sessions=find_sessions_of_customer(database(), customer_id(), now()),
        own_session=principal().session_id,
    )


@portal.post("/settings/text")
def choose_text() -> ResponseReturnValue:
    """Remember a size of text for this browser; anything but ours is ignored."""
    wish = request.form.get("size", "")
    if wish in SIZES:
        session[TEXT_KEY] = wish
    return redirect(url_for("portal.settings"), 303)


@portal.post("/settings/sessions/<int:session_id>/close")
def close_session(session_id: int) -> ResponseReturnValue:
    """Sign one other browser out."""
    if session_id == principal().session_id:
        return let_out()
    close_own_session(database(), customer_id(), session_id)
    return redirect(url_for("portal.settings", _anchor="sessions"), 303)


@portal.post("/settings/sessions/close")
def close_sessions() -> ResponseReturnValue:
    """Sign this homeowner out everywhere, here as well."""
    close_sessions_of_customer(database(), customer_id())
    return let_out()
