"""The people of the back office."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from shared.audit import record
from shared.doors.operators import ROLES, add_operator, find_operators, password_fits
from shared.errors import InputRefused
from shared.web.request import database, now, principal


@office.get("/operators")
def operators() -> ResponseReturnValue:
    """List who may come in, and offer to add a person."""
    return _page({}, "")


@office.post("/operators")
def create_operator() -> ResponseReturnValue:
    """Let a person in; roles ask for the own password again (decision 29)."""
    person, form = principal(), request.form
    email, role = form.get("email", ""), form.get("role", "")
    if not password_fits(database(), person.operator_id or 0, form.get("password", "")):
        return _page({"password": _("パスワードが違います。")}, email), 422
    try:
        added = add_operator(database(), email, role, form.get("new_password", ""), now())
    except InputRefused:
        text = _(
            "メールアドレスが正しく新しいこと、パスワードが15文字以上であることを確かめてください。"
        )
        return _page({"email": text}, email), 422
    record(database(), now(), person.name, "operator_added", added.email, {"role": role})
    return redirect(url_for("office.operators"), 303)


def _page(errors: dict[str, str], email: str) -> str:
    people = find_operators(database())
    return render_template(
        "office/operators.html", people=people, roles=ROLES, errors=errors, email=email
    )
