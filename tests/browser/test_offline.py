"""Without a connection the last bill is there, and with its reader it goes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

import app
from shared.db import make_engine
from shared.months import Month
from tests.browser.conftest import PHONE, Site, Window, a_window, serving
from tests.people import Clock, a_bill, a_config, a_home

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

KEPT = """caches.open('bill').then((c) => c.keys())
  .then((k) => k.map((r) => new URL(r.url).pathname).filter((path) => path.startsWith('/bills')))"""
OLDER = """caches.open('bill').then(async (c) => {
  const [page] = await c.keys();
  const answer = await c.match(page);
  const headers = new Headers(answer.headers);
  headers.set('X-Kept-At', String(Date.now() - 36 * 86400000));
  await c.put(page, new Response(await answer.text(), { headers }));
})"""
CONTROLLED = "navigator.serviceWorker.controller !== null"


@dataclass(slots=True)
class Line:
    """A site that can be cut off and reached again on the same port."""

    wsgi: "WSGIApplication"
    bills: list[str]
    stack: ExitStack
    port: int = 0

    def reach(self) -> None:
        """Let the site answer."""
        self.port = self.stack.enter_context(serving(self.wsgi, self.port))

    def cut(self) -> None:
        """Let nothing answer any more."""
        self.stack.close()


@pytest.fixture
def line(sqlite_url: str) -> Iterator[Line]:
    engine = make_engine(sqlite_url)
    home = a_home(engine)
    bills = [a_bill(engine, home, Month(2024, 1)), a_bill(engine, home, Month(2023, 12))]
    wsgi = app.create_site(a_config(), engine=engine, clock=Clock())
    with ExitStack() as stack:
        line = Line(wsgi, bills, stack)
        line.reach()
        yield line
        line.cut()
    engine.dispose()


@pytest.fixture
def window(chromium: Browser, line: Line) -> Iterator[Window]:
    with chromium.new_context(viewport=PHONE, locale="ja-JP") as context:
        opened = a_window(context, Site(f"http://127.0.0.1:{line.port}", line.bills[0]))
        opened.come_home()
        until(opened.page, CONTROLLED)
        yield opened


def until(page: Page, claim: str) -> None:
    """Wait until something is true of the page; its policy forbids the browser's own way."""
    for _ in range(100):
        if page.evaluate(claim):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never true: {claim}")


def bill_kept(page: Page, number: str) -> None:
    """Wait until the one bill that is kept is this, with its stylesheets."""
    until(page, f"{KEPT}.then((all) => all.join() === '/bills/{number}')")
    until(
        page,
        "caches.open('bill').then((c) => c.keys())"
        ".then((k) => k.some((one) => one.url.includes('portal.css')))",
    )


def test_the_last_bill_alone_opens_again_without_a_connection(window: Window, line: Line) -> None:
    page = window.page
    for number in reversed(line.bills):
        window.open(f"/bills/{number}")
        expect(page.locator("[data-kept]")).to_be_hidden()
        bill_kept(page, number)
    line.cut()
    window.open(f"/bills/{line.bills[0]}")
    expect(page.locator(".amount")).to_contain_text("2,327")
    expect(page.locator("[data-kept]")).to_contain_text("2月28日 08:00 に開いたときの請求書です")
    colour = "getComputedStyle(document.querySelector('.btn')).borderTopStyle"
    assert page.evaluate(colour) == "solid", "its stylesheets are kept with it"
    window.open(f"/bills/{line.bills[1]}")
    expect(page.locator("h1")).to_have_text("いまは通信できません")
    page.click("[data-kept]")
    expect(page.locator(".amount")).to_contain_text("2,327")


@pytest.mark.parametrize(
    "leave",
    [
        lambda page: page.click("form[action='/logout'] button"),
        lambda page: page.click("[data-leave] button"),
    ],
    ids=["log out", "log out everywhere"],
)
def test_logging_out_leaves_nothing_for_the_next_reader(
    window: Window, line: Line, leave: Callable[[Page], None]
) -> None:
    page = window.page
    window.open(f"/bills/{line.bills[0]}")
    bill_kept(page, line.bills[0])
    window.open("/settings")
    leave(page)
    page.wait_for_url("**/login")
    assert page.evaluate("caches.keys()") in ([], ["offline"])
    line.cut()
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        window.open(f"/bills/{line.bills[0]}")


def test_who_is_no_longer_known_keeps_nothing(window: Window, line: Line) -> None:
    page = window.page
    window.open(f"/bills/{line.bills[0]}")
    bill_kept(page, line.bills[0])
    page.context.clear_cookies()
    window.open("/bills")
    expect(page).to_have_url(f"{window.site.url}/login")
    until(page, "caches.has('bill').then((has) => !has)")


def test_a_bill_is_kept_for_35_days_and_no_longer(window: Window, line: Line) -> None:
    page = window.page
    window.open(f"/bills/{line.bills[0]}")
    bill_kept(page, line.bills[0])
    page.evaluate(OLDER)
    line.cut()
    window.open(f"/bills/{line.bills[0]}")
    expect(page.locator("h1")).to_have_text("いまは通信できません")
    expect(page.locator("[data-kept]")).to_be_hidden()
    assert page.evaluate("caches.has('bill')") is False


def test_the_portal_can_be_installed_and_the_office_is_left_alone(
    window: Window, line: Line
) -> None:
    page = window.page
    told = page.evaluate("fetch('/manifest.webmanifest').then(r => r.json())")
    assert (told["start_url"], told["display"]) == ("/", "standalone")
    for icon in told["icons"]:
        assert page.evaluate(f"fetch('{icon['src']}').then(r => r.status)") == 200
    line.cut()
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        window.open("/office/login")
