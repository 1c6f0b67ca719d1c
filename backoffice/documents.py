"""Documents on the desk: a bill's PDF, a month's as ZIP, those to print, and code letters."""

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from backoffice.customer import show_customer
from backoffice.invoices import asked_filter
from shared.customers.stored import get_stored
from shared.documents.bundling import each_document
from shared.documents.letters import LetterPlace, code_letter
from shared.documents.merging import merged
from shared.documents.paper import ISSUED
from shared.documents.preparing import (
    find_by_post,
    find_months_of_documents,
    find_unready,
    find_with_document,
    request_documents,
)
from shared.errors import NotFound, ValueRefused
from shared.months import Month
from shared.queue import Call, Task
from shared.web import paging
from shared.web.documents import keep_now, pdf_answer, pdf_response, zip_answer
from shared.web.request import database, now, principal, site, start_soon

AT_ONCE = 50
"""How many documents one request may still have to make."""
PART = 200
"""How many bills one PDF to print holds."""


@office.get("/invoices/<invoice_no>.pdf")
def invoice_pdf(invoice_no: str) -> ResponseReturnValue:
    """Send the document of an issued or void bill."""
    return pdf_answer(invoice_no)


@office.get("/invoices/<invoice_no>/issued.pdf")
def issued_pdf(invoice_no: str) -> ResponseReturnValue:
    """Send the document of a bill as it was issued, whatever became of it."""
    return pdf_answer(invoice_no, face=ISSUED)


@office.get("/invoices.zip")
def invoices_zip() -> ResponseReturnValue:
    """Send the documents of the bills that are ticked or found, once nearly all are ready."""
    wanted = asked_filter(selection=True)
    numbers = find_with_document(database(), wanted)
    if not numbers:
        flash(_("この絞り込みには、発行した請求書がありません。"), "attention")
        return redirect(url_for("office.invoices"), 303)
    unready = find_unready(database(), numbers)
    if len(unready) > AT_ONCE:
        flash(_("PDF がまだ用意できていない月があります。先に用意してください。"), "attention")
        return redirect(url_for("office.documents"), 303)
    keep_now(unready)
    of_month = f"_{wanted.month}" if wanted.month else ""
    return zip_answer(f"請求書{of_month}.zip", numbers)


@office.get("/documents")
def documents() -> ResponseReturnValue:
    """List the months with how many of their documents are ready, and how many go by post."""
    months = find_months_of_documents(database())
    page = Response(render_template("office/documents.html", months=months, part=PART))
    if any(one.is_asked for one in months):
        page.headers["Refresh"] = "5"
    return page


@office.post("/documents")
def prepare_documents() -> ResponseReturnValue:
    """Have a month's documents made ready by a worker."""
    try:
        month = Month.parse(request.form.get("month", ""))
    except ValueRefused:
        abort(400)
    request_id = request_documents(database(), month, principal().name, now())
    start_soon(Call(Task.DOCUMENTS, (request_id,)))
    flash(_("PDF を用意しています。この画面で進みぐあいが分かります。"))
    return redirect(url_for("office.documents"), 303)


@office.get("/documents/print.pdf")
def print_documents() -> ResponseReturnValue:
    """Send one PDF of those bills of a month that go by post, in parts of PART."""
    month, part = paging.billing_month("month"), paging.whole("part") or 1
    numbers = find_by_post(database(), month, PART, PART * (part - 1)) if month and part > 0 else []
    if not numbers:
        raise NotFound("there is nothing to print")
    keep_now(find_unready(database(), numbers))
    name = f"郵送する請求書_{month}_{part}"
    content = merged([one.content for one in each_document(database(), numbers)], name)
    return pdf_response(content, "inline", f"{name}.pdf", f"print-{month}-{part}.pdf")


@office.post("/customers/<customer_no>/letter")
def make_letter(customer_no: str) -> ResponseReturnValue:
    """Send the letter with a customer's code, which is kept nowhere; audited."""
    get_stored(database(), customer_no)
    if not is_confirmed():
        return show_customer(customer_no, errors={"show": wrong_password()}), 422
    settings = site().settings
    place = LetterPlace(settings.code_key, settings.base_url)
    content = code_letter(database(), place, customer_no, now(), principal().name)
    name = f"認証コードのご案内_{customer_no}.pdf"
    return pdf_response(content, "attachment", name, f"letter-{customer_no}.pdf")
