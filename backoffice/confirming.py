"""The own password again before what cannot be taken back (decision 29)."""

from flask import request
from flask_babel import gettext as _

from shared.doors.operators import password_fits
from shared.doors.throttle import check_throttle, register_failure
from shared.web.request import address, database, now, principal

DOOR = "password again"


def is_confirmed() -> bool:
    """Say whether the form carries the own password; wrong ones are slowed down like a login."""
    check_throttle(database(), DOOR, address(), now())
    fits = password_fits(database(), principal().operator_id or 0, request.form.get("password", ""))
    if not fits:
        register_failure(database(), DOOR, address(), now())
    return fits


def wrong_password() -> str:
    """Return the sentence for a password that does not fit."""
    return str(_("パスワードが違います。"))
