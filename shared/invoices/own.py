"""A homeowner's own bills: whose they are is a parameter of every question (security.md T7)."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shared.db import rows_of
from shared.energy.boundaries import How
from shared.invoices.documents import Document, find_registers, get_invoice
from shared.invoices.queries import list_row, select_rows
from shared.invoices.rows import FIGURES, BillRow, InvoiceFilter, bill_row, past_row
from shared.models.customers import Customer
from shared.models.invoices import Invoice, InvoiceDay, InvoiceRegister, PastBill
from shared.months import Month, Period
from shared.telemetry.evidence import Asked, Evidence, find_day_evidence, find_evidence

VISIBLE = ("issued", "void")
"""The states of bills that a homeowner may see; what is still worked on is nobody's business."""


_OWN: Final = (
    select_rows(InvoiceFilter())
    .where(Invoice.customer_id == bindparam("customer_id"), Invoice.state.in_(VISIBLE))
    .order_by(Invoice.month.desc(), Invoice.revision.desc())
)
_PAST: Final = (
    select(
        PastBill.invoice_no, PastBill.month, PastBill.name,
        *(getattr(PastBill, figure) for figure in FIGURES), Customer.customer_no,
    )
    .join(Customer, Customer.id == PastBill.customer_id)
    .where(PastBill.customer_id == bindparam("customer_id"))
    .order_by(PastBill.month.desc(), PastBill.invoice_no)
)  # fmt: skip


def find_own_bills(session: Session, customer_id: int, year: int | None = None) -> list[BillRow]:
    """Return what a homeowner may see of the own bills, the old system's too, newest first.

    Of a month that has a bill of ours the old system's is left out.
    """
    asked = {"customer_id": customer_id}
    bills = [list_row(row) for row in rows_of(session, _OWN, asked)]
    months = {bill.month for bill in bills}
    before = [past_row(row, row.customer_no) for row in rows_of(session, _PAST, asked)]
    bills += [bill for bill in before if bill.month not in months]
    bills.sort(key=lambda bill: bill.month, reverse=True)
    return [bill for bill in bills if year is None or bill.month.year == year]


def live_ones(bills: list[BillRow]) -> list[BillRow]:
    """Return the bills that count: of each month the one that is not void."""
    return [bill for bill in bills if bill.state != "void"]


def find_billed_days(session: Session, customer_id: int, period: Period) -> dict[date, InvoiceDay]:
    """Return the days of a period as issued bills tell them."""
    rows = session.scalars(
        select(InvoiceDay)
        .join(Invoice, Invoice.id == InvoiceDay.invoice_id)
        .where(
            Invoice.customer_id == customer_id,
            Invoice.state == "issued",
            Invoice.period_start < period.end,
            Invoice.period_end > period.start,
            InvoiceDay.day >= period.start,
            InvoiceDay.day < period.end,
        )
    )
    return {row.day: row for row in rows}


@dataclass(frozen=True, slots=True)
class RegisterReadings:
    """The readings under one meter's opening and closing register of a bill, or its days."""

    quantity: str
    seq: int
    opening: list[Evidence]
    closing: list[Evidence]
    days: list[Evidence]


def find_bill_readings(
    session: Session, invoice_no: str, customer_id: int
) -> list[RegisterReadings]:
    """Return the very readings that a bill of ours rests on, in the order of its registers."""
    invoice = get_invoice(session, invoice_no, customer_id=customer_id)
    table = InvoiceRegister
    rows = session.scalars(
        select(table)
        .where(table.invoice_id == invoice.id)
        .order_by(table.quantity.desc(), table.seq)
    ).all()
    ends = {(row.quantity, row.seq): _ends(row) for row in rows}
    asked = [end for pair in ends.values() for end in pair if end is not None]
    found = find_evidence(session, invoice.site_id, asked)
    period = Period(invoice.period_start, invoice.period_end)
    days = {
        row.quantity: find_day_evidence(session, invoice.site_id, row.quantity, period)
        for row in rows
        if row.opening_how == How.DAYS
    }
    return [
        RegisterReadings(
            quantity,
            seq,
            [] if opening is None else found[opening],
            [] if closing is None else found[closing],
            days.get(quantity, []),
        )
        for (quantity, seq), (opening, closing) in ends.items()
    ]


def _ends(row: InvoiceRegister) -> tuple[Asked | None, Asked | None]:
    """Return what to ask for a meter's opening and closing register, where they were read."""
    pairs = ((row.opening_at, row.opening_wh), (row.closing_at, row.closing_wh))
    opening, closing = (
        None if at is None or wh is None else Asked(row.quantity, at, wh) for at, wh in pairs
    )
    return opening, closing


def find_closed_by(session: Session, customer_id: int, bill: Document) -> BillRow | None:
    """Return the bill before, where all its closing registers are the opening ones of this.

    Pages say so only then (mission.md N3).
    """
    month = Month.parse(bill["month"]).previous()
    before = session.execute(
        select(Invoice, Customer.customer_no)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(
            Invoice.customer_id == customer_id,
            Invoice.month == month.first(),
            Invoice.state == "issued",
        )
    ).one_or_none()
    if before is None:
        return None
    closed = {row["channel"]: row["closing_wh"] for row in find_registers(session, before[0].id)}
    opened: dict[str, int | None] = {}
    for row in bill["registers"]:
        opened.setdefault(row["channel"], row["opening_wh"])
    is_chained = bool(opened) and all(
        wh is not None and closed.get(channel) == wh for channel, wh in opened.items()
    )
    return bill_row(*before) if is_chained else None
