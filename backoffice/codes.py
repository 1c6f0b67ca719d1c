"""Showing and renewing a code, and archiving: each with the own password again (decision 29)."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from backoffice.customers import show_customer
from shared.customers.registering import reveal_code
from shared.customers.stored import get_stored
from shared.doors.renewing import archive_customer, rotate_code
from shared.web.request import database, now, principal, site


@office.post("/customers/<customer_no>/code")
def show_code(customer_no: str) -> ResponseReturnValue:
    """Show a customer's code once; audited."""
    get_stored(database(), customer_no)
    if not is_confirmed():
        return _refused(customer_no, "show")
    key = site().settings.code_key
    code = reveal_code(database(), key, customer_no, now(), principal().name)
    return show_customer(customer_no, code=code)


@office.post("/customers/<customer_no>/code/rotate")
def rotate_code_of(customer_no: str) -> ResponseReturnValue:
    """Give a customer a new code, show it once, and end the home's sessions; audited."""
    get_stored(database(), customer_no)
    if not is_confirmed():
        return _refused(customer_no, "rotate")
    key = site().settings.code_key
    code = rotate_code(database(), key, customer_no, now(), principal().name)
    return show_customer(customer_no, code=code)


@office.post("/customers/<customer_no>/archive")
def archive(customer_no: str) -> ResponseReturnValue:
    """Archive a customer; audited."""
    archive_customer(database(), customer_no, now(), principal().name)
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


def _refused(customer_no: str, form: str) -> ResponseReturnValue:
    return show_customer(customer_no, errors={form: wrong_password()}), 422
