"""The blueprint that all the homeowner's pages hang on."""

from flask import Blueprint

from shared.web.request import principal

portal = Blueprint("portal", __name__)


def customer_id() -> int:
    """Return whose pages these are."""
    found = principal().customer_id
    if found is None:
        raise RuntimeError("a homeowner's session names no customer")
    return found
