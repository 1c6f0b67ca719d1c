"""Coming in with the code from the letter, and going out."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.blueprint import portal
from shared.doors.homeowners import find_homeowner_by_code
from shared.doors.sessions import open_homeowner_session
from shared.doors.throttle import check_throttle, register_failure
from shared.web.doorman import let_in, let_out
from shared.web.language import own_path, remember_language
from shared.web.marks import public
from shared.web.request import address, database, find_principal, now, site

DOOR = "portal"


@portal.get("/login")
@public
def show_login() -> ResponseReturnValue:
    """Show the code's field, or the home page to who is in already by a code."""
    person = find_principal()
    if person and not person.bill_no:
        return redirect(url_for("portal.home"), 303)
    return render_template("portal/login.html", refused=False)


@portal.post("/login")
@public
def log_in() -> ResponseReturnValue:
    """Let in who types a code that exists; all failures look the same (security.md T3)."""
    session = database()
    check_throttle(session, DOOR, address(), now())
    code_key = site().settings.code_key
    customer = find_homeowner_by_code(session, code_key, request.form.get("code", ""), now())
    if customer is None:
        register_failure(session, DOOR, address(), now())
        return render_template("portal/login.html", refused=True), 422
    let_in(open_homeowner_session(session, customer.id, address(), now()))
    return redirect(url_for("portal.home"), 303)


@portal.post("/logout")
def log_out() -> ResponseReturnValue:
    """End this session."""
    return let_out()


@portal.post("/language")
@public
def choose_language() -> ResponseReturnValue:
    """Remember a language and stay where the reader was."""
    remember_language(request.form.get("lang", ""))
    return redirect(own_path(request.form.get("back", "")) or url_for("portal.home"), 303)
