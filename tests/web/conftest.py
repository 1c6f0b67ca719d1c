"""Both surfaces under one dispatcher, as one process serves them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

import app
from shared.db import make_engine
from tests.pages import Browser
from tests.people import Clock, a_bill, a_config, a_home, an_operator

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@dataclass(slots=True)
class Site:
    """The site, and what makes others on the same database."""

    wsgi: "WSGIApplication"
    engine: Engine
    clock: Clock
    bill: str

    def browser(self, address: str = "192.0.2.1", **environ: str) -> Browser:
        """Return somebody's browser at the site, or at one with other settings."""
        if not environ:
            return Browser(self.wsgi, address)
        config = a_config(**environ)
        return Browser(app.create_site(config, engine=self.engine, clock=self.clock), address)


@pytest.fixture
def site(sqlite_url: str) -> Site:
    """Give the site with one home and one administrator."""
    engine, clock = make_engine(sqlite_url), Clock()
    an_operator(engine, "admin")
    bill = a_bill(engine, a_home(engine))
    return Site(app.create_site(a_config(), engine=engine, clock=clock), engine, clock, bill)
