"""Coming in with mail address and password, and going out."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.doors.operators import LoginRefused, get_operator_by_login
from shared.doors.sessions import open_operator_session
from shared.doors.throttle import check_throttle, register_failure
from shared.web.doorman import let_in, let_out
from shared.web.language import own_path, remember_language
from shared.web.marks import public
from shared.web.request import address, database, find_principal, now

DOOR = "office"


@office.get("/login")
@public
def show_login() -> ResponseReturnValue:
    """Show the two fields, or the work to who is in already."""
    if find_principal():
        return redirect(url_for("office.morning"), 303)
    return render_template("office/login.html", refused=False, email="")


@office.post("/login")
@public
def log_in() -> ResponseReturnValue:
    """Let in whom both fit; all failures look the same (security.md T3)."""
    session = database()
    check_throttle(session, DOOR, address(), now())
    email = request.form.get("email", "")
    try:
        operator = get_operator_by_login(session, email, request.form.get("password", ""))
    except LoginRefused:
        register_failure(session, DOOR, address(), now())
        return render_template("office/login.html", refused=True, email=email), 422
    let_in(open_operator_session(session, operator.id, address(), now()))
    return redirect(url_for("office.morning"), 303)


@office.post("/logout")
def log_out() -> ResponseReturnValue:
    """End this session."""
    return let_out()


@office.post("/language")
@public
def choose_language() -> ResponseReturnValue:
    """Remember a language and stay where the reader was."""
    remember_language(request.form.get("lang", ""))
    return redirect(own_path(request.form.get("back", "")) or url_for("office.morning"), 303)
