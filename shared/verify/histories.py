"""Some customers' bills of all months with all that hangs on them, in a handful of queries."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from shared.billing.checks import WARNINGS, Reason
from shared.db import raw_rows
from shared.invoices.chaining import CHAINED
from shared.invoices.contents import Content, columns, find_contents
from shared.invoices.drafting import VOID
from shared.invoices.proposing import OPEN
from shared.models import customers, invoices

NO_HOLDS = frozenset({*(reason.value for reason in WARNINGS), Reason.WAITING.value})
"""What may stand beside a bill that goes out."""


class Bill(NamedTuple):
    """An invoice as stored; months and days as ISO text."""

    id: int
    customer_id: int
    site_id: int
    month: str
    revision: int
    invoice_no: str
    period_start: str
    period_end: str
    state: str
    base_yen: int | None
    pv_wh: int | None
    export_wh: int | None
    use_wh: int | None
    export_yen: int | None
    use_yen: int | None
    total_yen: int | None
    inputs: str
    hash: str | None
    issued_at: int | None
    voided_at: int | None
    voided_by: str | None
    void_reason: str | None
    successor_id: int | None

    @property
    def is_live(self) -> bool:
        """Say whether the bill stands."""
        return self.state != VOID


@dataclass(frozen=True, slots=True)
class Parts:
    """What hangs on bills, each by the bill's id."""

    contents: Mapping[int, Content]
    holds: Mapping[int, Sequence[str]]
    settled: Mapping[int, Sequence[str]]
    undecided: frozenset[int]
    links: Mapping[int, Sequence[tuple[str, Mapping[str, Any]]]]
    """Chain events: kind and what it tells."""


def find_bills(session: Session, customer_ids: Sequence[int]) -> dict[int, tuple[str, list[Bill]]]:
    """Return by customer the number, and the bills in order of month and revision."""
    invoice, customer = invoices.Invoice, customers.Customer
    owners = select(customer.id, customer.customer_no).where(customer.id.in_(customer_ids))
    found: dict[int, tuple[str, list[Bill]]] = {
        customer_id: (number, []) for customer_id, number in raw_rows(session, owners)
    }
    rows = raw_rows(
        session,
        select(*columns(invoice, Bill._fields))
        .where(invoice.customer_id.in_(customer_ids))
        .order_by(invoice.customer_id, invoice.month, invoice.revision),
    )
    for cells in rows:
        bill = Bill(*cells)
        found[bill.customer_id][1].append(bill)
    return found


def find_parts(session: Session, invoice_ids: Sequence[int]) -> Parts:
    """Return what hangs on bills."""
    hold, settlement, event = invoices.Hold, invoices.Settlement, invoices.InvoiceEvent
    proposal = invoices.Proposal
    links: dict[int, list[tuple[str, Any]]] = defaultdict(list)
    told = select(event.invoice_id, event.kind, event.detail).where(
        event.invoice_id.in_(invoice_ids), event.kind.in_(CHAINED)
    )
    for invoice_id, kind, detail in raw_rows(session, told.order_by(event.id)):
        links[invoice_id].append((kind, json.loads(detail)))
    undecided = select(proposal.invoice_id).where(
        proposal.invoice_id.in_(invoice_ids), proposal.state == OPEN
    )
    return Parts(
        contents=find_contents(session, invoice_ids),
        holds=_single(session, select(hold.invoice_id, hold.reason), hold, invoice_ids),
        settled=_single(
            session, select(settlement.invoice_id, settlement.inputs), settlement, invoice_ids
        ),
        undecided=frozenset(invoice_id for (invoice_id,) in raw_rows(session, undecided)),
        links=links,
    )


def _single(
    session: Session,
    query: Select[*tuple[Any, ...]],
    model: type[invoices.Hold | invoices.Settlement],
    invoice_ids: Sequence[int],
) -> Mapping[int, Sequence[str]]:
    rows = raw_rows(session, query.where(model.invoice_id.in_(invoice_ids)))
    return {i: [text for (text,) in texts] for i, texts in _grouped(rows).items()}


def _grouped(rows: Sequence[tuple[Any, ...]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for invoice_id, *cells in rows:
        found[invoice_id].append(tuple(cells))
    return found
