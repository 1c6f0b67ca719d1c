"""Customers on the desk: the list, one customer, and the bills of one."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.customers.listing import find_customers, get_customer_page
from shared.customers.searching import ONLY, SORT_KEYS, CustomerFilter, count_each
from shared.invoices.queries import find_invoices
from shared.invoices.rows import InvoiceFilter
from shared.months import day_of
from shared.web import paging
from shared.web.request import SAFE, database, now

NEWEST = 6
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


@office.get("/customers/<customer_no>")
def customer(customer_no: str) -> ResponseReturnValue:
    """Show one customer: terms, newest bills, contact."""
    return show_customer(customer_no)


def show_customer(
    customer_no: str, errors: dict[str, str] | None = None, code: str | None = None
) -> str:
    """Return the customer's page, with the code where it was just asked for."""
    session = database()
    bills = find_invoices(session, InvoiceFilter(customer_no=customer_no), "-month", NEWEST, 0)
    return render_template(
        "office/customer.html",
        page=get_customer_page(session, customer_no, day_of(now())),
        bills=bills,
        errors=errors or {},
        code=code,
    )
