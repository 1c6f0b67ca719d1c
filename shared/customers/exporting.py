"""Customers as a CSV file that comes back in as the same; never with an auth code."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from shared.billing.terms import DayTerms, terms_on
from shared.customers.entries import BATTERIES
from shared.customers.searching import CustomerFilter
from shared.customers.sheet import HEADERS
from shared.customers.stored import Stored, walk_stored
from shared.units import price_text, register_text

_BATTERY_WORDS: Final = {battery.value: word for word, battery in BATTERIES.items()}


def find_export_rows(
    session: Session, today: date, wanted: CustomerFilter | None = None
) -> Iterator[list[str]]:
    """Yield the rows of a customers' file, with the terms that hold today, by number.

    Without a filter they are all customers but those archived.
    """
    for stored in walk_stored(session, wanted):
        fields = _fields(stored, terms_on(stored.terms, today))
        yield [fields[field] for field in HEADERS.values()]


def _fields(stored: Stored, terms: DayTerms) -> dict[str, str]:
    panel_w = stored.site["panel_w"]
    return {
        **stored.contact,
        "customer_no": stored.customer_no,
        "contract_from": terms.start.isoformat() if terms.start else "",
        "contract_to": terms.end.isoformat() if terms.end else "",
        "base_fee": "" if terms.base_yen is None else str(terms.base_yen),
        "export_price": _price(terms.export_sen),
        "use_price": _price(terms.use_sen),
        "terms_from": "",
        "panel_kw": register_text(panel_w) if isinstance(panel_w, int) else "",
        "battery": _BATTERY_WORDS[str(stored.site["battery"])],
    }


def _price(sen: int | None) -> str:
    return "" if sen is None else price_text(sen)
