"""A portal with two homes, each with bills."""

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import Engine

import app
from shared.months import Month
from tests.pages import Browser, Page
from tests.people import CODES, Clock, a_bill, a_config, a_home

MINE = "1120220110"
THEIRS = "1120220111"


@dataclass(slots=True)
class Portal:
    """The app, its database and its clock; `my_bill` and `their_bill` are issued."""

    app: Flask
    engine: Engine
    clock: Clock
    my_id: int
    my_bill: str
    their_bill: str
    my_held_bill: str

    def browser(self, address: str = "192.0.2.1") -> Browser:
        """Return somebody's browser."""
        return Browser(self.app, address)

    def mine(self) -> Browser:
        """Return a browser that is signed in to the first home."""
        browser = self.browser()
        assert log_in(browser, CODES[MINE]).status == 303
        return browser


def log_in(browser: Browser, code: str) -> Page:
    """Send the login form."""
    return browser.post("/login", {"code": code})


@pytest.fixture
def engine(sqlite_url: str) -> Engine:
    """Give SQLite: the pages ask both databases the same, which tests/data proves."""
    from shared.db import make_engine

    return make_engine(sqlite_url)


@pytest.fixture
def portal(engine: Engine) -> Portal:
    """Give the portal."""
    clock = Clock()
    mine, theirs = a_home(engine, MINE), a_home(engine, THEIRS, "顧客0169")
    return Portal(
        app.create_app(a_config(), "portal", engine=engine, clock=clock),
        engine,
        clock,
        mine,
        a_bill(engine, mine),
        a_bill(engine, theirs),
        a_bill(engine, mine, Month(2024, 2), "held"),
    )
