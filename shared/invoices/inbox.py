"""The bills that must not go out by themselves, with what holds each, page by page."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVarTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from shared.billing.checks import WARNINGS
from shared.invoices.queries import narrowed
from shared.invoices.rows import BillRow, InvoiceFilter, Page, bill_row, version_of
from shared.models.customers import Customer
from shared.models.invoices import Hold, Invoice

Ts = TypeVarTuple("Ts")

_WARNINGS = [one.value for one in WARNINGS]


@dataclass(frozen=True, slots=True)
class Held:
    """A held bill, its version, and (reason, what was found) of each hold."""

    bill: BillRow
    version: str
    holds: list[tuple[str, str]]


def find_held(session: Session, wanted: InvoiceFilter, limit: int, offset: int) -> Page[Held]:
    """Return one page of the held bills that a filter finds, the oldest month first."""
    total = session.scalar(_held(select(func.count(Invoice.id)), wanted)) or 0
    query = _held(select(Invoice, Customer.customer_no), wanted).order_by(
        Invoice.month, Invoice.invoice_no
    )
    rows = session.execute(query.limit(limit).offset(offset)).all()
    holds = _holds(session, [invoice.id for invoice, _ in rows])
    found = [
        Held(bill_row(invoice, number), version_of(invoice), holds[invoice.id])
        for invoice, number in rows
    ]
    return Page(found, total)


def _held(query: Select[*Ts], wanted: InvoiceFilter) -> Select[*Ts]:
    return narrowed(query, wanted).where(Invoice.state == "held")


def _holds(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the holds of some bills, without their warnings."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for hold in session.scalars(
        select(Hold)
        .where(Hold.invoice_id.in_(ids), Hold.reason.not_in(_WARNINGS))
        .order_by(Hold.invoice_id, Hold.reason)
    ):
        found[hold.invoice_id].append((hold.reason, hold.detail))
    return found


def count_holds(session: Session, wanted: InvoiceFilter) -> dict[str, int]:
    """Return how many held bills of a filter each reason holds, the commonest first."""
    count = func.count(Hold.invoice_id)
    query = (
        _held(select(Hold.reason, count).join(Invoice, Invoice.id == Hold.invoice_id), wanted)
        .where(Hold.reason.not_in(_WARNINGS))
        .group_by(Hold.reason)
        .order_by(count.desc(), Hold.reason)
    )
    return dict(session.execute(query).all())


def count_warnings(session: Session, wanted: InvoiceFilter) -> dict[str, int]:
    """Return how many unissued bills of a filter each warning stands beside."""
    count = func.count(Hold.invoice_id)
    query = narrowed(
        select(Hold.reason, count).join(Invoice, Invoice.id == Hold.invoice_id), wanted
    )
    found = (
        query.where(Invoice.state.in_(("open", "held", "closed")), Hold.reason.in_(_WARNINGS))
        .group_by(Hold.reason)
        .order_by(count.desc(), Hold.reason)
    )
    return dict(session.execute(found).all())
