"""The bill of the month that runs: the issued bill's own function, as if it ended now (N8)."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from shared.billing.checks import WARNINGS
from shared.billing.explanation import explain
from shared.invoices.documents import Document, day_entry, register_entry, terms_entry
from shared.invoices.drafting import Draft, Moment, draft, period_of, terms_told
from shared.invoices.loading import find_earlier, find_homes
from shared.invoices.writing import find_stored
from shared.months import Month, day_of, invoice_no
from shared.settings import find_settings
from shared.telemetry.facts import find_facts


def live_bill(session: Session, customer_id: int, now: int) -> Document | None:
    """Return the bill of the month that runs, as far as its days are known.

    It has the number it will be issued with, and `until`, the first day that is not in it yet.
    None where the month has nothing to bill.
    """
    settings = find_settings(session, on=day_of(now))
    month = Month.holding(day_of(now), settings.closing_day)
    homes = find_homes(session, [customer_id])
    if not homes or homes[0].archived:
        return None
    home, moment = homes[0], Moment(month, now, settings)
    earlier = find_earlier(session, homes, month)[customer_id]
    facts = find_facts(session, [home.site_id], period_of(moment, earlier), now)
    made = draft(home, facts[home.site_id], earlier, moment)
    if made is None:
        return None
    stored = find_stored(session, [customer_id], month).get(customer_id)
    number = stored.invoice_no if stored else invoice_no(month, home.customer_no)
    return document(made, month, number)


def document(made: Draft, month: Month, number: str) -> Document:
    """Return a draft in the shape of `bill show --json`, with `until`."""
    figures, period = made.bill.figures, made.bill.period
    findings = [finding.reason for finding in made.findings]
    return {
        "invoice_no": number,
        "customer_no": made.home.customer_no,
        "name": made.home.name,
        "month": str(month),
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()},
        "until": _until(made).isoformat(),
        "state": made.state,
        "quality": made.bill.grade.value,
        "pv_wh": figures.pv_wh,
        "export_wh": figures.export_wh,
        "use_wh": figures.use_wh,
        "base_yen": figures.base_yen,
        "export_yen": figures.export_yen,
        "use_yen": figures.use_yen,
        "total_yen": figures.total_yen,
        "tax_yen": made.tax_yen,
        "terms": [terms_entry(stretch) for stretch in terms_told(made.bill.terms)],
        "registers": [
            register_entry(name, register)
            for name, channel in (("pv", made.bill.pv), ("export", made.bill.export))
            for register in channel.registers
        ],
        "days": [day_entry(day) for day in made.bill.days],
        "holds": made.reasons,
        "warnings": [reason.value for reason in findings if reason in WARNINGS],
        "explanation": explain(made.bill),
    }


def _until(made: Draft) -> date:
    """Return the first day of the span that is not known yet."""
    for day in made.bill.days:
        if day.use_wh is None:
            return day.day
    return made.bill.span.start + timedelta(days=len(made.bill.days))
