"""What issued bills consist of, for their hashes: plain rows of many bills in a few queries.

Rows are read as the driver gives them, since a month of 10,000 bills has 310,000 days.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Date, Select, Text, cast, select
from sqlalchemy.orm import Session, aliased

from shared.db import raw_rows
from shared.models import customers, invoices
from shared.models.documents import InvoicePaper

FACTS: Final = (
    "invoice_no", "revision", "month", "period_start", "period_end", "quality", "pv_wh",
    "export_wh", "use_wh", "base_yen", "export_yen", "use_yen", "total_yen", "tax_yen",
    "issued_at", "issued_on", "person_digest", "snapshot",
)  # fmt: skip
"""The columns of an invoice that its hash covers; terms and explanation are in the snapshot."""
DAYS: Final = ("day", "pv_wh", "export_wh", "use_wh", "export_fine", "use_fine", "quality")
REGISTERS: Final = (
    "quantity", "seq", "serial", "certified_until", "meter_at", "opening_wh", "opening_at",
    "opening_how", "closing_wh", "closing_at", "closing_how", "energy_wh",
)  # fmt: skip
PAPER: Final = tuple(
    column.name for column in InvoicePaper.__table__.columns if column.name != "invoice_id"
)

Cells = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """All that a bill says: its facts with customer and predecessor, registers, days, paper."""

    facts: Cells
    registers: Sequence[Cells]
    days: Sequence[Cells]
    paper: Cells | None

    def digest(self, previous: str) -> str:
        """Return the bill's hash, chained to the event before it (decision 24)."""
        told = [previous, self.facts, self.registers, self.days, self.paper]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def find_contents(session: Session, invoice_ids: Sequence[int]) -> dict[int, Content]:
    """Return bills' contents by id, in four queries."""
    invoice, customer = invoices.Invoice, customers.Customer
    before = aliased(invoice)
    facts = raw_rows(
        session,
        select(invoice.id, *columns(invoice, FACTS), customer.customer_no, before.invoice_no)
        .join(customer, customer.id == invoice.customer_id)
        .outerjoin(before, before.successor_id == invoice.id)
        .where(invoice.id.in_(invoice_ids)),
    )
    days, registers = find_days(session, invoice_ids), find_registers(session, invoice_ids)
    papers = _by_invoice(
        session,
        select(InvoicePaper.invoice_id, *columns(InvoicePaper, PAPER)).where(
            InvoicePaper.invoice_id.in_(invoice_ids)
        ),
    )
    return {
        bill_id: Content(
            tuple(cells),
            registers.get(bill_id, ()),
            days.get(bill_id, ()),
            papers[bill_id][0] if bill_id in papers else None,
        )
        for bill_id, *cells in facts
    }


def find_days(session: Session, invoice_ids: Sequence[int]) -> dict[int, list[Cells]]:
    """Return by bill its days in DAYS, in order."""
    day = invoices.InvoiceDay
    return _by_invoice(
        session,
        select(day.invoice_id, *columns(day, DAYS))
        .where(day.invoice_id.in_(invoice_ids))
        .order_by(day.invoice_id, day.day),
    )


def find_registers(session: Session, invoice_ids: Sequence[int]) -> dict[int, list[Cells]]:
    """Return by bill its registers in REGISTERS, in order of channel and meter."""
    register = invoices.InvoiceRegister
    return _by_invoice(
        session,
        select(register.invoice_id, *columns(register, REGISTERS))
        .where(register.invoice_id.in_(invoice_ids))
        .order_by(register.invoice_id, register.quantity, register.seq),
    )


def columns(model: Any, names: Sequence[str]) -> list[Any]:  # noqa: ANN401 - a model or its alias
    """Return columns to be read raw, days as ISO text on both databases."""
    found = [getattr(model, name) for name in names]
    return [cast(c, Text) if isinstance(c.type, Date) else c for c in found]


def _by_invoice(session: Session, query: Select[Any]) -> dict[int, list[Cells]]:
    found: dict[int, list[Cells]] = defaultdict(list)
    for row in raw_rows(session, query):
        found[row[0]].append(row[1:])
    return found
