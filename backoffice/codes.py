"""Showing and renewing a code, and archiving: each with the own password again (decision 29)."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.customers import show_customer
from shared.customers.registering import reveal_code
from shared.customers.stored import get_stored
from shared.doors.operators import password_fits
from shared.doors.renewing import archive_customer, rotate_code
from shared.doors.throttle import check_throttle, register_failure
from shared.web.request import address, database, now, principal, site

DOOR = "password again"


@office.post("/customers/<customer_no>/code")
def show_code(customer_no: str) -> ResponseReturnValue:
    """Show a customer's code once; audited."""
    get_stored(database(), customer_no)
    if not _is_confirmed():
        return _refused(customer_no, "show")
    key = site().settings.code_key
    code = reveal_code(database(), key, customer_no, now(), principal().name)
    return show_customer(customer_no, code=code)


@office.post("/customers/<customer_no>/code/rotate")
def rotate_code_of(customer_no: str) -> ResponseReturnValue:
    """Give a customer a new code, show it once, and end the home's sessions; audited."""
    get_stored(database(), customer_no)
    if not _is_confirmed():
        return _refused(customer_no, "rotate")
    key = site().settings.code_key
    code = rotate_code(database(), key, customer_no, now(), principal().name)
    return show_customer(customer_no, code=code)


@office.post("/customers/<customer_no>/archive")
def archive(customer_no: str) -> ResponseReturnValue:
    """Archive a customer; audited."""
    archive_customer(database(), customer_no, now(), principal().name)
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


def _is_confirmed() -> bool:
    """Ask for the own password, as slowly as a login where it is wrong."""
    check_throttle(database(), DOOR, address(), now())
    fits = password_fits(database(), principal().operator_id or 0, request.form.get("password", ""))
    if not fits:
        register_failure(database(), DOOR, address(), now())
    return fits


def _refused(customer_no: str, form: str) -> ResponseReturnValue:
    return show_customer(customer_no, errors={form: _("パスワードが違います。")}), 422
