"""What a homeowner sees on a phone."""

from portal import (
    addresses,
    bills,
    contract,
    energy,
    home,
    installing,
    links,
    login,
    notices,
    pages,
    settings,
)
from portal.blueprint import portal
from portal.links import SCOPE
from shared.doors.sessions import HOMEOWNER, Principal, find_homeowner
from shared.web.surface import Surface

__all__ = [
    "SURFACE",
    "addresses",
    "bills",
    "contract",
    "energy",
    "home",
    "installing",
    "links",
    "login",
    "notices",
    "pages",
    "settings",
]


def _may(person: Principal, endpoint: str) -> bool:
    """Let a homeowner open every page, and whom a mailed link let in those of its bill."""
    return person.bill_no is None or endpoint in SCOPE


SURFACE = Surface(
    name="portal",
    prefix="",
    cookie="ppa_home",
    login_path="/login",
    blueprint=portal,
    lifetime=HOMEOWNER,
    find_principal=find_homeowner,
    may=_may,
)
