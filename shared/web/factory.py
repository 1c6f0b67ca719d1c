"""One factory for both surfaces, and the dispatcher that mounts them together (decision 28)."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, jsonify
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from shared.paths import STATIC, TEMPLATES
from shared.web.assets import asset, vendored
from shared.web.compiled import COMPILED
from shared.web.doorman import keep_the_door
from shared.web.errors import handle_errors
from shared.web.filters import FILTERS
from shared.web.guard import csrf, guard_requests
from shared.web.headers import dress_answers
from shared.web.language import speak
from shared.web.logs import Redaction
from shared.web.marks import public
from shared.web.paging import query_string, unread, with_args
from shared.web.request import (
    KEY,
    Site,
    Start,
    close_database,
    commit_database,
    database,
    find_principal,
    now,
    site,
)
from shared.web.surface import Surface, WebSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BODY_BYTES = 1_000_000
FORM_PARTS = 400


def build_app(
    surface: Surface,
    settings: WebSettings,
    engine: Engine,
    clock: Callable[[], int],
    start: Start | None = None,
) -> Flask:
    """Return the Flask app of one surface; the time comes from `clock`.

    `start` makes work begin that a page asks for (`start_soon`).
    """
    app = Flask(
        f"ppa.{surface.name}",
        static_folder=str(STATIC),
        static_url_path="/static",
        template_folder=str(TEMPLATES),
        root_path=str(TEMPLATES.parent),
    )
    app.extensions[KEY] = Site(surface, settings, engine, clock, start)
    app.logger.addFilter(Redaction())
    _configure(app, surface, settings)
    _dress_templates(app)
    speak(app)
    keep_the_door(app)
    csrf.init_app(app)
    guard_requests(app)
    handle_errors(app)
    dress_answers(app)
    _add_own_pages(app)
    app.register_blueprint(surface.blueprint)
    _end_requests(app)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, surface: Surface, settings: WebSettings) -> None:
    """Set cookie, limits and CSRF of a surface; the guard calls the CSRF check itself."""
    secure = not settings.plain_http
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME=f"__Host-{surface.cookie}" if secure else surface.cookie,
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=surface.lifetime.absolute_s),
        MAX_CONTENT_LENGTH=BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=BODY_BYTES,
        MAX_FORM_PARTS=FORM_PARTS,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )


def _dress_templates(app: Flask) -> None:
    """Give the templates their filters and what every page asks for."""
    app.jinja_env.bytecode_cache = COMPILED
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        asset=asset,
        vendored=vendored,
        home_path=_home_path,
        person=find_principal,
        now=now,
        may=_may,
        unread=unread,
        with_args=with_args,
        query_string=query_string,
    )


def _may(endpoint: str) -> bool:
    """Say whether the reader may open an endpoint, so that no page links to what is refused."""
    person = find_principal()
    is_there = endpoint in current_app.view_functions
    return is_there and person is not None and site().surface.may(person, endpoint)


def _home_path() -> str:
    """Return where the surface begins."""
    return f"{site().surface.prefix}/"


def _add_own_pages(app: Flask) -> None:
    """Add what every app answers: files and the health of its database."""
    app.add_url_rule("/healthz", "healthz", public(_healthz))
    public(app.view_functions["static"])


def _healthz() -> ResponseReturnValue:
    """Say whether the database answers, and nothing about anybody."""
    try:
        database().execute(text("SELECT 1"))
    except SQLAlchemyError:
        return jsonify(database="unreachable"), 503
    return jsonify(database="ok")


def _end_requests(app: Flask) -> None:
    """Commit when a view has answered; give the connection back in any case."""

    @app.after_request
    def _commit(response: Response) -> Response:
        commit_database()
        return response

    app.teardown_appcontext(close_database)


def mount(portal: "WSGIApplication | None", office: "WSGIApplication | None") -> "WSGIApplication":
    """Return one application: the office under /office, all else the portal.

    Where a surface is off, the other app answers its paths with 404.
    """
    fallback = portal or office
    if fallback is None:
        raise ValueError("no surface is on")

    def dispatch(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        in_office = path == "/office" or path.startswith("/office/")
        chosen = office if in_office and office else fallback
        return chosen(environ, start_response)

    return dispatch
