"""Every page in a real browser: phone and desk, light and dark, with script and without."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESK, PHONE, Site, a_window
from tests.people import CODES

Scheme = Literal["dark", "light"]
PORTAL = ["/", "/bills", "/bills/{bill}", "/bills/{bill}/why", "/contract", "/help", "/privacy"]
OFFICE = [
    "/",
    "/invoices",
    "/invoices/{bill}",
    "/customers",
    "/customers/new",
    "/customers/import",
    "/customers/1120220110",
    "/customers/1120220110/edit",
    "/customers/1120220110/invoices",
    "/messages",
    "/holds",
    "/runs",
    "/operators",
    "/audit",
    "/settings",
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_offices_pages_are_sound_on_a_desk(
    chromium: Browser, site: Site, scheme: Scheme
) -> None:
    with chromium.new_context(viewport=DESK, color_scheme=scheme, locale="ja-JP") as context:
        window = a_window(context, site)
        window.open("/office/login")
        window.is_sound()
        window.come_to_the_office()
        for path in OFFICE:
            window.open("/office" + path.format(bill=site.bill))
            window.is_sound()


def test_english_fits_too(chromium: Browser, site: Site) -> None:
    with chromium.new_context(viewport=PHONE, locale="en-US") as context:
        window = a_window(context, site)
        window.come_home()
        for path in PORTAL:
            window.open(path.format(bill=site.bill))
            window.is_sound()


def test_the_first_screen_of_a_phone_answers_the_four_questions(
    chromium: Browser, site: Site
) -> None:
    with chromium.new_context(viewport={"width": 360, "height": 640}, locale="ja-JP") as context:
        window = a_window(context, site)
        window.come_home()
        for place in (".amount", ".tag", ".ruler", ".pair", ".notice"):
            box = window.page.locator(f".now {place}").bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 640 - 56, place


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
