"""The bills of one customer, those of the system before ours among them, as a page and as CSV."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.customers.listing import get_customer_page
from shared.invoices.past import each_past
from shared.invoices.queries import each_invoice
from shared.invoices.rows import FIGURES, SORT_KEYS, BillRow, InvoiceFilter, Page, Totals
from shared.invoices.sheets import list_csv
from shared.months import day_of
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.request import database, now

NEWEST_FIRST = "-month"


@office.get("/customers/<customer_no>/invoices")
def customer_invoices(customer_no: str) -> ResponseReturnValue:
    """List the bills of one customer; the page's own search takes number and month."""
    owner, shown = get_customer_page(database(), customer_no, day_of(now())), paging.asked_slice()
    wanted, sort = _asked(customer_no), paging.sort_key(SORT_KEYS, NEWEST_FIRST)
    bills = _find(wanted, sort)
    return render_template(
        "office/customer_invoices.html",
        page_of=owner,
        page=Page(bills[shown.offset : shown.offset + shown.size], len(bills)),
        totals=_totals(bills),
        wanted=wanted,
        sort=sort,
        pager=paging.Pager(shown, len(bills)),
    )


@office.get("/customers/<customer_no>/invoices.csv")
def customer_invoices_csv(customer_no: str) -> ResponseReturnValue:
    """Send the bills that the page's search finds."""
    get_customer_page(database(), customer_no, day_of(now()))
    bills = _find(_asked(customer_no), paging.sort_key(SORT_KEYS, NEWEST_FIRST))
    name = f"請求一覧_{customer_no}_{day_of(now()):%Y%m%d}.csv"
    return csv_answer(name, list_csv(bills, asked_encoding()))


def _asked(customer_no: str) -> InvoiceFilter:
    return InvoiceFilter(
        customer_no=customer_no, number=paging.word("q"), month=paging.billing_month("month")
    )


def _find(wanted: InvoiceFilter, sort: str) -> list[BillRow]:
    """Return all that are found, sorted; a customer has a few hundred at most."""
    bills = [*each_invoice(database(), wanted, sort), *each_past(database(), wanted, sort)]
    key = sort.removeprefix("-")

    def order(bill: BillRow) -> tuple[bool, object, str]:
        known = getattr(bill, key)
        return known is not None, 0 if known is None else known, bill.invoice_no

    return sorted(bills, key=order, reverse=sort.startswith("-"))


def _totals(bills: list[BillRow]) -> Totals:
    """Return the sums of what is found, void bills left out."""
    live = [bill for bill in bills if bill.state != "void"]
    sums = {name: sum(getattr(bill, name) or 0 for bill in live) for name in FIGURES}
    return Totals(len(bills), **sums)
