"""The site on a loopback port, and a real browser before it."""

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

import app
from portal import figures
from shared import schema
from shared.db import make_engine
from shared.invoices.documents import get_invoice
from shared.invoices.notifying import queue_mails
from shared.mail.confirming import ADDRESS, ask_to_confirm
from shared.mail.links import ensure_link
from shared.mail.writing import Writer
from shared.models.mail import Outbox
from shared.months import Month
from shared.settings import find_settings
from tests.people import CODES, NOW, PASSWORD, Clock, a_bill, a_config, a_home, an_operator
from tests.portal.test_bills import LIVE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE: ViewportSize = {"width": 360, "height": 800}
DESK: ViewportSize = {"width": 1440, "height": 900}
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
REFUSED = re.compile("status of 4(04|09|22)")
COLOUR = "{type: 'rule', values: ['color-contrast', 'link-in-text-block']}"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
AT_THE_END = """() => new Promise((done) => {
  scrollTo(0, document.body.scrollHeight);
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""


@dataclass(slots=True)
class Site:
    """Where the site is, its bill's number, and the paths of the links in two of its mails."""

    url: str
    bill: str
    link: str = ""
    address_link: str = ""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve both surfaces with a home, a year of bills, a held one and an administrator."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('site') / 'ppa.sqlite3'}")
    schema.upgrade(engine)
    an_operator(engine, "admin")
    home = a_home(engine)
    a_bill(engine, home, Month(2024, 2), "held")
    month = Month(2024, 1)
    bills = [a_bill(engine, home, month)]
    for _ in range(10):
        month = month.previous()
        bills.append(a_bill(engine, home, month))
    link = mailed(engine, bills)
    address_link = address_asked(engine, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "live_bill", lambda *_: LIVE)
        wsgi = app.create_site(a_config(), engine=engine, clock=Clock())
        with serving(wsgi) as port:
            yield Site(f"http://127.0.0.1:{port}", bills[0], link, address_link)
    engine.dispose()


def mailed(engine: Engine, bills: list[str]) -> str:
    """Write the mails of bills, and return the path of the first one's link."""
    secret = a_config().require_secret_key()
    with Session(engine) as session, session.begin():
        ids = [get_invoice(session, number).id for number in bills]
        queue_mails(session, ids, NOW)
        return f"/b/{ensure_link(session, secret, ids[0], NOW, 60).token}"


def address_asked(engine: Engine, customer_id: int) -> str:
    """Ask to confirm a new mail address, and return the path of the link in its mail."""
    config = a_config()
    with Session(engine) as session, session.begin():
        ask_to_confirm(session, customer_id, "new.one@example.jp", NOW)
        mail = session.scalars(select(Outbox).where(Outbox.kind == ADDRESS)).one()
        writer = Writer(config.require_secret_key(), config.base_url)
        letter = writer.write(session, mail, find_settings(session), NOW)
        mail.state = "accepted"
    if letter.button is None:
        pytest.fail("the mail has no link")
    return letter.button.url.removeprefix(config.base_url)


def whole(wsgi: "WSGIApplication") -> "WSGIApplication":
    """Let each answer be complete before any of it is sent.

    A browser that goes on to another page drops what it was still being sent, and the server that
    serves here forgets to close the file then.
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        with closing(ClosingIterator(wsgi(environ, start_response))) as parts:
            return list(parts)

    return answer


@contextmanager
def serving(wsgi: "WSGIApplication", port: int = 0) -> Iterator[int]:
    """Serve an application on a loopback port for a while; yields the port."""
    server = make_server("127.0.0.1", port, whole(wsgi), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Give what starts browsers; it runs an event loop that other modules must not meet."""
    with sync_playwright() as playwright:
        yield playwright


def a_chromium(playwright: Playwright, *args: str) -> Browser:
    """Start Debian's browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("apt-get install chromium fonts-noto-cjk: the browser tests need them")
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *args])


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Give the browser as it is."""
    browser = a_chromium(playwright)
    yield browser
    browser.close()


@dataclass(slots=True)
class Window:
    """A window of the browser at the site; `complaints` is what its console said.

    Where nothing is `drawn`, no chart is waited for: the page's scripts are kept from it.
    """

    page: Page
    site: Site
    complaints: list[str]
    drawn: bool = True

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(self.site.url + path, wait_until="load")

    def come_home(self) -> None:
        """Sign in as the homeowner."""
        self.open("/login")
        self.page.fill("#code", CODES["1120220110"])
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(self.site.url + "/")

    def come_to_the_office(self) -> None:
        """Sign in as the administrator."""
        self.open("/office/login")
        self.page.fill("#email", "admin@example.jp")
        self.page.fill("#password", PASSWORD)
        self.page.click("main form[action$=login] button")
        self.page.wait_for_url(self.site.url + "/office/")

    def is_sound(self, *schemes: Literal["light", "dark"]) -> None:
        """Find nothing that axe, the console or a narrow screen would complain about.

        axe looks at the page in the first of the `schemes`, without any in the window's own; in the
        others, where the page is the same but for its colours, at what rests on colour.
        """
        for chart in self.page.locator("[data-plot]:visible").all() if self.drawn else ():
            chart.scroll_into_view_if_needed()  # that is when it is drawn
            expect(chart.locator("canvas")).to_be_visible()
        self.page.evaluate(AT_THE_END)
        over = self.page.evaluate(TOO_WIDE)
        assert over == 0, f"{self.page.url}: {over} px too wide"
        assert self.complaints == []
        self.page.evaluate(AXE.read_text())
        for rules, scheme in zip(chain([RULES], repeat(COLOUR)), schemes or (None,), strict=False):
            self.page.emulate_media(color_scheme=scheme)
            asked = f"{{runOnly: {rules}, resultTypes: ['violations']}}"
            found = self.page.evaluate(f"axe.run(document, {asked}).then(r => r.violations)")
            told = [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found]
            assert told == [], f"{self.page.url} {scheme or ''}"


def a_window(context: BrowserContext, site: Site, *, refused: bool = False) -> Window:
    """Open a window whose console is listened to; where forms are `refused`, not for that."""
    page = context.new_page()
    complaints: list[str] = []

    def note(line: ConsoleMessage) -> None:
        told = line.type in ("error", "warning")
        if told and not (refused and REFUSED.search(line.text)):
            complaints.append(line.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return Window(page, site, complaints)
