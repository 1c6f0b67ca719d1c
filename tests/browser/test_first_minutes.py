"""What a homeowner and a clerk do in their first five minutes, with script and without."""

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, PHONE, Site, Window, a_window
from tests.people import PASSWORD

SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


def saved(window: Window, click: str) -> str:
    """Click what saves a file; return the file's text."""
    with window.page.expect_download() as download:
        window.page.click(click)
    return Path(download.value.path()).read_text("utf-8-sig")


@SCRIPT
@pytest.mark.parametrize(
    ("locale", "scheme"),
    [("ja-JP", "light"), ("ja-JP", "dark"), ("en-US", "light"), ("en-US", "dark")],
)
def test_a_homeowner_goes_from_the_code_to_the_readings_and_out(
    chromium: Browser, site: Site, locale: str, scheme: Literal["light", "dark"], *, script: bool
) -> None:
    with chromium.new_context(
        viewport=PHONE, java_script_enabled=script, has_touch=True, locale=locale,
        color_scheme=scheme,
    ) as context:  # fmt: skip
        window = a_window(context, site)
        page = window.page
        window.come_home()
        expect(page.locator(".amount").first).to_contain_text("1,482")
        page.tap("nav a[href='/energy']")
        page.tap("a[href*='by=calendar']")
        expect(page.locator(".by [aria-current]")).to_have_attribute("href", re.compile("calendar"))
        page.tap("nav a[href='/bills']")
        page.tap(f"a[href='/bills/{site.bill}']")
        shown = total(page, site.bill)
        page.tap(f"a[href='/bills/{site.bill}/why']")
        assert total(page, site.bill) == shown == "2327"
        expect(page.locator(".reads .v").first).to_have_text("12,845.318")
        page.go_back()
        days = saved(window, f"a[href='/bills/{site.bill}.csv']")
        assert days.startswith("利用日,発電量(kWh)")
        page.tap("form[action='/logout'] button")
        expect(page).to_have_url(site.url + "/login")
        window.open("/")
        expect(page).to_have_url(site.url + "/login")
        assert window.complaints == []


def total(page: Page, invoice_no: str) -> str | None:
    """Return a bill's total as the page carries it."""
    found = page.locator(f"data[data-invoice='{invoice_no}'][data-field=total_yen]")
    return found.first.get_attribute("value")


@SCRIPT
def test_a_clerk_registers_finds_reveals_and_lists(
    chromium: Browser, site: Site, *, script: bool
) -> None:
    number = "20249001" if script else "20249002"
    with chromium.new_context(viewport=DESK, java_script_enabled=script, locale="ja-JP") as context:
        window = a_window(context, site)
        page = window.page
        window.come_to_the_office()
        expect(page.locator("h1")).to_have_text("今日の仕事")
        registered(page, window, number)
        window.open(f"/office/customers?q=コキヤク{number[-4:]}")
        page.click(f"a[href='/office/customers/11{number}']")
        page.fill("#f-show", PASSWORD)
        page.click("form[action$='/code'] button")
        expect(page.locator("main")).to_contain_text("認証コード")
        window.open("/office/invoices?state=held")
        expect(page.locator("h1")).to_have_text("請求書")
        listed = saved(window, "a[href*='/office/invoices.csv']")
        assert listed.startswith("利用月,請求番号")
        assert "要確認" in listed
        assert "発行済" not in listed
        window.open("/office/holds")
        expect(page.locator("h1")).to_have_text("要確認")
        # The browser notes the refused form's 422 by itself.
        assert [line for line in window.complaints if "422" not in line] == []


def registered(page: Page, window: Window, number: str) -> None:
    """Register a customer after one mistake, which keeps what was typed."""
    window.open("/office/customers/new")
    for field, text in {
        "customer_no": number,
        "name": f"顧客{number[-4:]}",
        "kana": f"コキヤク{number[-4:]}",
        "contract_from": "2024-02-16",
        "base_fee": "980",
        "export_price": "16.00",
        "use_price": "27.00",
        "email": "x@example",
    }.items():
        page.fill(f"[name={field}]", text)
    page.click("main form button[type=submit]")
    expect(page.locator("[name=email]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name=name]")).to_have_value(f"顧客{number[-4:]}")
    page.fill("[name=email]", f"11{number}@example.jp")
    page.click("main form button[type=submit]")
    expect(page.locator("h1")).to_contain_text(f"顧客{number[-4:]}")
