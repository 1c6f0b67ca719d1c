"""A back office with an operator of each role, two homes and their bills."""

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import Engine

import app
from shared.db import make_engine
from shared.months import Month
from tests.pages import Browser, Page
from tests.people import PASSWORD, Clock, a_bill, a_config, a_home, an_operator

HOME = "1120220110"
ROLES = ("viewer", "billing", "admin")


@dataclass(slots=True)
class Office:
    """The app, its database and its clock; one bill is issued, one held."""

    app: Flask
    engine: Engine
    clock: Clock
    customer_id: int
    bill: str
    held_bill: str

    def browser(self, address: str = "192.0.2.1") -> Browser:
        """Return somebody's browser."""
        return Browser(self.app, address)

    def as_(self, role: str) -> Browser:
        """Return a browser in which an operator of a role is signed in."""
        browser = self.browser()
        assert log_in(browser, f"{role}@example.jp").status == 303
        return browser


def log_in(browser: Browser, email: str, password: str = PASSWORD) -> Page:
    """Send the login form."""
    return browser.post("/office/login", {"email": email, "password": password})


@pytest.fixture
def engine(sqlite_url: str) -> Engine:
    """Give SQLite: what the pages ask is proven on both databases in tests/data."""
    return make_engine(sqlite_url)


@pytest.fixture
def office(engine: Engine) -> Office:
    """Give the back office."""
    clock = Clock()
    for role in ROLES:
        an_operator(engine, role)
    home, other = a_home(engine, HOME), a_home(engine, "1120220111", "顧客0169")
    a_bill(engine, other)
    return Office(
        app.create_app(a_config(), "backoffice", engine=engine, clock=clock),
        engine,
        clock,
        home,
        a_bill(engine, home),
        a_bill(engine, home, Month(2024, 2), "held"),
    )
