"""削除: archived, shut out or, where nothing hangs on a customer, deleted (decision 30)."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from shared.customers.deleting import delete_customer, find_hindrances
from shared.customers.listing import get_customer_page
from shared.customers.stored import get_stored
from shared.doors.renewing import archive_customer, disable_customer, restore_customer
from shared.invoices.queries import count_by
from shared.invoices.rows import InvoiceFilter
from shared.months import day_of
from shared.web.request import database, now, principal

UNISSUED = ("open", "held", "closed")


@office.get("/customers/<customer_no>/delete")
def ask_delete(customer_no: str) -> ResponseReturnValue:
    """Say what archiving, shutting out and deleting mean, and which of them is possible."""
    session = database()
    stored = get_stored(session, customer_no)
    states = count_by(session, InvoiceFilter(customer_no=customer_no), "state")
    return render_template(
        "office/customer_delete.html",
        stored=stored,
        customer=get_customer_page(session, customer_no, day_of(now())).customer,
        hindrances=find_hindrances(session, stored),
        open_bills=sum(states.get(state, 0) for state in UNISSUED),
    )


@office.post("/customers/<customer_no>/delete")
def delete(customer_no: str) -> ResponseReturnValue:
    """Delete a customer of whom nothing was measured, billed or sent."""
    delete_customer(database(), customer_no, now(), principal().name)
    flash(_("顧客 %(number)s を消しました。", number=customer_no))
    return redirect(url_for("office.customers"), 303)


@office.post("/customers/<customer_no>/archive")
def archive(customer_no: str) -> ResponseReturnValue:
    """Archive a customer; audited."""
    archive_customer(database(), customer_no, now(), principal().name)
    flash(_("顧客 %(number)s を保管しました。", number=customer_no))
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


@office.post("/customers/<customer_no>/disable")
def disable(customer_no: str) -> ResponseReturnValue:
    """Shut a customer out at once; audited."""
    disable_customer(database(), customer_no, now(), principal().name)
    flash(_("顧客 %(number)s のログインを止めました。", number=customer_no))
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


@office.post("/customers/<customer_no>/restore")
def restore(customer_no: str) -> ResponseReturnValue:
    """Take archive and shutting out back; audited."""
    restore_customer(database(), customer_no, now(), principal().name)
    flash(_("顧客 %(number)s を元に戻しました。", number=customer_no))
    return redirect(url_for("office.customer", customer_no=customer_no), 303)
