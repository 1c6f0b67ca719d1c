"""A bill as it would have come out with what was on record at an instant (decision 25)."""

from dataclasses import replace

from sqlalchemy.orm import Session

from shared.errors import Refused
from shared.invoices.documents import Document, get_invoice
from shared.invoices.drafting import Moment, draft
from shared.invoices.live import document
from shared.invoices.loading import find_earlier, find_homes
from shared.invoices.recomputing import alone, facts_by_period
from shared.months import Period, day_of, month_of
from shared.settings import find_settings


def bill_as_known(session: Session, invoice_no: str, known_at: int) -> Document:
    """Return a bill computed with the terms, readings, meters and settings known at an instant.

    It opens where the bill then issued before it closed; what it says itself counts for nothing.
    Raises NotFound, and Refused where there was nothing to bill as known then.
    """
    row = get_invoice(session, invoice_no)
    month, period = month_of(row.month), Period(row.period_start, row.period_end)
    settings = find_settings(session, on=row.issued_on or day_of(known_at), known_at=known_at)
    moment = Moment(month, known_at, settings, known_at)
    homes = find_homes(session, [row.customer_id], period)
    if not homes:
        raise Refused(f"{invoice_no}: nobody of this bill lives there any more")
    home = homes[0]
    earlier = alone(row, find_earlier(session, homes, month, known_at)[home.customer_id])
    earlier = replace(earlier, own_period=period)
    facts = facts_by_period(session, homes, {home.customer_id: earlier}, moment)
    made = draft(home, facts[home.site_id], earlier, moment)
    if made is None:
        raise Refused(f"{invoice_no}: there was nothing to bill as known then")
    return document(made, month, invoice_no) | {"known_at": known_at}
