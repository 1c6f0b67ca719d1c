"""A clerk's month at a desk: run, settled, issued, corrected, with script and without."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import app
from shared import schema
from shared.db import make_engine
from shared.invoices.running import Worker, work_on
from shared.invoices.runs import find_runs
from shared.verify import verify
from tests.backoffice.months import READ, SILENT, UNDATED, three_homes
from tests.browser.conftest import DESK, Site, Window, a_window, serving
from tests.data.homes import opener, the_bill
from tests.people import PASSWORD, Clock, a_config, an_operator

SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


@dataclass(slots=True)
class Desk:
    """A site with three homes, and the hands that do what its pages ask for."""

    site: Site
    engine: Engine
    clock: Clock

    def work(self) -> None:
        """Do the newest run."""
        with Session(self.engine) as session:
            (run, *_) = find_runs(session, 1)
        assert work_on(Worker(opener(self.engine), self.clock), run.id)

    def state(self, invoice_no: str) -> str:
        """Return a bill's state."""
        return str(the_bill(self.engine, invoice_no)["state"])


@contextmanager
def a_desk(folder: Path) -> Iterator[Desk]:
    """Serve three homes whose December is issued; a price of one was recorded too late."""
    engine, clock = make_engine(f"sqlite:///{folder / 'ppa.sqlite3'}"), Clock()
    schema.upgrade(engine)
    an_operator(engine, "admin")
    three_homes(engine)
    with serving(app.create_site(a_config(), engine=engine, clock=clock)) as port:
        yield Desk(Site(f"http://127.0.0.1:{port}", f"2312{READ}"), engine, clock)
    engine.dispose()


def saved(window: Window, click: str) -> str:
    """Click what saves a file; return the file's text."""
    with window.page.expect_download() as download:
        window.page.click(click)
    return Path(download.value.path()).read_text("utf-8-sig")


def run(desk: Desk, page: Page, verb: str, *, script: bool) -> None:
    """Press a run's button, see its bar, let it be done, and see the page come anew."""
    page.click(f"form[action$='/{verb}'] button")
    expect(page.locator("progress")).to_be_visible()
    desk.work()
    if not script:
        page.click("[data-progress] a")
    expect(page.locator("progress")).to_have_count(0, timeout=10_000)


@SCRIPT
def test_a_month_with_two_holds_is_closed_settled_issued_and_corrected(
    chromium: Browser, tmp_path: Path, *, script: bool
) -> None:
    with (
        a_desk(tmp_path) as desk,
        chromium.new_context(viewport=DESK, java_script_enabled=script, locale="ja-JP") as context,
    ):
        window = a_window(context, desk.site)
        page = window.page
        window.come_to_the_office()
        try_and_close(desk, window, script=script)
        decide_the_proposal(desk, window)
        settle_the_holds(desk, window)
        issue(desk, window, script=script)
        take_one_back(desk, window)
        page.goto(f"{desk.site.url}/office/books?month=2023-12")
        books = saved(window, "a[href^='/office/books.csv']")
        assert [line.split(",")[1] for line in books.splitlines()[1:]].count("訂正") == 1
        assert [one for one in window.complaints if "422" not in one] == []
        with Session(desk.engine) as session:
            assert verify(session) == []


def try_and_close(desk: Desk, window: Window, *, script: bool) -> None:
    """Try January, look at what was found, and close it."""
    page = window.page
    window.open("/office/runs")
    page.click("form[action$='/runs/open'] button")
    run(desk, page, "dry", script=script)
    expect(page.locator("h1")).to_have_text("2024年1月分の請求")
    expect(page.locator(".steps [aria-current=step] b")).to_have_text("確認")
    expect(page.locator(".runbar")).to_contain_text("要確認 3 件")
    run(desk, page, "close", script=script)
    assert desk.state(f"2401{UNDATED}") == desk.state(f"2401{SILENT}") == "held"


def decide_the_proposal(desk: Desk, window: Window) -> None:
    """Accept the correction of December, and let January follow."""
    page = window.page
    window.open("/office/")
    page.click(".todo a[href='/office/proposals']")
    expect(page.locator(".proposal")).to_contain_text("2,327 → 2,413")
    page.fill(f"#f-2312{READ}", "単価の登録漏れ")
    page.click("form[action$='/accept'] button.is-primary")
    expect(page.locator("main > .notice")).to_contain_text(f"訂正 2312{READ}-2 を発行しました")
    assert desk.state(f"2312{READ}") == "void"
    window.open("/office/runs/2024-01")
    page.click("form[action$='/dry'] button")
    desk.work()
    window.open("/office/runs/2024-01")
    page.click("form[action$='/close'] button")
    desk.work()
    assert desk.state(f"2401{READ}") == "closed"


def settle_the_holds(desk: Desk, window: Window) -> None:
    """Release both months of one home by a word, and type the registers of another."""
    page = window.page
    window.open("/office/holds?reason=contract_missing")
    for tick in page.locator("[name=tick]").all():
        tick.check()
    page.fill("#f-reason", "契約書の作成待ち")
    page.click(".runbar .is-primary")
    expect(page.locator("main")).to_contain_text("2 件のうち 2 件をしました")
    window.open("/office/holds")
    page.click(".deeds a")
    for channel, kwh in (("pv", "876.24"), ("export", "653.88")):
        page.select_option("#f-register-channel", channel)
        page.fill("#f-register-kwh", kwh)
        page.fill("#f-register-reason", "現地で読んだ")
        page.click("form:has(#f-register-kwh) .is-primary")
        expect(page.locator(".preview")).to_contain_text(f"{kwh}0 kWh")
        page.click(".preview [name=save]")
        window.open(f"/office/invoices/2401{SILENT}/edit")
    assert desk.state(f"2401{SILENT}") == "closed"


def issue(desk: Desk, window: Window, *, script: bool) -> None:
    """Issue the bill of December that is left, then January."""
    page = window.page
    window.open(f"/office/invoices?state=closed&q=2312{UNDATED}")
    page.locator("[name=picked]").check()
    page.click("[formaction='/office/issue']")
    page.click("main form[method=post] .is-primary")
    expect(page.locator("main")).to_contain_text("1 件のうち 1 件をしました")
    window.open("/office/runs/2024-01")
    run(desk, page, "issue", script=script)
    states = {number: desk.state(f"2401{number}") for number in (READ, UNDATED, SILENT)}
    assert set(states.values()) == {"issued"}, states


def take_one_back(desk: Desk, window: Window) -> None:
    """Void a bill with a reason and the own password, wrong at first."""
    page = window.page
    window.open(f"/office/invoices/2401{UNDATED}")
    for password in ("wrong", PASSWORD):
        page.fill("#f-reason", "二重の契約")
        page.fill("#f-password", password)
        page.click("#void button")
        wrong = page.locator("#h-password")
        expect(wrong).to_have_count(1 if password == "wrong" else 0)
    assert desk.state(f"2401{UNDATED}") == "void"
    expect(page.locator(".next")).to_contain_text("二重の契約")
