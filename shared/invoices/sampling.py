"""A bill of a month to look at before anything is closed: computed, never written."""

from sqlalchemy.orm import Session

from shared.invoices.documents import Document
from shared.invoices.drafting import Moment, draft
from shared.invoices.live import document
from shared.invoices.loading import find_customer_ids, find_earlier, find_homes
from shared.invoices.recomputing import facts_by_period
from shared.months import Month, day_of, invoice_no
from shared.settings import find_settings

TRIED = 20
"""How many homes are looked at; a page does not look for a sample for long."""


def find_sample(session: Session, month: Month, as_of: int) -> Document | None:
    """Return the first of a few bills of a month that has an amount and that nothing holds."""
    settings = find_settings(session, on=day_of(as_of))
    period, moment = month.period(settings.closing_day), Moment(month, as_of, settings)
    ids = [i for i, _number in find_customer_ids(session, period)[:TRIED]]
    homes = find_homes(session, ids, period)
    earlier = find_earlier(session, homes, month)
    facts = facts_by_period(session, homes, earlier, moment)
    for home in homes:
        made = draft(home, facts[home.site_id], earlier[home.customer_id], moment)
        if made is not None and made.bill.figures.use_yen and not made.reasons:
            return document(made, month, invoice_no(month, home.customer_no))
    return None
