"""A stored customer as a form shows it."""

from shared.billing.terms import terms_on
from shared.customers.stored import Stored
from shared.months import day_of
from shared.units import price_text


def typed_of(stored: Stored, now: int) -> dict[str, str]:
    """Return the texts that a person would type for a customer with today's terms."""
    terms = terms_on(stored.terms, day_of(now))
    return {
        "customer_no": stored.customer_no,
        "serial": stored.contact["serial"],
        "name": stored.contact["name"],
        "kana": stored.contact["kana"],
        "contract_from": terms.start.isoformat() if terms.start else "",
        "contract_to": terms.end.isoformat() if terms.end else "",
        "base_fee": "" if terms.base_yen is None else str(terms.base_yen),
        "export_price": "" if terms.export_sen is None else price_text(terms.export_sen),
        "use_price": "" if terms.use_sen is None else price_text(terms.use_sen),
        "email": stored.contact["email"],
        "terms_from": "",
    }
