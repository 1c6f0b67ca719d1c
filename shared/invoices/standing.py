"""How a bill stands: what happened to it, which bills replaced which, and what waits for a word."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.invoices.documents import get_invoice
from shared.invoices.proposing import OPEN
from shared.invoices.rows import BillRow, bill_row, version_of
from shared.models import customers, invoices
from shared.months import Month, month_of

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that was done to a bill: what, when (UTC seconds), by whom, and its facts."""

    kind: str
    at: int
    actor: str
    detail: Document


@dataclass(frozen=True, slots=True)
class Standing:
    """What a bill's page needs beside the bill.

    `version` changes with state and inputs; `months` are the live bills of the months beside it;
    `family` are all bills of its month, the oldest first; `proposal` is its open one.
    """

    version: str
    computed_at: int
    family: list[BillRow]
    months: Mapping[Month, BillRow]
    events: list[Happened]
    proposal: Document | None


def find_standing(session: Session, invoice_no: str) -> Standing | None:
    """Return how a bill stands, None of a past one; raises NotFound."""
    if session.get(invoices.PastBill, invoice_no) is not None:
        return None
    row = get_invoice(session, invoice_no)
    month = month_of(row.month)
    near = [one.first() for one in (month.previous(), month, month.next())]
    invoice = invoices.Invoice
    owner = session.get_one(customers.Customer, row.customer_id)
    found = [
        bill_row(one, owner.customer_no)
        for one in session.scalars(
            select(invoice)
            .where(invoice.customer_id == row.customer_id, invoice.month.in_(near))
            .order_by(invoice.month, invoice.revision)
        )
    ]
    return Standing(
        version_of(row),
        row.computed_at,
        [one for one in found if one.month == month],
        {one.month: one for one in found if one.month != month and one.state != "void"},
        _events(session, row.id),
        _proposal(session, row.id),
    )


def _events(session: Session, invoice_id: int) -> list[Happened]:
    """Return what happened to a bill, the newest first."""
    event = invoices.InvoiceEvent
    rows = session.scalars(
        select(event).where(event.invoice_id == invoice_id).order_by(event.id.desc())
    )
    return [
        Happened(row.kind, row.at, row.actor, json.loads(row.detail) if row.detail else {})
        for row in rows
    ]


def _proposal(session: Session, invoice_id: int) -> Document | None:
    proposal = invoices.Proposal
    row = session.scalars(
        select(proposal).where(proposal.invoice_id == invoice_id, proposal.state == OPEN)
    ).one_or_none()
    if row is None:
        return None
    return {"old": json.loads(row.old), "new": json.loads(row.new), "found_at": row.found_at}
