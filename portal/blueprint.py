"""The blueprint that all the homeowner's pages hang on, and what each of them may ask."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, session

from shared.months import day_of
from shared.settings import Settings, find_settings
from shared.web.doorman import TEXT_KEY
from shared.web.request import database, now, principal

SIZES = ("normal", "large", "larger")

portal = Blueprint("portal", __name__)


def customer_id() -> int:
    """Return whose pages these are."""
    found = principal().customer_id
    if found is None:
        raise RuntimeError("a homeowner's session names no customer")
    return found


def todays_settings() -> Settings:
    """Return the operator's settings of today, asked for once a request."""
    if "settings" not in g:
        g.settings = find_settings(database(), on=day_of(now()))
    found: Settings = g.settings
    return found


def text_size() -> str:
    """Return the size of text that this browser remembers."""
    size = session.get(TEXT_KEY, "normal")
    return size if size in SIZES else "normal"


@portal.context_processor
def _words_of_every_page() -> dict[str, Callable[[], Any]]:
    return {"operator": todays_settings, "text_size": text_size}
