"""Every page in a real browser: phone and desk, light and dark, with script and without."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESK, PHONE, Site, a_window
from tests.people import CODES

Scheme = Literal["dark", "light"]
PORTAL = [
    "/",
    "/energy",
    "/energy?view=day",
    "/energy?view=year",
    "/energy?at=2024-01",
    "/bills",
    "/bills/{bill}",
    "/bills/{bill}/why",
    "/contract",
    "/notices",
    "/settings",
    "/help",
    "/privacy",
    "/offline",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_homeowners_pages_are_sound_on_a_phone(
    chromium: Browser, site: Site, scheme: Scheme, *, script: bool
) -> None:
    with chromium.new_context(
        viewport=PHONE, color_scheme=scheme, java_script_enabled=script, locale="ja-JP"
    ) as context:
        window = a_window(context, site)
        window.open("/login")
        if script:
            window.is_sound()
        window.come_home()
        for path in PORTAL:
            window.open(path.format(bill=site.bill))
            expect(window.page.locator("h1")).to_have_count(1)
            if script:
                window.is_sound()


def test_a_mailed_link_is_sound_open_and_closed(chromium: Browser, site: Site) -> None:
    with chromium.new_context(viewport=PHONE, locale="ja-JP") as context:
        window = a_window(context, site)
        window.open(site.link)
        window.is_sound()
        window.page.click("main form button")
        window.page.wait_for_url(f"**/bills/{site.bill}")
        window.is_sound()
        window.page.context.clear_cookies()
        window.page.goto(f"{site.url}/b/closed")
        assert "404" in window.complaints.pop()
        window.is_sound()


@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_address_is_confirmed_on_a_phone_that_nobody_signed_in_on(
    chromium: Browser, site: Site, scheme: Scheme, locale: str
) -> None:
    with chromium.new_context(viewport=PHONE, color_scheme=scheme, locale=locale) as context:
        window = a_window(context, site, refused=True)
        window.open(site.address_link)
        window.is_sound()
        window.page.fill("#f-customer_no", "1")
        window.page.click("main form button")
        expect(window.page.locator("#f-customer_no")).to_have_attribute("aria-invalid", "true")
        window.is_sound()
        window.page.fill("#f-customer_no", "1120220110")
        window.page.click("main form button")
        window.is_sound()
        window.come_home()
        window.open(site.address_link)
        expect(window.page.locator("#f-customer_no")).to_have_count(0)
        window.is_sound()


def test_english_fits_too(chromium: Browser, site: Site) -> None:
    with chromium.new_context(viewport=PHONE, locale="en-US") as context:
        window = a_window(context, site)
        window.come_home()
        for path in PORTAL:
            window.open(path.format(bill=site.bill))
            window.is_sound()


@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_the_first_screen_of_a_phone_answers_the_four_questions(
    chromium: Browser, site: Site, locale: str
) -> None:
    with chromium.new_context(viewport={"width": 360, "height": 640}, locale=locale) as context:
        window = a_window(context, site)
        window.come_home()
        page = window.page
        nav = page.locator(".nav").bounding_box()
        assert nav is not None
        places = (".amount", ".tag", ".month span", ".ruler", ".split svg", ".used dd", ".sold dd")
        for place in (*places, ".notice", ".fresh"):
            box = page.locator(f".now {place}").first.bounding_box()
            assert box is not None, place
            assert box["x"] >= 0, place
            assert box["x"] + box["width"] <= 360, place
            assert box["y"] >= 0, place
            assert box["y"] + box["height"] <= nav["y"], place
        size = "parseFloat(getComputedStyle(document.querySelector('.amount')).fontSize)"
        assert page.evaluate(size) >= 32


def test_a_pasted_code_loses_its_spaces_and_fills_the_cells(chromium: Browser, site: Site) -> None:
    with chromium.new_context(viewport=PHONE, locale="ja-JP") as context:
        window = a_window(context, site)
        window.open("/login")
        code = CODES["1120220110"]
        spaced = " ".join(code[n : n + 4] for n in range(0, 16, 4))
        window.page.locator("#code").press_sequentially(spaced)
        expect(window.page.locator("#code")).to_have_value(code)
        expect(window.page.locator("[data-typed]")).to_have_text("16")
        window.page.keyboard.press("Enter")
        expect(window.page.locator("h1")).to_contain_text("今月の料金")


def test_a_chart_is_drawn_from_its_table_when_it_comes_into_view(
    chromium: Browser, site: Site
) -> None:
    with chromium.new_context(viewport=PHONE, locale="ja-JP") as context:
        window = a_window(context, site)
        window.come_home()
        window.open(f"/bills/{site.bill}")
        asked = "performance.getEntriesByType('resource').some(e => e.name.includes('chart.bars'))"
        assert window.page.evaluate(asked) is False
        window.page.locator("[data-plot]").scroll_into_view_if_needed()
        expect(window.page.locator("[data-plot] canvas")).to_be_visible()
        expect(window.page.locator("[data-readout-label]")).to_have_text("2/15(木)")
        expect(window.page.locator("[data-readout-used]")).to_have_text("2.78")


def test_the_slash_goes_to_the_search(chromium: Browser, site: Site) -> None:
    with chromium.new_context(viewport=DESK, locale="ja-JP") as context:
        window = a_window(context, site)
        window.come_to_the_office()
        window.open("/office/invoices")
        window.page.keyboard.press("/")
        expect(window.page.locator("#q")).to_be_focused()


@pytest.mark.parametrize("path", ["/bills/{bill}", "/bills/{bill}/why"])
def test_a_bill_on_paper_is_dark_on_white_with_its_table_and_nothing_to_press(
    chromium: Browser, site: Site, path: str
) -> None:
    with chromium.new_context(color_scheme="dark", locale="ja-JP") as context:
        window = a_window(context, site)
        window.come_home()
        window.open(path.format(bill=site.bill))
        page = window.page
        page.emulate_media(media="print")
        for pressed in (".nav", ".out", ".canvas", ".foot"):
            assert not any(one.is_visible() for one in page.locator(pressed).all()), pressed
        paper = "getComputedStyle(document.querySelector('main')).backgroundColor"
        assert page.evaluate(paper) == "rgb(255, 255, 255)"
        if "why" not in path:
            expect(page.locator(".days tfoot")).to_be_visible()
        assert len(page.pdf(format="A4")) > 10_000


def test_a_swipe_and_the_arrows_lead_through_the_months(chromium: Browser, site: Site) -> None:
    with chromium.new_context(viewport=PHONE, has_touch=True, locale="ja-JP") as context:
        window = a_window(context, site)
        window.come_home()
        window.open("/energy?at=2024-01")
        page = window.page
        page.click("[data-step=before]")
        page.wait_for_url("**at=2023-12")  # and for its scripts: one of them feels the swipe
        expect(page.locator(".when b")).to_have_text("2023年12月")
        page.evaluate(SWIPE)
        expect(page.locator(".when b")).to_have_text("2024年1月")


SWIPE = """() => {
  const area = document.querySelector('[data-swipe] .kinds');
  const at = (clientX) => new Touch({ identifier: 1, target: area, clientX, clientY: 90 });
  const send = (kind, touch) => area.dispatchEvent(new TouchEvent(kind, {
    bubbles: true, touches: kind === 'touchstart' ? [touch] : [], changedTouches: [touch] }));
  send('touchstart', at(300));
  send('touchend', at(100));
}"""
