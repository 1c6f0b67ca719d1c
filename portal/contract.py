"""The terms that the homeowner's bills rest on."""

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.blueprint import customer_id, portal
from shared.customers.listing import get_own_page
from shared.months import day_of
from shared.web.request import database, now


@portal.get("/contract")
def contract() -> ResponseReturnValue:
    """Show the contract's days and prices as they are today."""
    page = get_own_page(database(), customer_id(), day_of(now()))
    return render_template("portal/contract.html", page=page)
