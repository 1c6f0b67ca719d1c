"""Showing and renewing a code, each with the own password again (decision 29)."""

from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from backoffice.customer import show_customer
from shared.customers.registering import reveal_code
from shared.customers.stored import get_stored
from shared.doors.renewing import rotate_code
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


def _refused(customer_no: str, form: str) -> ResponseReturnValue:
    return show_customer(customer_no, errors={form: wrong_password()}), 422
