"""The terms that the homeowner's bills rest on: period, prices and their past, meters."""

from dataclasses import dataclass
from datetime import date

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.blueprint import customer_id, portal
from portal.notices import PRICES
from shared.customers.listing import CustomerPage, TermsOnDay, get_own_page, terms_on
from shared.months import day_of
from shared.telemetry.meters import find_own_meters
from shared.web.request import database, now


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of unchanged base fee and prices; `since` is None where they hold from the beginning."""

    since: date | None
    terms: TermsOnDay


def price_history(page: CustomerPage) -> list[Stretch]:
    """Return every stretch of base fee and prices, also those to come, newest first."""
    days = sorted({term.valid_from for term in page.recorded if term.kind in PRICES})
    found: list[Stretch] = []
    for day in days:
        terms = terms_on(page.recorded, day)
        figures = (terms.base_fee, terms.use_price, terms.export_price)
        held = found[-1].terms if found else None
        if held and figures == (held.base_fee, held.use_price, held.export_price):
            continue
        found.append(Stretch(None if day.year == 1 else day, terms))
    return found[::-1]


@portal.get("/contract")
def contract() -> ResponseReturnValue:
    """Show the contract's days and prices as they are today, what they were, and the meters."""
    today = day_of(now())
    page = get_own_page(database(), customer_id(), today)
    return render_template(
        "portal/contract.html",
        page=page,
        history=price_history(page),
        meters=find_own_meters(database(), customer_id()),
        today=today,
    )
