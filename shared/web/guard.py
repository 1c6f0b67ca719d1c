"""Deny by default: what every request must pass before a view sees it."""

from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from shared.web.marks import PUBLIC, UPLOAD, is_marked
from shared.web.request import SAFE, find_principal, site

UPLOAD_BYTES = 4_000_000
_UNREADABLE = ("\0", "\ufffd")

csrf = CSRFProtect()


def guard_requests(app: Flask) -> None:
    """Put the guard before every view of an app, in this order."""
    for check in (_stay_on_surface, _refuse_unreadable, _know_the_person, _refuse_forgery):
        app.before_request(check)


def _stay_on_surface() -> None:
    """Answer 404 for the paths of the other surface, which has no pages here."""
    shared = request.path == "/healthz" or request.path.startswith("/static/")
    if not shared and not site().surface.owns(request.path):
        abort(404)
    if is_marked(request.endpoint, UPLOAD):
        request.max_content_length = request.max_form_memory_size = UPLOAD_BYTES


def _refuse_unreadable() -> None:
    """Text with NUL or bytes that are not UTF-8 never reaches a query (security.md T11)."""
    try:
        texts = [request.path, unquote_to_bytes(request.query_string).decode()]
    except UnicodeDecodeError:
        abort(400)
    if request.method not in SAFE:
        texts += [text for key, values in request.form.lists() for text in (key, *values)]
    if any(_is_unreadable(text) for text in texts):
        abort(400)


def _is_unreadable(text: str) -> bool:
    return any(sign in text for sign in _UNREADABLE) or any(
        "\ud800" <= sign <= "\udfff" for sign in text
    )


def _know_the_person() -> ResponseReturnValue | None:
    """Send strangers to the login, and refuse what a role may not open."""
    if is_marked(request.endpoint, PUBLIC):
        return None
    person = find_principal()
    if person is None:
        return redirect(site().surface.login_path, 303)
    if request.endpoint and not site().surface.may(person, request.endpoint):
        # To whom a mailed link let in, everything beside the bill does not exist.
        abort(404 if person.bill_no else 403)
    return None


def _refuse_forgery() -> None:
    """Take a form only with our token and from our own pages (security.md T9)."""
    if request.method in SAFE:
        return
    if not is_own_origin(request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")):
        abort(400)
    if request.endpoint:
        csrf.protect()


def is_own_origin(fetch_site: str | None, origin: str | None) -> bool:
    """Say whether a form came from us; an `Origin: null` counts only by its Sec-Fetch-Site."""
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    if origin is None:
        return True
    own = {origin_of(site().settings.base_url), origin_of(request.host_url)}
    return origin in own


def origin_of(url: str) -> str:
    """Return scheme and host of an address, as browsers write an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
