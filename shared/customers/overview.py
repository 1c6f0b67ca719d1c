"""What a person has to do next for a customer: the one most pressing thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.customers.equipment import MeterRow
from shared.customers.listing import CustomerPage
from shared.customers.searching import ENDING_DAYS

CERTIFICATE_DAYS = 365
"""Twelve months before a meter's certificate runs out it is time to plan its exchange (N11)."""


@dataclass(frozen=True, slots=True)
class Next:
    """What to do, in a word; `day` and `count` are of the thing that is meant."""

    kind: str
    day: date | None = None
    count: int = 0
    quantity: str = ""


def find_next(
    page: CustomerPage, meters: Sequence[MeterRow], held: int, today: date
) -> Next | None:
    """Return the most pressing thing to do, or None where all is well."""
    customer = page.customer
    if customer.archived_at is not None:
        return None
    bills = Next("held", count=held) if held else None
    if customer.left_on is not None:
        return bills or Next("left", customer.left_on)
    if page.terms.start_day is None:
        return Next("contract_missing")
    mail = None if customer.email else Next("no_email")
    return bills or _ending(page.terms.end_day, today) or _expiring(meters, today) or mail


def _ending(last_day: date | None, today: date) -> Next | None:
    soon = last_day is not None and last_day <= today + timedelta(days=ENDING_DAYS)
    return Next("ending", last_day) if soon else None


def _expiring(meters: Sequence[MeterRow], today: date) -> Next | None:
    """Return the meter whose certificate runs out first, where that is soon."""
    known = [(one.certified_until, one.quantity) for one in meters if one.is_there]
    dated = [(day, quantity) for day, quantity in known if day is not None]
    if not dated or min(dated)[0] > today + timedelta(days=CERTIFICATE_DAYS):
        return None
    return Next("certificate", min(dated)[0], quantity=min(dated)[1])
