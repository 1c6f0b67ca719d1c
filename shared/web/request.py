"""What a view asks of its request: the database, the time, and who is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from flask import current_app, g, request
from flask_login import current_user
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.db import reader
from shared.doors.sessions import TOUCH_S, Principal, touch_session
from shared.queue import Call
from shared.web.surface import Surface, WebSettings

KEY = "ppa"
Start = Callable[[Sequence[Call]], None]
"""Makes calls begin soon; they are due by the database whether it succeeds or not."""
SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing, and therefore only read."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the process gave to an app: its surface, settings, database and clock."""

    surface: Surface
    settings: WebSettings
    engine: Engine
    clock: Callable[[], int]
    start: Start | None = None


def site() -> Site:
    """Return what the current app was made with."""
    return cast("Site", current_app.extensions[KEY])


def database() -> Session:
    """Return the database session of this request; one that only reads where nothing may change."""
    if "database" not in g:
        engine = site().engine
        g.database = Session(reader(engine) if request.method in SAFE else engine)
    return cast("Session", g.database)


def now() -> int:
    """Return the UTC second taken for this whole request."""
    if "now" not in g:
        g.now = site().clock()
    return cast("int", g.now)


def find_principal() -> Principal | None:
    """Return who is signed in, or None."""
    person = current_user._get_current_object()  # noqa: SLF001 - the proxy's own way out
    return person if isinstance(person, Principal) else None


def principal() -> Principal:
    """Return who is signed in; the guard has made sure that somebody is."""
    person = find_principal()
    if person is None:
        raise RuntimeError("a private view was reached by nobody")
    return person


def address() -> str:
    """Return the peer's address, behind as many proxies as PPA_PROXY_HOPS says."""
    return request.remote_addr or ""


def commit_database() -> None:
    """Commit what the request wrote, and note that its session is in use."""
    if "database" not in g:
        return
    person = find_principal()
    due = person is not None and now() >= person.seen_at + TOUCH_S
    if due and person and request.method not in SAFE:
        touch_session(database(), person.session_id, now())
    database().commit()
    if due and person and request.method in SAFE:
        with Session(site().engine) as writer, writer.begin():
            touch_session(writer, person.session_id, now())
    start = site().start
    if start and "calls" in g:
        start(g.pop("calls"))


def start_soon(call: Call) -> None:
    """Have a call begin once what this request writes is committed."""
    g.setdefault("calls", []).append(call)


def roll_back_database() -> None:
    """Undo what a failed request wrote."""
    if "database" in g:
        database().rollback()


def hand_over_database() -> Callable[[], None]:
    """Leave the session open after this request, for an answer that is sent while it is read."""
    g.is_handed_over = True
    return database().close


def close_database(_error: BaseException | None = None) -> None:
    """Give the request's connection back."""
    if "database" in g and "is_handed_over" not in g:
        database().close()
