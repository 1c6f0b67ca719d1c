"""How this reader likes to read, and where they are signed in."""

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprint import SIZES, customer_id, portal
from shared.customers.listing import get_own_page
from shared.doors.sessions import (
    close_own_session,
    close_sessions_of_customer,
    find_sessions_of_customer,
)
from shared.errors import ValueRefused
from shared.mail.confirming import ask_to_confirm
from shared.months import day_of
from shared.web.doorman import TEXT_KEY, let_out
from shared.web.request import database, now, principal


@portal.get("/settings")
def settings() -> ResponseReturnValue:
    """Show language, text size, mail address, and every browser that is signed in."""
    return _page()


def _page(asked: str = "", typed: str = "", *, is_refused: bool = False) -> str:
    page = get_own_page(database(), customer_id(), day_of(now()))
    return render_template(
        "portal/settings.html",
        customer=page.customer,
        sizes=SIZES,
        sessions=find_sessions_of_customer(database(), customer_id(), now()),
        own_session=principal().session_id,
        asked=asked,
        typed=typed,
        errors={
            "email": _("いまと違うメールアドレスを、1日に5回まで送れます。形を確かめてください。")
        }
        if is_refused
        else {},
    )


@portal.post("/settings/email")
def ask_address() -> ResponseReturnValue:
    """Send a link to a new address; the old one counts until the link is used."""
    typed = request.form.get("email", "")
    try:
        asked = ask_to_confirm(database(), customer_id(), typed, now())
    except ValueRefused:
        return _page(typed=typed, is_refused=True), 422
    return _page(asked=asked)


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
