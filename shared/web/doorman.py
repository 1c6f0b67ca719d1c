"""Signing in and out of a surface: the cookie carries a random id, the row decides (R6)."""

from flask import Flask, Response, redirect, session
from flask_login import LoginManager

from shared.doors.sessions import Principal, close_session
from shared.web.language import SESSION_KEY
from shared.web.request import database, find_principal, now, site

_LOGIN = "_user_id"
TEXT_KEY = "text"
"""Where a browser's session keeps the size of text."""
KEPT = (SESSION_KEY, TEXT_KEY)


def keep_the_door(app: Flask) -> None:
    """Let an app know people by their session rows."""
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader(_find_person)
    manager.init_app(app)


def _find_person(token: str) -> Principal | None:
    return site().surface.find_principal(database(), token, now())


def let_in(token: str) -> None:
    """Start the browser's session anew with a new id and a new CSRF token (no fixation)."""
    _forget()
    session[_LOGIN] = token
    session.permanent = True


def _forget() -> None:
    """Drop everything of a browser's session but how its reader likes to read."""
    kept = {key: session[key] for key in KEPT if key in session}
    session.clear()
    session.update(kept)


def let_out() -> Response:
    """End the session on both sides and drop what the browser kept; 303 to the login."""
    person = find_principal()
    if person:
        close_session(database(), person.session_id)
    _forget()
    answer = redirect(site().surface.login_path, 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer  # type: ignore[return-value]
