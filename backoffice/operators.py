"""The people of the back office: invited, given a role, shut out, helped with a lost password."""

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from shared.audit import record
from shared.doors.operators import ROLES, add_operator, find_operators, get_operator_by_mail
from shared.doors.staff import (
    Deed,
    change_role,
    get_operator,
    invite,
    remove_totp,
    reset_link,
    set_disabled,
)
from shared.errors import InputRefused
from shared.mail.joining import queue_link_mail
from shared.web.request import database, now, principal, site


@office.get("/operators")
def operators() -> ResponseReturnValue:
    """List who may come in, and offer to add a person."""
    return _page({}, "")


@office.post("/operators")
def create_operator() -> ResponseReturnValue:
    """Let a person in: by a link shown once, or with a password typed here (decision 29)."""
    form = request.form
    email, role, password = form.get("email", ""), form.get("role", ""), form.get("new_password")
    if not is_confirmed():
        return _page({"password": wrong_password()}, email), 422
    try:
        if not password:
            token = invite(database(), site().settings.secret_key, email, role, _deed())
            invited = email.strip().lower()
            _mail_link(get_operator_by_mail(database(), invited).id)
            return _page({}, "", (invited, _link(token)))
        added = add_operator(database(), email, role, password, now())
    except InputRefused:
        text = _(
            "メールアドレスが正しく新しいこと、パスワードが15文字以上であることを確かめてください。"
        )
        return _page({"email": text}, email), 422
    record(database(), now(), principal().name, "operator_added", added.email, {"role": role})
    flash(_("%(email)s を加えました。", email=added.email))
    return redirect(url_for("office.operators"), 303)


@office.get("/operators/<int:operator_id>")
def operator(operator_id: int) -> ResponseReturnValue:
    """Show a person and what may be changed."""
    return _person(operator_id, {})


@office.post("/operators/<int:operator_id>/role")
def give_role(operator_id: int) -> ResponseReturnValue:
    """Give a person another role."""
    role = request.form.get("role", "")
    if role not in ROLES:
        raise BadRequest
    return _changed(
        operator_id, "role", lambda: change_role(database(), operator_id, role, _deed())
    )


@office.post("/operators/<int:operator_id>/disable")
def disable_operator(operator_id: int) -> ResponseReturnValue:
    """Shut a person out at once."""
    return _changed(operator_id, "disable", lambda: _set_disabled(operator_id, disabled=True))


@office.post("/operators/<int:operator_id>/enable")
def enable_operator(operator_id: int) -> ResponseReturnValue:
    """Let a person in again."""
    return _changed(operator_id, "enable", lambda: _set_disabled(operator_id, disabled=False))


@office.post("/operators/<int:operator_id>/totp/remove")
def remove_operators_totp(operator_id: int) -> ResponseReturnValue:
    """Let a person who lost the phone come in without a second step."""
    return _changed(operator_id, "totp", lambda: remove_totp(database(), operator_id, _deed()))


@office.post("/operators/<int:operator_id>/link")
def link_operator(operator_id: int) -> ResponseReturnValue:
    """Show once a link with which a person chooses a new password."""
    if not is_confirmed():
        return _person(operator_id, {"link": wrong_password()}), 422
    token = reset_link(database(), site().settings.secret_key, operator_id, _deed())
    _mail_link(operator_id)
    return _person(operator_id, {}, _link(token))


def _set_disabled(operator_id: int, *, disabled: bool) -> None:
    set_disabled(database(), operator_id, _deed(), disabled=disabled)


def _changed(operator_id: int, form: str, change: Callable[[], object]) -> ResponseReturnValue:
    """Do something to a person once the own password was given again."""
    if not is_confirmed():
        return _person(operator_id, {form: wrong_password()}), 422
    change()
    flash(_("変更を保存しました。"))
    return redirect(url_for("office.operator", operator_id=operator_id), 303)


def _deed() -> Deed:
    return Deed(principal().name, now())


def _mail_link(operator_id: int) -> None:
    """Mail the newest link as well, where a mail server is set."""
    if site().settings.sends_mail:
        queue_link_mail(database(), operator_id, now(), principal().name)


def _link(token: str) -> str:
    return f"{site().settings.base_url}{url_for('office.show_login', link=token)}"


def role_words() -> dict[str, str]:
    """Return what the roles are called."""
    return {"viewer": _("閲覧"), "billing": _("請求担当"), "admin": _("管理者")}


def _person(operator_id: int, errors: dict[str, str], link: str = "") -> str:
    return render_template(
        "office/operator.html",
        one=get_operator(database(), operator_id),
        role_words=role_words(),
        errors=errors,
        link=link,
        mailed=site().settings.sends_mail,
    )


def _page(errors: dict[str, str], email: str, invited: tuple[str, str] | None = None) -> str:
    people = find_operators(database())
    return render_template(
        "office/operators.html",
        people=people,
        role_words=role_words(),
        errors=errors,
        email=email,
        invited=invited,
        mailed=site().settings.sends_mail,
    )
