"""Some bills of a list, to do one thing to all of them: which they are, and as they were shown."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.invoices.chaining import Act
from shared.invoices.drafting import CLOSED
from shared.invoices.issuing import issue_some
from shared.invoices.queries import each_version
from shared.invoices.releasing import Outcome
from shared.invoices.rows import InvoiceFilter
from shared.models.invoices import Invoice
from shared.months import Month, month_of

MOST = 500
"""How many bills one request decides about; more of a month are a run's business."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A bill of a selection."""

    invoice_no: str
    version: str
    name: str
    month: Month
    state: str
    total_yen: int | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The first MOST bills that a filter finds, in order of month and number.

    `digest` changes with any of their states or inputs; `is_cut` where there are more.
    """

    bills: list[Selected]
    digest: str
    is_cut: bool

    def of(self, state: str) -> list[Selected]:
        """Return the bills in one state."""
        return [one for one in self.bills if one.state == state]


def find_selection(session: Session, wanted: InvoiceFilter) -> Selection:
    """Return the bills that a filter finds, as one thing is to be done to all of them."""
    digest, bills = hashlib.sha256(), []
    for row, version in each_version(session, wanted, MOST + 1):
        bills.append(
            Selected(row.invoice_no, version, row.name, row.month, row.state, row.total_yen)
        )
        digest.update(f"{row.invoice_no} {version}\n".encode())
    return Selection(bills[:MOST], digest.hexdigest(), len(bills) > MOST)


def issue_each(session: Session, numbers: Sequence[str], act: Act) -> list[Outcome]:
    """Issue those of some bills that may be, months in order; the others say why not.

    `bill_before` is refused where an earlier bill of the customer has to be issued first, or was
    revised since; `not_closed` where the bill is not closed.
    """
    rows = session.execute(
        select(Invoice.month, Invoice.id, Invoice.invoice_no, Invoice.state)
        .where(Invoice.invoice_no.in_(numbers))
        .order_by(Invoice.month, Invoice.invoice_no)
    ).all()
    outcomes = []
    for first, of_month in groupby(rows, key=attrgetter("month")):
        bills = list(of_month)
        closed = [row.id for row in bills if row.state == CLOSED]
        issued = set(issue_some(session, month_of(first), closed, act).issued)
        for row in bills:
            waits = "bill_before" if row.state == CLOSED else "not_closed"
            outcomes.append(Outcome(row.invoice_no, "" if row.invoice_no in issued else waits))
    return outcomes
