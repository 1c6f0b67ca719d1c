"""The headers of every answer, in one place (security.md R11)."""

from http import HTTPStatus

from flask import Flask, Response, request

from shared.web.request import site

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "X-Robots-Tag": "noindex",
}

HSTS = "max-age=31536000; includeSubDomains"
YEAR = "public, max-age=31536000, immutable"
SHORT = "public, max-age=300"


def dress_answers(app: Flask) -> None:
    """Give every answer of an app its headers."""
    app.after_request(_dress)


def _dress(response: Response) -> Response:
    for name, text in ALWAYS.items():
        response.headers.setdefault(name, text)
    if not site().settings.plain_http:
        response.headers["Strict-Transport-Security"] = HSTS
    if request.path.startswith("/static/") and response.status_code < HTTPStatus.BAD_REQUEST:
        response.headers["Cache-Control"] = YEAR if "v" in request.args else SHORT
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
