"""Coming in with mail address and password, and going out."""

from typing import Final

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.oidc import get_operator_by_answer, go_to_provider, is_answer, is_offered
from shared.doors.operators import LoginRefused, get_operator_by_login
from shared.doors.sessions import open_operator_session
from shared.doors.staff import choose_password, get_linked, get_operator, totp_fits
from shared.doors.throttle import check_throttle, register_failure
from shared.errors import InputRefused, NotFound
from shared.models.doors import Operator
from shared.web.doorman import let_in, let_out
from shared.web.language import own_path, remember_language
from shared.web.marks import public
from shared.web.request import address, database, find_principal, now, site

DOOR: Final = "office"
PENDING: Final = "second step"
"""In the browser's session: whose password did fit, and when."""
VOUCHED: Final = "vouched"
"""The same of whom the OpenID provider vouched for."""
SECOND_STEP_S: Final = 300


@office.get("/login")
@public
def show_login() -> ResponseReturnValue:
    """Show the two fields, a link's page, or the work to who is in already."""
    token = request.args.get("link", "")
    if token:
        return _link_page(token, {})
    if is_answer():
        return _vouched()
    if find_principal():
        return redirect(url_for("office.morning"), 303)
    if is_offered() and request.args.get("oidc") == "start":
        return go_to_provider()
    return _login_page(refused=False)


@office.post("/login")
@public
def log_in() -> ResponseReturnValue:
    """Let in whom both fit, and the second step where enrolled; failures look the same (T3)."""
    check_throttle(database(), DOOR, address(), now())
    if request.form.get("link"):
        return _choose_password(request.form["link"])
    if request.form.get("vouched"):
        return _come_in_vouched()
    email = request.form.get("email", "")
    try:
        operator = _first_step(email)
    except LoginRefused:
        register_failure(database(), DOOR, address(), now())
        return _login_page(email, refused=True), 422
    return _go_on(operator)


def _vouched() -> ResponseReturnValue:
    """Show whom the OpenID provider vouches for, with the button that lets in: a GET never does.

    Who is no operator is refused like a wrong password.
    """
    check_throttle(database(), DOOR, address(), now())
    try:
        operator = get_operator_by_answer()
    except LoginRefused as refused:
        current_app.logger.info("login by OpenID refused: %s", refused)
        return _login_page(refused=True), 422
    session[VOUCHED] = [operator.id, now()]
    return render_template("office/login_vouched.html", email=operator.email)


def _go_on(operator: Operator) -> ResponseReturnValue:
    """Let in, or ask for the second step where it is enrolled."""
    if operator.totp_sealed is None:
        return _come_in(operator.id)
    return _second_step(operator.id)


def _login_page(email: str = "", *, refused: bool) -> str:
    return render_template("office/login.html", refused=refused, email=email, has_oidc=is_offered())


def _first_step(email: str) -> Operator:
    """Return whom mail and password fit, now or a moment ago; raises LoginRefused."""
    if "email" in request.form or PENDING not in session:
        return get_operator_by_login(database(), email, request.form.get("password", ""))
    return _remembered(PENDING)


def _come_in_vouched() -> ResponseReturnValue:
    """Let in for whom the provider vouched a moment ago in this browser."""
    try:
        operator = _remembered(VOUCHED)
    except LoginRefused:
        return _login_page(refused=True), 422
    session.pop(VOUCHED)
    return _go_on(operator)


def _remembered(key: str) -> Operator:
    """Return who stands in the browser's session since a moment ago; raises LoginRefused."""
    operator_id, at = session.get(key, (0, 0))
    if now() >= at + SECOND_STEP_S:
        raise LoginRefused("the next step came too late")
    operator = get_operator(database(), operator_id)
    if operator.disabled_at is not None:
        raise LoginRefused("the operator is disabled")
    return operator


def _second_step(operator_id: int) -> ResponseReturnValue:
    """Ask for the digits, or let in who sent the right ones."""
    typed = request.form.get("totp", "").strip()
    if typed and totp_fits(database(), site().settings.code_key, operator_id, typed, now()):
        return _come_in(operator_id)
    if typed:
        register_failure(database(), DOOR, address(), now())
        return render_template("office/login_totp.html", refused=True), 422
    session[PENDING] = [operator_id, now()]
    return render_template("office/login_totp.html", refused=False)


def _come_in(operator_id: int) -> ResponseReturnValue:
    let_in(open_operator_session(database(), operator_id, address(), now()))
    return redirect(url_for("office.morning"), 303)


def _choose_password(token: str) -> ResponseReturnValue:
    """Set the password of a link's operator; a wrong link counts as a failed login."""
    try:
        choose_password(database(), token, request.form.get("new_password", ""), now())
    except NotFound:
        register_failure(database(), DOOR, address(), now())
        return _login_page(refused=True), 422
    except InputRefused:
        return _link_page(token, {"new_password": _("15文字以上、256文字までで入れてください。")})
    flash(_("パスワードを決めました。ログインしてください。"))
    return redirect(url_for("office.show_login"), 303)


def _link_page(token: str, errors: dict[str, str]) -> ResponseReturnValue:
    operator = get_linked(database(), token, now())
    page = render_template("office/join.html", token=token, email=operator.email, errors=errors)
    return page, 422 if errors else 200


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
