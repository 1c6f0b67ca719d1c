"""One customer on the desk: overview, measuring, equipment, history, notes."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.timeline import last_days, time_line
from backoffice.trail import tell
from shared.audit import AuditFilter, find_audit
from shared.customers.entries import EntryRefused
from shared.customers.equipment import find_gateways, find_meters
from shared.customers.listing import CustomerPage, get_customer_page
from shared.customers.notes import add_note, find_notes
from shared.customers.overview import find_next
from shared.customers.stored import get_stored
from shared.invoices.live import live_bill
from shared.invoices.paging import find_invoices
from shared.invoices.queries import find_invoice_numbers
from shared.invoices.rows import InvoiceFilter
from shared.models.operations import Audit
from shared.months import day_of
from shared.web import paging
from shared.web.request import database, now, principal

NEWEST = 6
MONTHS = 13


@office.get("/customers/<customer_no>")
def customer(customer_no: str) -> ResponseReturnValue:
    """Show one customer: terms, meters, newest bills, contact, notes, newest history."""
    return show_customer(customer_no)


def show_customer(
    customer_no: str,
    errors: dict[str, str] | None = None,
    code: str | None = None,
    note: tuple[str, str] | None = None,
) -> str:
    """Return the customer's page, with the code where it was just asked for."""
    session, today = database(), day_of(now())
    head = _head(customer_no)
    page, stored = head["page"], head["stored"]
    bills = find_invoices(session, InvoiceFilter(customer_no=customer_no), "-month", NEWEST, 0)
    held = find_invoices(
        session, InvoiceFilter(customer_no=customer_no, state="held"), "-month", 1, 0
    )
    meters = find_meters(session, stored.site_id)
    return render_template(
        "office/customer.html",
        **head,
        bills=bills,
        meters=meters,
        notes=find_notes(session, stored.customer_id),
        next=find_next(page, meters, held.total, today),
        line=time_line(page.recorded, today),
        last_days=last_days(page.recorded),
        newest=[tell(row) for row in _history(page, NEWEST, 0)[0]],
        errors=errors or {},
        code=code,
        note=note or (today.isoformat(), ""),
    )


@office.post("/customers/<customer_no>/notes")
def create_note(customer_no: str) -> ResponseReturnValue:
    """Note something about a customer for a day."""
    note = (request.form.get("note_day", ""), request.form.get("note_body", ""))
    words = {
        "note_day": _("2024-01-16 のように入れてください。"),
        "note_body": _("5000文字までで入れてください。"),
    }
    try:
        add_note(database(), customer_no, note, now(), principal().name)
    except EntryRefused as refused:
        errors = {field: words[field] for field in refused.problems}
        return show_customer(customer_no, errors, note=note), 422
    flash(_("メモを加えました。"))
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


@office.get("/customers/<customer_no>/measurements")
def customer_measurements(customer_no: str) -> ResponseReturnValue:
    """Show what was measured: the month that runs day by day, and the months before."""
    session, head = database(), _head(customer_no)
    bills = find_invoices(session, InvoiceFilter(customer_no=customer_no), "-month", MONTHS, 0)
    live = live_bill(session, head["page"].customer.id, now())
    meters = find_meters(session, head["stored"].site_id)
    return render_template(
        "office/customer_measurements.html", **head, bills=bills, live=live, meters=meters
    )


@office.get("/customers/<customer_no>/equipment")
def customer_equipment(customer_no: str) -> ResponseReturnValue:
    """Show the house: panels, conditioner, battery, meters with certificates, gateways."""
    session, head = database(), _head(customer_no)
    site_id = head["stored"].site_id
    return render_template(
        "office/customer_equipment.html",
        **head,
        meters=find_meters(session, site_id),
        gateways=find_gateways(session, site_id),
    )


@office.get("/customers/<customer_no>/history")
def customer_history(customer_no: str) -> ResponseReturnValue:
    """Show everything that was done to a customer and the bills, before and after."""
    head, shown = _head(customer_no), paging.asked_slice()
    rows, total = _history(head["page"], shown.size, shown.offset)
    return render_template(
        "office/customer_history.html",
        **head,
        told=[tell(row) for row in rows],
        pager=paging.Pager(shown, total),
    )


def _head(customer_no: str) -> dict[str, Any]:
    """Return what the head of all pages of a customer shows."""
    session = database()
    stored = get_stored(session, customer_no)
    page = get_customer_page(session, customer_no, day_of(now()))
    return {"page": page, "stored": stored, "today": day_of(now()), "no": customer_no}


def _history(page: CustomerPage, limit: int, offset: int) -> tuple[list[Audit], int]:
    numbers = find_invoice_numbers(database(), page.customer.id)
    subjects = (page.customer.customer_no, *numbers)
    return find_audit(database(), AuditFilter(subjects=subjects), limit, offset)
