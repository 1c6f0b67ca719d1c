"""A stored customer as forms show it and files write it."""

from datetime import date

from shared.billing.terms import terms_on
from shared.customers.entries import BATTERY_WORDS, SITE
from shared.customers.stored import Stored
from shared.units import price_text, register_text


def typed_of(stored: Stored, today: date) -> dict[str, str]:
    """Return the texts that a person would type for a customer with the terms of a day."""
    terms = terms_on(stored.terms, today)
    return {
        **stored.contact,
        "customer_no": stored.customer_no,
        "contract_from": terms.start.isoformat() if terms.start else "",
        "contract_to": terms.end.isoformat() if terms.end else "",
        "base_fee": "" if terms.base_yen is None else str(terms.base_yen),
        "export_price": "" if terms.export_sen is None else price_text(terms.export_sen),
        "use_price": "" if terms.use_sen is None else price_text(terms.use_sen),
        "terms_from": "",
        **site_texts(stored),
    }


def site_texts(stored: Stored) -> dict[str, str]:
    """Return the facts of a customer's site as they are typed."""
    site = stored.site
    watts = {field: site[column] for field, column in SITE.items() if column.endswith("_w")}
    kilowatts = {
        field: register_text(watt) if isinstance(watt, int) else "" for field, watt in watts.items()
    }
    return {**kilowatts, "battery": BATTERY_WORDS[str(site["battery"])], "pcs": str(site["pcs"])}
