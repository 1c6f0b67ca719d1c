"""Showing and renewing a code, each with the own password again (decision 29)."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from backoffice.customer import show_customer
from shared.customers.registering import reveal_code
from shared.customers.searching import CustomerFilter, count_customers
from shared.customers.stored import get_stored
from shared.doors.renewing import rotate_all_codes, rotate_code
from shared.months import day_of
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


@office.get("/codes")
def ask_rotate_all() -> ResponseReturnValue:
    """Say what giving everybody a new code means."""
    return _all_page({})


@office.post("/codes/rotate")
def rotate_all() -> ResponseReturnValue:
    """Give every customer a new code, and end every home's sessions; audited."""
    if not is_confirmed():
        return _all_page({"password": wrong_password()}), 422
    key = site().settings.code_key
    count = rotate_all_codes(database(), key, now(), principal().name)
    flash(_("%(n)s 件の認証コードを新しくしました。", n=count))
    return redirect(url_for("office.customers"), 303)


def _all_page(errors: dict[str, str]) -> str:
    total = count_customers(database(), CustomerFilter(day_of(now())))
    return render_template("office/codes.html", total=total, errors=errors)


def _refused(customer_no: str, form: str) -> ResponseReturnValue:
    return show_customer(customer_no, errors={form: wrong_password()}), 422
