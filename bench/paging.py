"""P4, P5 and P9: pages against a page that says hello, and what a phone has to fetch first."""

import gzip
import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from werkzeug.test import EnvironBuilder

import app
from bench.databases import SqliteFiles, sessions
from bench.fleet import BILLED, CODE_KEY, NOW, multiply
from bench.measuring import Row, in_turn, ratio_row, seconds
from shared.config import load
from shared.doors.operators import add_operator
from shared.doors.sessions import open_homeowner_session, open_operator_session
from shared.models.customers import Customer
from shared.models.invoices import Invoice
from shared.paths import STATIC
from shared.web.marks import public

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REPEATS = 20
PASSWORD = "nobody signs in with this"
HOME_MOST, LIST_MOST, FAR_MOST, SEARCH_MOST = 5, 9, 1.5, 25
SHOWN = 50
"""Bills on a page of the list."""
FIRST_KB, CHART_KB = 20, 80
KB = 1000
LINKED = re.compile(r'(?:href|src)="/static/([^"?]+\.(?:css|js))')
CHART = "vendor/chart.bars.js"


class Reader:
    """Somebody signed in, who fetches pages straight from the application, past any server."""

    def __init__(self, flask: Flask, token: str) -> None:
        """Sign in by the id of a session's row."""
        self._app = flask
        client = flask.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        kept = client.get_cookie(str(flask.config["SESSION_COOKIE_NAME"]))
        self._cookie = f"{kept.key}={kept.value}" if kept else ""

    def fetch(self, path: str) -> bytes:
        """Return a page; raises RuntimeError where it is not answered with 200."""
        return _answer(self._app, self._environ(path))

    def cost(self, path: str) -> Callable[[int], float]:
        """Return what measures one page."""
        environ = self._environ(path)

        def fetch() -> None:
            for _ in range(REPEATS):
                _answer(self._app, dict(environ))

        return lambda _number: seconds(time.process_time, fetch) / REPEATS

    def _environ(self, path: str) -> "WSGIEnvironment":
        return EnvironBuilder(path, environ_base={"HTTP_COOKIE": self._cookie}).get_environ()


def _answer(flask: Flask, environ: "WSGIEnvironment") -> bytes:
    answered: list[str] = []

    def start(status: str, _headers: object, _failure: object = None) -> Callable[[bytes], object]:
        answered.append(status)
        return answered.append  # type: ignore[return-value]

    chunks = flask(environ, start)
    body = b"".join(chunks)
    if not answered[0].startswith("200"):
        raise RuntimeError(f"{environ['PATH_INFO']}: {answered[0]}")
    return body


def _surface(engine: Engine, name: str, hello: str) -> Flask:
    config = load({"PPA_SECRET_KEY": "s" * 40, "PPA_CODE_KEY": CODE_KEY})
    made = app.create_app(config, name, engine=engine, clock=lambda: NOW)
    made.add_url_rule(hello, "hello", public(lambda: "hello"))
    return made


def homeowner_rows(engine: Engine, rounds: int) -> Iterator[Row]:
    """Yield the home page, a bill, and the first view's size, of a home with a year of bills."""
    with sessions(engine)() as session:
        owner = session.scalars(select(Customer.id).order_by(Customer.id)).first() or 0
        token = open_homeowner_session(session, owner, "", NOW)
        bill = session.scalars(
            select(Invoice.invoice_no)
            .where(Invoice.customer_id == owner, Invoice.state == "issued")
            .order_by(Invoice.month.desc())
        ).first()
    reader = Reader(_surface(engine, "portal", "/hello"), token)
    paths = ("/hello", "/", f"/bills/{bill}")
    hello, home, one = in_turn(rounds, [reader.cost(path) for path in paths])
    yield ratio_row(("P4", "homeowner's home page"), hello, home, HOME_MOST)
    yield ratio_row(("P4", "homeowner's bill"), hello, one, HOME_MOST)
    yield from _sizes(reader.fetch("/"))


def _sizes(page: bytes) -> Iterator[Row]:
    linked = [(STATIC / name).read_bytes() for name in LINKED.findall(page.decode())]
    # plot.js fetches the chart's library by itself, once a chart comes into view.
    before = sum(len(gzip.compress(one)) for one in (page, *linked))
    chart = len(gzip.compress((STATIC / CHART).read_bytes()))
    for work, size, most in (
        (f"first view: page and {len(linked)} files, gzip", before, FIRST_KB),
        ("the same with the chart", before + chart, CHART_KB),
    ):
        yield Row(
            "P9", work, "–", f"{size / KB:.1f} KB", "–", f"≤ {most} KB", passes=size <= most * KB
        )


def operator_rows(patterns: Engine, files: SqliteFiles, count: int, rounds: int) -> Iterator[Row]:
    """Yield pages of the operator's list of many bills."""
    engine = files.new()
    with Session(patterns) as session:
        each = session.scalar(select(func.count(Invoice.id))) or 1
    multiply(patterns, engine, BILLED, -(-count // each))
    with sessions(engine)() as session:
        operator = add_operator(session, "operator@example.jp", "viewer", PASSWORD, NOW)
        token = open_operator_session(session, operator.id, "", NOW)
        total = session.scalar(select(func.count(Invoice.id))) or 0
    reader = Reader(_surface(engine, "backoffice", "/office/hello"), token)
    listed = f"/office/invoices?size={SHOWN}"
    paths = (
        "/office/hello", listed, f"{listed}&page={total // SHOWN}", f"{listed}&q=00042",
        f"{listed}&q=nobody",
    )  # fmt: skip
    hello, first, last, found, missed = in_turn(rounds, [reader.cost(path) for path in paths])
    what = f"list of {total:,} bills"
    yield ratio_row(("P5", f"{what}, first page"), hello, first, LIST_MOST)
    yield ratio_row(("P5", f"{what}, last page to first"), first, last, FAR_MOST)
    yield ratio_row(("P5", f"{what}, search to first"), first, found, SEARCH_MOST)
    yield ratio_row(("P5", f"{what}, search without match"), first, missed, SEARCH_MOST)
    engine.dispose()
