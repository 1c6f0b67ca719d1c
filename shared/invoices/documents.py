"""One bill as a document: everything it says and rests on, as `bill show --json` prints it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from shared.billing.bill import BillDay
from shared.billing.checks import WARNINGS, Reason
from shared.db import rows_of
from shared.energy.boundaries import How
from shared.energy.periods import Register
from shared.errors import NotFound
from shared.invoices.drafting import HELD, OPEN, VOID
from shared.models import customers, invoices
from shared.models.documents import InvoicePaper
from shared.months import month_of
from shared.units import fine_text, price_text

Document = dict[str, Any]

_TRUST = (
    How.EXACT, How.NIGHT, How.STILL, How.FIRST, How.DAYS, How.MANUAL, How.INTERPOLATED,
    How.ESTIMATED,
)  # fmt: skip


def get_invoice(
    session: Session, invoice_no: str, *, customer_id: int | None = None
) -> invoices.Invoice:
    """Return a bill by its number, of one customer where asked; raises NotFound."""
    invoice = invoices.Invoice
    wanted = select(invoice).where(invoice.invoice_no == invoice_no)
    if customer_id is not None:
        wanted = wanted.where(invoice.customer_id == customer_id)
    found = session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound(f"there is no invoice {invoice_no}")
    return found


def get_number(session: Session, invoice_id: int) -> tuple[str, int]:
    """Return a bill's number and whose it is."""
    row = session.get_one(invoices.Invoice, invoice_id)
    return row.invoice_no, row.customer_id


_BEFORE: Final = aliased(invoices.Invoice)
_BILL: Final = (
    select(
        invoices.Invoice, customers.Customer.customer_no, InvoicePaper,
        select(_BEFORE.invoice_no)
        .where(_BEFORE.successor_id == invoices.Invoice.id)
        .limit(1)
        .scalar_subquery()
        .label("revision_of"),
    )
    .join(customers.Customer, customers.Customer.id == invoices.Invoice.customer_id)
    .outerjoin(InvoicePaper, InvoicePaper.invoice_id == invoices.Invoice.id)
    .where(invoices.Invoice.invoice_no == bindparam("invoice_no"))
)  # fmt: skip
_BILL_OF: Final = _BILL.where(invoices.Invoice.customer_id == bindparam("customer_id"))


def get_bill(session: Session, invoice_no: str, *, customer_id: int | None = None) -> Document:
    """Return a bill's amounts, registers, days, holds and explanation; raises NotFound."""
    past = _find_past(session, invoice_no, customer_id)
    if past is not None:
        return past
    asked = {"invoice_no": invoice_no, "customer_id": customer_id}
    found = session.execute(_BILL if customer_id is None else _BILL_OF, asked).one_or_none()
    if found is None:
        raise NotFound(f"there is no invoice {invoice_no}")
    row = found[0]
    snapshot = json.loads(row.snapshot)
    document: Document = {
        "invoice_no": row.invoice_no,
        "customer_no": found.customer_no,
        "name": row.name,
        "month": str(month_of(row.month)),
        "period": {"start": row.period_start.isoformat(), "end": row.period_end.isoformat()},
        "state": row.state,
        "quality": row.quality,
        "pv_wh": row.pv_wh,
        "export_wh": row.export_wh,
        "use_wh": row.use_wh,
        "base_yen": row.base_yen,
        "export_yen": row.export_yen,
        "use_yen": row.use_yen,
        "total_yen": row.total_yen,
        "tax_yen": row.tax_yen,
        "issued_at": row.issued_at,
        "issued_on": row.issued_on.isoformat() if row.issued_on else None,
        "terms": [terms_entry(stretch) for stretch in snapshot["terms"]],
        "registers": find_registers(session, row.id),
        "days": find_days(session, row.id),
        **find_reasons(session, row),
        "revision_of": found.revision_of,
        "hash": row.hash,
        "explanation": snapshot["explanation"],
        "paper": _paper(found[2]),
    }
    if row.state == VOID:
        document["void"] = {
            "at": row.voided_at,
            "by": row.voided_by,
            "reason": row.void_reason,
            "successor": _number(session, row.successor_id),
        }
    return document


def _paper(row: InvoicePaper | None) -> Document | None:
    """Return what a bill's document prints of the settings; None until it is issued."""
    if row is None:
        return None
    kept = {c.name: getattr(row, c.name) for c in InvoicePaper.__table__.columns}
    del kept["invoice_id"]
    return kept | {"due_on": row.due_on.isoformat() if row.due_on else None}


def _find_past(session: Session, invoice_no: str, customer_id: int | None) -> Document | None:
    """Return a bill of the system before ours, which has figures and nothing under them."""
    row = session.get(invoices.PastBill, invoice_no)
    if row is None or customer_id not in (None, row.customer_id):
        return None
    owner = session.get_one(customers.Customer, row.customer_id)
    unknown = dict.fromkeys(
        ("period", "quality", "tax_yen", "issued_at", "issued_on", "revision_of", "hash",
         "explanation", "paper")
    )  # fmt: skip
    figures = ("pv_wh", "export_wh", "use_wh", "base_yen", "export_yen", "use_yen", "total_yen")
    return {
        "invoice_no": row.invoice_no,
        "customer_no": owner.customer_no,
        "name": row.name,
        "month": str(month_of(row.month)),
        "state": "past",
        **unknown,
        **{name: getattr(row, name) for name in figures},
        **{name: [] for name in ("terms", "registers", "days", "holds", "settled", "warnings")},
        "details": {},
    }


def terms_entry(stretch: Mapping[str, Any]) -> Document:
    """Return one stretch of terms with its prices as people write them."""
    prices = {
        f"{kind}_price": None
        if stretch[f"{kind}_sen"] is None
        else price_text(stretch[f"{kind}_sen"])
        for kind in ("use", "export")
    }
    return {**stretch, **prices}


_REGISTERS: Final = (
    select(invoices.InvoiceRegister.__table__)
    .where(invoices.InvoiceRegister.invoice_id == bindparam("invoice_id"))
    .order_by(invoices.InvoiceRegister.quantity.desc(), invoices.InvoiceRegister.seq)
)


def find_registers(session: Session, invoice_id: int) -> list[Document]:
    """Return a bill's registers, one entry for each meter in place, pv first."""
    rows: Sequence[Any] = rows_of(session, _REGISTERS, {"invoice_id": invoice_id})
    return [register_entry(row.quantity, row) for row in rows]


def register_entry(quantity: str, row: invoices.InvoiceRegister | Register) -> Document:
    """Return one meter's opening and closing register, raw, and how each was had."""
    until = row.certified_until
    return {
        "channel": quantity,
        "serial": row.serial,
        "certified_until": until.strftime("%Y-%m") if until else None,
        "opening_wh": row.opening_wh,
        "opening_at": row.opening_at,
        "opening_how": row.opening_how or None,
        "closing_wh": row.closing_wh,
        "closing_at": row.closing_at,
        "closing_how": row.closing_how or None,
        "how": _less_sure(row.opening_how, row.closing_how),
        "energy_wh": row.energy_wh,
    }


def _less_sure(*hows: str | None) -> str | None:
    """Return the less trustworthy of two ways to have a register, as one word for the row."""
    known = [How(how) for how in hows if how]
    return max(known, key=_TRUST.index).value if known else None


_DAYS: Final = (
    select(invoices.InvoiceDay.__table__)
    .where(invoices.InvoiceDay.invoice_id == bindparam("invoice_id"))
    .order_by(invoices.InvoiceDay.day)
)


def find_days(session: Session, invoice_id: int) -> list[Document]:
    """Return a bill's days in order."""
    rows: Sequence[Any] = rows_of(session, _DAYS, {"invoice_id": invoice_id})
    return [day_entry(row) for row in rows]


def day_entry(row: invoices.InvoiceDay | BillDay) -> Document:
    """Return one day; amounts are text with two decimals."""
    return {
        "date": row.day.isoformat(),
        "pv_wh": row.pv_wh,
        "export_wh": row.export_wh,
        "use_wh": row.use_wh,
        "export_yen": None if row.export_fine is None else fine_text(row.export_fine),
        "use_yen": None if row.use_fine is None else fine_text(row.use_fine),
        "quality": str(row.quality),
    }


_HOLDS: Final = select(invoices.Hold.reason, invoices.Hold.detail).where(
    invoices.Hold.invoice_id == bindparam("invoice_id")
)


def find_reasons(session: Session, row: invoices.Invoice) -> Document:
    """Return a bill's reasons: those that hold it (or keep it open), those settled, warnings."""
    found = rows_of(session, _HOLDS, {"invoice_id": row.id})
    order = [reason.value for reason in Reason]
    reasons = sorted((r.reason for r in found), key=order.index)
    warnings = [reason for reason in reasons if Reason(reason) in WARNINGS]
    holding = [reason for reason in reasons if reason not in warnings]
    stands = row.state in (HELD, OPEN)
    return {
        "holds": holding if stands else [],
        "settled": [] if stands else holding,
        "warnings": warnings,
        "details": {r.reason: r.detail for r in found if r.detail},
    }


def _number(session: Session, invoice_id: int | None) -> str | None:
    if invoice_id is None:
        return None
    invoice = invoices.Invoice
    return session.scalar(select(invoice.invoice_no).where(invoice.id == invoice_id))
