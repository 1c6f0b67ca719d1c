"""What makes the portal installable, and readable without a connection (decision 31)."""

from functools import cache

from flask import Response, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprint import portal
from shared.paths import STATIC
from shared.web.assets import asset
from shared.web.language import choose_language
from shared.web.marks import public

ICONS = (("icons/192.png", "192x192", "any"), ("icons/512.png", "512x512", "any"),
         ("icons/maskable-512.png", "512x512", "maskable"))  # fmt: skip
ACCENT, SURFACE = "#35408f", "#ffffff"


@portal.get("/manifest.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    """Describe the portal to a browser that offers to install it."""
    answer = jsonify(
        id="/",
        name=_("PPA料金照会"),
        short_name=_("PPA料金照会"),
        lang=choose_language(),
        start_url="/",
        scope="/",
        display="standalone",
        background_color=SURFACE,
        theme_color=ACCENT,
        icons=[
            {"src": asset(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
    )
    answer.mimetype = "application/manifest+json"
    return answer


@portal.get("/sw.js")
@public
def service_worker() -> ResponseReturnValue:
    """Send the service worker from the top, so that it may serve every page of the portal."""
    return Response(_worker(), mimetype="text/javascript", headers={"Cache-Control": "no-cache"})


@cache
def _worker() -> bytes:
    return (STATIC / "js" / "sw.js").read_bytes()


@portal.get("/offline")
@public
def offline() -> ResponseReturnValue:
    """Say that there is no connection; the service worker adds the bill that it keeps."""
    return render_template("portal/offline.html")
