"""Customers as a CSV file that comes back in as the same; never with an auth code."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy.orm import Session

from shared.customers.searching import CustomerFilter
from shared.customers.sheet import HEADERS
from shared.customers.stored import walk_stored
from shared.customers.typed import typed_of


def find_export_rows(
    session: Session, today: date, wanted: CustomerFilter | None = None
) -> Iterator[list[str]]:
    """Yield the rows of a customers' file, with the terms that hold today, by number.

    Without a filter they are all customers but those archived.
    """
    for stored in walk_stored(session, wanted):
        fields = typed_of(stored, today)
        yield [fields[field] for field in HEADERS.values()]
