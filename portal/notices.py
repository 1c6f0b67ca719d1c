"""What a homeowner should know: the operator's messages, and what happened to bills and prices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter, itemgetter
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from portal.blueprint import customer_id, portal
from shared.billing.terms import TermRow, terms_on
from shared.customers.messages import find_messages
from shared.customers.terms import find_own_terms
from shared.invoices.own import find_own_bills
from shared.invoices.rows import BillRow
from shared.months import day_of
from shared.telemetry.today import Today, find_today
from shared.web.request import database, now

SHOWN_DAYS = 400
"""What lies further back stands with its bill, and no longer among the notices."""
PRICES = ("base_fee", "use_price", "export_price")
END_NEAR_DAYS = 183


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know; `kind` chooses its words in the template, `about` is what it tells of."""

    kind: str
    day: date
    about: Any


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A price that became another; figures in yen for the base fee, else in sen."""

    kind: str
    day: date
    old: int | None
    new: int | None


def find_notices(
    session: Session, customer: int, now_s: int, known: tuple[Today, list[BillRow]] | None = None
) -> list[Notice]:
    """Return what a homeowner should know, newest first; `known` is today and the own bills.

    Where they are not given they are asked for.
    """
    today = day_of(now_s)
    so_far, bills = known or (
        find_today(session, customer, now_s),
        find_own_bills(session, customer),
    )
    terms = [term for term in find_own_terms(session, customer) if term.withdrawn_at is None]
    found = [
        *_silences(so_far, today),
        *(
            Notice("message", told.from_day, told)
            for told in find_messages(session, customer, today)
        ),
        *_of_bills(bills),
        *(Notice("price", change.day, change) for change in price_changes(terms)),
        *_of_contract(terms, today),
    ]
    recent = [note for note in found if note.day > today - timedelta(days=SHOWN_DAYS)]
    return sorted(recent, key=lambda note: note.day, reverse=True)


def _silences(today: Today, day: date) -> Iterator[Notice]:
    if today.silent:
        yield Notice("silent", day, today)


def _of_bills(bills: list[BillRow]) -> Iterator[Notice]:
    for bill in bills:
        if bill.issued_on is None:
            continue
        if bill.state == "void":
            yield Notice("void", bill.issued_on, bill)
        elif bill.is_revision:
            yield Notice("corrected", bill.issued_on, bill)
        elif bill.quality == "C":
            yield Notice("estimated", bill.issued_on, bill)


def price_changes(terms: Sequence[TermRow]) -> list[PriceChange]:
    """Return each change of a base fee or price, oldest first; the first price is no change."""
    found = []
    for kind in PRICES:
        held: int | None = None
        own = sorted(
            (term for term in terms if term.kind == kind), key=attrgetter("recorded_at", "order")
        )
        last = {term.valid_from: term.figure for term in own}
        for n, (day, new) in enumerate(sorted(last.items(), key=itemgetter(0))):
            if n and new != held:
                found.append(PriceChange(kind, day, held, new))
            held = new
    return sorted(found, key=lambda change: change.day)


def _of_contract(terms: Sequence[TermRow], today: date) -> Iterator[Notice]:
    end = terms_on(terms, today).end
    if end is not None and today <= end <= today + timedelta(days=END_NEAR_DAYS):
        yield Notice("ending", today, end)


@portal.get("/notices")
def notices() -> ResponseReturnValue:
    """Show all that there is to know."""
    found = find_notices(database(), customer_id(), now())
    return render_template("portal/notices.html", notices=found)
