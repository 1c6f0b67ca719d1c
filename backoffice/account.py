"""An operator's own account: password, and the second step of the login."""

import base64
import binascii

import segno
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from shared.doors.sessions import open_operator_session
from shared.doors.staff import (
    Deed,
    change_password,
    enrol_totp,
    remove_totp,
    seal_offer,
    unseal_offer,
)
from shared.doors.totp import enrolment_uri, matching_step, new_secret
from shared.errors import InputRefused
from shared.seal import SealBroken
from shared.settings import find_settings
from shared.web.doorman import let_in
from shared.web.request import address, database, find_principal, now, principal, site

ISSUER = "PPA Portal"
WITHOUT_STEP = (
    "office.account",
    "office.change_own_password",
    "office.enrol",
    "office.log_out",
    "office.choose_language",
)
"""What an operator may still do who has to enrol the second step first."""


@office.before_request
def ask_for_second_step() -> ResponseReturnValue | None:
    """Lead who has no second step to the enrolment, where everybody needs one."""
    person = find_principal()
    if person is None or person.has_totp or request.endpoint in WITHOUT_STEP:
        return None
    if not find_settings(database()).require_totp:
        return None
    flash(_("全員に2段階認証が求められています。先に登録してください。"))
    return redirect(url_for("office.account"), 303)


@office.get("/account")
def account() -> ResponseReturnValue:
    """Show the own account, with a fresh secret to enrol where there is none."""
    return _page({})


@office.post("/account/password")
def change_own_password() -> ResponseReturnValue:
    """Change the own password; other browsers are signed out."""
    if not is_confirmed():
        return _page({"password": wrong_password()}), 422
    person_id = principal().operator_id or 0
    try:
        change_password(database(), person_id, request.form.get("new_password", ""), now())
    except InputRefused:
        return _page({"new_password": _("15文字以上、256文字までで入れてください。")}), 422
    let_in(open_operator_session(database(), person_id, address(), now()))
    flash(_("パスワードを変えました。ほかの画面はログアウトしました。"))
    return redirect(url_for("office.account"), 303)


@office.post("/account/totp")
def enrol() -> ResponseReturnValue:
    """Enrol the second step once the app's digits fit the secret that was offered."""
    offer, typed = request.form.get("offer", ""), request.form.get("totp", "")
    secret = _offered(offer)
    if not is_confirmed():
        return _page({"totp_password": wrong_password()}, secret), 422
    if matching_step(secret, typed, now(), 0) is None:
        return _page({"totp": _("数字が違います。アプリの今の数字を入れてください。")}, secret), 422
    person_id = principal().operator_id or 0
    enrol_totp(database(), site().settings.code_key, person_id, secret, _deed())
    flash(_("2段階認証を登録しました。次のログインから使います。"))
    return redirect(url_for("office.account"), 303)


@office.post("/account/totp/remove")
def remove_own_totp() -> ResponseReturnValue:
    """Come in without a second step from now on."""
    if not is_confirmed():
        return _page({"remove_password": wrong_password()}), 422
    remove_totp(database(), principal().operator_id or 0, _deed())
    flash(_("2段階認証を解除しました。"))
    return redirect(url_for("office.account"), 303)


def _deed() -> Deed:
    return Deed(principal().name, now())


def _offered(offer: str) -> str:
    """Return the secret of a form; one that was not offered to this person is replaced."""
    try:
        sealed = base64.b64decode(offer, validate=True)
        return unseal_offer(site().settings.code_key, sealed, principal().operator_id or 0)
    except (binascii.Error, SealBroken):
        return new_secret()


def _page(errors: dict[str, str], secret: str = "") -> str:
    person = principal()
    secret = secret or new_secret()
    sealed = seal_offer(site().settings.code_key, secret, person.operator_id or 0)
    qr = segno.make(enrolment_uri(secret, person.name, ISSUER), error="m")
    return render_template(
        "office/account.html",
        errors=errors,
        secret=secret,
        offer=base64.b64encode(sealed).decode(),
        qr=qr.svg_data_uri(scale=5, border=3, dark="#000", light="#fff"),
        must=find_settings(database()).require_totp,
    )
