"""The homeowner's own bills: list, one bill, its days as CSV, and why it is that much."""

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.blueprint import customer_id, portal
from portal.figures import day_bars
from shared.errors import NotFound
from shared.invoices.documents import Document, get_bill
from shared.invoices.queries import find_bills_of_customer
from shared.invoices.sheets import days_csv
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.formula import formula_of
from shared.web.request import database

SHOWN_STATES = ("issued", "void")


@portal.get("/bills")
def bills() -> ResponseReturnValue:
    """List all own bills by year."""
    rows = find_bills_of_customer(database(), customer_id())
    return render_template("portal/bills.html", bills=rows)


@portal.get("/bills/<invoice_no>")
def bill(invoice_no: str) -> ResponseReturnValue:
    """Show one bill: amount, formula, breakdown, days, quality."""
    found = _own(invoice_no)
    return render_template(
        "portal/bill.html", bill=found, formula=formula_of(found), bars=day_bars(found["days"])
    )


@portal.get("/bills/<invoice_no>/why")
def why(invoice_no: str) -> ResponseReturnValue:
    """Lead from the yen to the readings, step by step."""
    found = _own(invoice_no)
    return render_template("portal/why.html", bill=found, formula=formula_of(found))


@portal.get("/bills/<invoice_no>.csv")
def bill_csv(invoice_no: str) -> ResponseReturnValue:
    """Send a bill's days."""
    _own(invoice_no)
    chunks = days_csv(database(), invoice_no, asked_encoding())
    return csv_answer(f"請求_{invoice_no}.csv", chunks)


def _own(invoice_no: str) -> Document:
    """Return the reader's own issued bill; any other is as unknown as none at all."""
    found = get_bill(database(), invoice_no, customer_id=customer_id())
    if found["state"] not in SHOWN_STATES:
        raise NotFound(f"invoice {invoice_no} is not issued")
    return found
