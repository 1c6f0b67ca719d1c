"""What a homeowner sees on a phone."""

from portal import bills, contract, energy, home, login, notices, pages, settings
from portal.blueprint import portal
from shared.doors.sessions import HOMEOWNER, Principal, find_homeowner
from shared.web.surface import Surface

__all__ = [
    "SURFACE",
    "bills",
    "contract",
    "energy",
    "home",
    "login",
    "notices",
    "pages",
    "settings",
]


def _may(_person: Principal, _endpoint: str) -> bool:
    """Let a homeowner open every page of the portal; what they show is their own."""
    return True


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
