"""A filter of bills as conditions that the database has indexes for.

None of them needs the customer beside the bill: who is searched is found among the customers,
who are few, and their bills by key.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, literal_column, or_, select, union

from shared.invoices.rows import InvoiceFilter
from shared.models.customers import Customer
from shared.models.invoices import Hold, Invoice
from shared.models.mail import Outbox
from shared.search import folded

_NUMBER = re.compile(r"[0-9-]+", re.ASCII)
_MONTHS = tuple(date(2000 + n // 12, n % 12 + 1, 1) for n in range(1200))
MONTH_DIGITS = 4
"""YYMM, with which a bill's number begins (domain.md D2)."""


def conditions(wanted: InvoiceFilter, *, walked: bool = False) -> list[ColumnElement[bool]]:
    """Return a condition for each bound that is set.

    Where the bills are `walked` in some order, each is asked whether it fits; else those that fit
    are looked up.
    """
    makers: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "q": _fits if walked else _mentions,
        "customer_no": lambda number: _is_of(Customer.customer_no == number),
        "month": lambda month: Invoice.month == month.first(),
        "state": lambda state: Invoice.state == state,
        "quality": lambda quality: Invoice.quality == quality,
        "from_day": _on_or_after,
        "to_day": lambda day: ~_on_or_after(day + timedelta(days=1)),
        "min_yen": lambda least: Invoice.total_yen >= least,
        "max_yen": lambda most: Invoice.total_yen <= most,
        "number": lambda part: Invoice.invoice_no.contains(part, autoescape=True),
        "reason": _is_held_for,
        "undelivered": lambda _yes: _is_undelivered(),
        "picked": Invoice.invoice_no.in_,
    }
    asked = ((make, getattr(wanted, name)) for name, make in makers.items())
    return [make(bound) for make, bound in asked if bound or (bound == 0 and bound is not False)]


def _is_of(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return Invoice.customer_id.in_(select(Customer.id).where(condition))


def _on_or_after(day: date) -> ColumnElement[bool]:
    """Take an issued bill by its issue date, another by the last day of its period."""
    return or_(
        and_(Invoice.issued_on.is_not(None), Invoice.issued_on >= day),
        and_(Invoice.issued_on.is_(None), Invoice.period_end > day),
    )


def _is_held_for(reason: str) -> ColumnElement[bool]:
    hold = select(Hold.invoice_id).where(Hold.invoice_id == Invoice.id, Hold.reason == reason)
    return and_(Invoice.state.in_(("open", "held")), hold.exists())


def _is_undelivered() -> ColumnElement[bool]:
    """Look for a refused mail; those are few, so that they are asked first."""
    refused = select(Outbox.invoice_id).where(Outbox.state == "refused")
    return Invoice.id.in_(refused)


def _mentions(q: str) -> ColumnElement[bool]:
    """Search number, name, kana and mail, folded; `%` and `_` are themselves."""
    of_customer = _is_of(_is_told_of(q))
    number = folded(q)
    if not _NUMBER.fullmatch(number):
        return of_customer  # no bill's number has such a sign in it
    ways = [of_customer, *_in_month(number), *_by_number(number)]
    return Invoice.id.in_(union(*(select(Invoice.id).where(way) for way in ways)))


def _fits(q: str) -> ColumnElement[bool]:
    """Say the same of one bill after the other."""
    number = folded(q)
    ways = [_is_of(_is_told_of(q))]
    if _NUMBER.fullmatch(number):
        ways += [*_in_month(number), _is_one_by(number)]
    return or_(*ways)


def _is_told_of(q: str) -> ColumnElement[bool]:
    return Customer.search_text.contains(folded(q), autoescape=True)


def of_owners(wanted: InvoiceFilter) -> list[ColumnElement[bool]]:
    """Return the conditions on customers of a filter's word and number: all bills of those fit."""
    rules = [(wanted.q, _is_told_of), (wanted.customer_no, Customer.customer_no.__eq__)]
    return [rule(bound) for bound, rule in rules if bound]


def beyond_owners(wanted: InvoiceFilter) -> list[list[ColumnElement[bool]]]:
    """Return conditions on bills that fit by their own number alone; none fits two of them."""
    number = folded(wanted.q)
    if not _NUMBER.fullmatch(number):
        return []
    others = [~_is_of(_is_told_of(wanted.q)), *conditions(replace(wanted, q=""))]
    months = _in_month(number)
    rest = [_is_one_by(number), *(~in_month for in_month in months), *others]
    return [*([in_month, *others] for in_month in months), rest]


def _in_month(q: str) -> list[ColumnElement[bool]]:
    """Return the condition that a bill's number has the word in its YYMM, where one can have it."""
    months = [day for day in _MONTHS if q in _digits(day)]
    return [Invoice.month.in_(months)] if months else []


def _is_one_by(q: str) -> ColumnElement[bool]:
    return Invoice.id.in_(union(*(select(Invoice.id).where(way) for way in _by_number(q))))


def _by_number(q: str) -> list[ColumnElement[bool]]:
    """Return what finds bills with a part of their number beyond YYMM and the customer's.

    A number is YYMM, the customer's, and a revision's suffix: the part begins inside YYMM, or the
    bill is one of the few revisions.
    """
    revised = literal_column("revision") > literal_column("1")  # as its index says it
    found = [and_(revised, Invoice.invoice_no.contains(q, autoescape=True))]
    for length in range(1, min(MONTH_DIGITS, len(q) - 1) + 1):
        months = [day for day in _MONTHS if _digits(day).endswith(q[:length])]
        begins = Customer.customer_no.startswith(q[length:], autoescape=True)
        if months:
            found.append(and_(_is_of(begins), Invoice.month.in_(months)))
    return found


def _digits(month: date) -> str:
    return f"{month:%y%m}"
