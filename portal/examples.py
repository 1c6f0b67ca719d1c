"""Why the bill does not match the monitor, told by this home's own numbers."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.energies import Home
from shared.invoices.rows import BillRow
from shared.months import MONTH_END, Period
from shared.telemetry.energies import Energy


@dataclass(frozen=True, slots=True)
class Example:
    """A bill beside the calendar month of the same name, as a monitor adds it up."""

    bill: BillRow
    calendar: Period
    measured: Energy


def find_example(session: Session, customer_id: int, now: int) -> Example | None:
    """Return the newest issued bill beside its calendar month, where both are known."""
    home = Home(session, customer_id, now)
    for bill in sorted(home.bills.values(), key=lambda one: one.month, reverse=True):
        calendar = bill.month.period(MONTH_END)
        if bill.period_start is None or bill.period_start == calendar.start:
            continue
        measured = home.days(calendar).total
        if measured.use_wh is not None and calendar.end <= home.today:
            return Example(bill, calendar, measured)
    return None
