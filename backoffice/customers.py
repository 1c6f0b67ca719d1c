"""Customers on the desk: the list, one customer, and the bills of one."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.customers.listing import find_customers
from shared.customers.searching import ONLY, SORT_KEYS, CustomerFilter, count_each
from shared.months import day_of
from shared.web import paging
from shared.web.request import SAFE, database, now

NEWEST_FIRST = "-customer_no"
MOST_PICKED = 100


def asked_filter(*, selection: bool = False) -> CustomerFilter:
    """Return the filter that the address asks for; a bad value counts as absent.

    Of a `selection` the ticked customers count, unless all that the filter finds are meant.
    """
    args = request.args if request.method in SAFE else request.form
    only = args.get("only")
    ticked = args.getlist("picked")[:MOST_PICKED] if selection and not args.get("all") else []
    return CustomerFilter(
        day_of(now()),
        q=args.get("q", "").strip()[:100],
        only=only if only in ONLY else None,
        picked=tuple(ticked),
    )


@office.get("/customers")
def customers() -> ResponseReturnValue:
    """List the customers that the filter finds, with today's terms."""
    shown, sort = paging.asked_slice(), paging.sort_key(SORT_KEYS, NEWEST_FIRST)
    wanted = asked_filter()
    page = find_customers(database(), wanted, sort, shown.size, shown.offset)
    return render_template(
        "office/customers.html",
        page=page,
        wanted=wanted,
        counts=count_each(database(), wanted),
        sort=sort,
        pager=paging.Pager(shown, page.total),
    )
