"""The mailed link: a page with one button, whose press opens one bill for half an hour.

Programs that examine mails open every link, and some press buttons; so looking changes nothing,
and a link can be used again and again until it ends (security.md T6).
"""

from typing import Final

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.blueprint import portal
from shared.doors.sessions import open_bill_session
from shared.errors import NotFound
from shared.invoices.documents import get_number
from shared.mail.links import find_link
from shared.web.doorman import let_in
from shared.web.marks import public
from shared.web.request import address, database, find_principal, now

SCOPE: Final = frozenset(
    {"portal.bill", "portal.why", "portal.bill_csv", "portal.bill_pdf", "portal.log_out"}
)
"""What a mailed link lets one open, all of them of its own bill."""


@portal.before_request
def stay_with_the_bill() -> None:
    """Hide every other bill from whom a mailed link let in."""
    person, asked = find_principal(), (request.view_args or {}).get("invoice_no")
    if person is not None and person.bill_no and asked not in (None, person.bill_no):
        raise NotFound(f"there is no invoice {asked}")


@portal.get("/b/<path:token>")
@public
def mailed_link(token: str) -> ResponseReturnValue:
    """Show a button, and neither whose bill it is nor how much."""
    if find_link(database(), token, now()) is None:
        return closed()
    return apart(render_template("portal/mailed_link.html"))


@portal.post("/b/<path:token>")
@public
def open_mailed_link(token: str) -> ResponseReturnValue:
    """Open the bill for 30 minutes; the customer's own session stays as it is."""
    session = database()
    link = find_link(session, token, now())
    if link is None:
        return closed()
    number, owner = get_number(session, link.invoice_id)
    person = find_principal()
    if person is None or person.bill_no or person.customer_id != owner:
        let_in(open_bill_session(session, link, address(), now()))
    return apart(redirect(url_for("portal.bill", invoice_no=number), 303))


def closed() -> ResponseReturnValue:
    """Answer alike whatever was wrong with a link."""
    return apart(render_template("portal/closed_link.html")), 404


def apart(answer: ResponseReturnValue) -> Response:
    """Let nobody learn the link's address from a page behind it."""
    response = make_response(answer)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
