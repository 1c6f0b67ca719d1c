"""The terms that the homeowner's bills rest on."""

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.blueprint import customer_id, portal
from shared.web.request import database, now
from shared.web.terms import find_contract


@portal.get("/contract")
def contract() -> ResponseReturnValue:
    """Show the contract's days and prices as they are today."""
    return render_template("portal/contract.html", contract=find_contract(database(), customer_id(), now()))
