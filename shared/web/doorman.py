"""Signing in and out of a surface: the cookie carries a random id, the row decides (R6)."""

from flask import Flask, Response, redirect, session
from flask_login import LoginManager

from shared.doors.sessions import Principal, close_session
from shared.web.language import SESSION_KEY
from shared.web.request import database, find_principal, now, site

_LOGIN = "_user_id"


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
    language = session.get(SESSION_KEY)
    session.clear()
    if language:
        session[SESSION_KEY] = language
    session[_LOGIN] = token
    session.permanent = True


def let_out() -> Response:
    """End the session on both sides and drop what the browser kept; 303 to the login."""
    person = find_principal()
    if person:
        close_session(database(), person.session_id)
    language = session.get(SESSION_KEY)
    session.clear()
    if language:
        session[SESSION_KEY] = language
    answer = redirect(site().surface.login_path, 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer  # type: ignore[return-value]
