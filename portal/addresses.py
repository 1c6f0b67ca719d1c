"""A new mail address, confirmed by the link in its mail on whatever device that is read.

Who holds the link holds the mailbox, but an address may have been typed wrong and the mailbox be a
stranger's; so whoever is not signed in types the customer number too, which the mail does not tell.
Programs that examine mails press buttons and cannot do that (security.md T6, T24).
"""

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.blueprint import portal
from portal.links import apart, closed
from shared.doors.throttle import check_throttle, register_failure
from shared.errors import NotFound
from shared.mail.confirming import AskedAddress, confirm_address, get_asked_address
from shared.web.marks import public
from shared.web.request import address, database, find_principal, now, site

DOOR = "address"


@portal.get("/b/address/<int:mail_id>/<token>")
@public
def asked_address(mail_id: int, token: str) -> ResponseReturnValue:
    """Show the address that a link confirms, and a button: looking changes nothing."""
    try:
        return _page(get_asked_address(database(), _secret(), (mail_id, token), now()))
    except NotFound:
        return closed()


@portal.post("/b/address/<int:mail_id>/<token>")
@public
def take_address(mail_id: int, token: str) -> ResponseReturnValue:
    """Let the address count, for who is signed in at that home or types its number."""
    session, link = database(), (mail_id, token)
    try:
        asked = get_asked_address(session, _secret(), link, now())
    except NotFound:
        return closed()
    is_own = _is_own(asked)
    if not is_own:
        check_throttle(session, DOOR, address(), now())
    typed = request.form.get("customer_no", "")
    if not is_own and not asked.is_of(typed):
        register_failure(session, DOOR, address(), now())
        return _page(asked, typed[:40], is_refused=True), 422
    confirm_address(session, _secret(), link, now())
    if is_own:
        return apart(redirect(url_for("portal.settings", _anchor="email"), 303))
    return apart(render_template("portal/address_taken.html", address=asked.address))


def _secret() -> str:
    return site().settings.secret_key


def _is_own(asked: AskedAddress) -> bool:
    """Say whether the reader is signed in at the home that asked, by its code."""
    person = find_principal()
    return person is not None and not person.bill_no and person.customer_id == asked.customer_id


def _page(asked: AskedAddress, typed: str = "", *, is_refused: bool = False) -> Response:
    return apart(
        render_template(
            "portal/confirm_address.html",
            address=asked.address,
            is_own=_is_own(asked),
            typed=typed,
            is_refused=is_refused,
        )
    )
