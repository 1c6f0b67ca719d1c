"""Some bills of a list, to do one thing to all of them: which they are, and as they were shown."""

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shared.invoices.queries import each_version
from shared.invoices.rows import InvoiceFilter
from shared.months import Month

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
