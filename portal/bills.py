"""The homeowner's own bills: list, one bill, its days as CSV, and why it is that much."""

import re

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.blueprint import customer_id, portal
from portal.figures import day_bars
from shared.documents.preparing import find_own_of_year, find_unready
from shared.errors import NotFound
from shared.invoices.documents import Document, get_bill
from shared.invoices.own import find_bill_readings, find_closed_by, find_own_bills
from shared.invoices.payments import are_in_use, find_paid_days
from shared.invoices.rows import PAST
from shared.invoices.sheets import days_csv, list_csv
from shared.months import day_of
from shared.web.documents import keep_now, pdf_answer, zip_answer
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.filters import day
from shared.web.formula import formula_of
from shared.web.request import database, now

SHOWN_STATES = ("issued", "void", PAST)
YEAR = re.compile(r"20\d\d", re.ASCII)


@portal.get("/bills")
def bills() -> ResponseReturnValue:
    """List all own bills by year, the old system's too."""
    rows = find_own_bills(database(), customer_id())
    paid = find_paid_days(database(), [row.invoice_no for row in rows])
    return render_template("portal/bills.html", bills=rows, paid=paid)


@portal.get("/bills.csv")
def bills_csv() -> ResponseReturnValue:
    """Send the list of own bills, of one year where asked."""
    asked = request.args.get("year", "")
    year = int(asked) if YEAR.fullmatch(asked) else None
    rows = find_own_bills(database(), customer_id(), year)
    name = f"請求一覧_{year}.csv" if year else "請求一覧.csv"
    return csv_answer(name, list_csv(rows, asked_encoding()))


@portal.get("/bills/<invoice_no>")
def bill(invoice_no: str) -> ResponseReturnValue:
    """Show one bill: amount, formula, breakdown, days, quality."""
    found = _own(invoice_no)
    return render_template(
        "portal/bill.html",
        bill=found,
        formula=formula_of(found),
        bars=day_bars(found["days"]),
        paid_on=find_paid_days(database(), [invoice_no]).get(invoice_no),
        is_overdue=_is_overdue(found),
    )


@portal.get("/bills/<invoice_no>/why")
def why(invoice_no: str) -> ResponseReturnValue:
    """Lead from the yen to the very readings, step by step."""
    found, owner = _own_with_days(invoice_no), customer_id()
    return render_template(
        "portal/why.html",
        bill=found,
        formula=formula_of(found),
        readings=find_bill_readings(database(), invoice_no, owner),
        before=find_closed_by(database(), owner, found),
    )


@portal.get("/bills/<invoice_no>.csv")
def bill_csv(invoice_no: str) -> ResponseReturnValue:
    """Send a bill's days."""
    _own_with_days(invoice_no)
    chunks = days_csv(database(), invoice_no, asked_encoding())
    return csv_answer(f"請求_{invoice_no}.csv", chunks)


@portal.get("/bills/<invoice_no>.pdf")
def bill_pdf(invoice_no: str) -> ResponseReturnValue:
    """Send the document of an own bill."""
    return pdf_answer(invoice_no, customer_id=customer_id())


@portal.get("/bills.zip")
def bills_zip() -> ResponseReturnValue:
    """Send the documents of the own bills of a year."""
    asked = request.args.get("year", "")
    numbers = (
        find_own_of_year(database(), customer_id(), int(asked)) if YEAR.fullmatch(asked) else []
    )
    if not numbers:
        raise NotFound(f"there are no bills of {asked}")
    keep_now(find_unready(database(), numbers))
    return zip_answer(f"請求書_{asked}.zip", numbers)


def _is_overdue(bill: Document) -> bool:
    """Say whether a bill's day has passed, where payments are recorded at all."""
    paper = bill.get("paper") or {}
    due_on = day(paper.get("due_on"))
    is_owed = bill["state"] == "issued" and bool(bill["total_yen"])
    return is_owed and due_on is not None and due_on < day_of(now()) and are_in_use(database())


def _own(invoice_no: str) -> Document:
    """Return the reader's own issued bill; any other is as unknown as none at all."""
    found = get_bill(database(), invoice_no, customer_id=customer_id())
    if found["state"] not in SHOWN_STATES:
        raise NotFound(f"invoice {invoice_no} is not issued")
    return found


def _own_with_days(invoice_no: str) -> Document:
    """Return an own bill of ours; the old system's have figures and nothing under them."""
    found = _own(invoice_no)
    if found["state"] == PAST:
        raise NotFound(f"invoice {invoice_no} has no days")
    return found
