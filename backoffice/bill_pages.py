"""One bill on the desk, reached from all bills or from its customer, and its days as CSV."""

from collections.abc import Mapping

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from backoffice.mails import goes_out, mail_words
from backoffice.words import checks_told, how_words, reason_words
from shared.errors import NotFound
from shared.invoices.documents import get_bill, get_invoice
from shared.invoices.issuing import BINDING
from shared.invoices.payments import find_paid_days
from shared.invoices.sheets import days_csv
from shared.invoices.standing import find_standing
from shared.mail.listing import MailFilter, find_mails
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.formula import formula_of
from shared.web.request import database


@office.get("/invoices/<invoice_no>")
def invoice(invoice_no: str) -> ResponseReturnValue:
    """Show one bill with all its figures, days and registers."""
    return show_bill(invoice_no)


@office.get("/customers/<customer_no>/invoices/<invoice_no>")
def customer_invoice(customer_no: str, invoice_no: str) -> ResponseReturnValue:
    """Show one bill of one customer."""
    return show_bill(invoice_no, customer_no)


@office.get("/invoices/<invoice_no>.csv")
def invoice_csv(invoice_no: str) -> ResponseReturnValue:
    """Send one bill's days."""
    get_invoice(database(), invoice_no)
    chunks = days_csv(database(), invoice_no, asked_encoding())
    return csv_answer(f"請求_{invoice_no}.csv", chunks)


def show_bill(
    invoice_no: str, customer_no: str | None = None, errors: Mapping[str, str] | None = None
) -> str:
    """Return a bill's page, of one customer where asked; raises NotFound."""
    session = database()
    bill = get_bill(session, invoice_no)
    if customer_no not in (None, bill["customer_no"]):
        raise NotFound(f"customer {customer_no} has no invoice {invoice_no}")
    standing = find_standing(session, invoice_no)
    return render_template(
        "office/invoice.html",
        bill=bill,
        standing=standing,
        of_customer=customer_no,
        checks=checks_told(bill),
        formula=formula_of(bill),
        can_release=may_be_released(bill),
        words=reason_words(),
        hows=how_words(),
        errors=errors or {},
        mails=find_mails(session, MailFilter(invoice_no=invoice_no), goes_out=goes_out()),
        mail_words=mail_words(),
        paid_on=find_paid_days(session, [invoice_no]).get(invoice_no),
    )


def may_be_released(bill: Mapping[str, object]) -> bool:
    """Say whether a person's word settles what holds a bill (decision 22)."""
    holds = set(bill["holds"]) if isinstance(bill["holds"], list) else set()
    return bill["state"] == "held" and bill["total_yen"] is not None and not holds & BINDING
