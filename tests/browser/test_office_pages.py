"""Every page of the office before axe: both languages, light and dark, on a desk and a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route

from tests.backoffice.months import READ, UNDATED
from tests.browser.conftest import DESK, PHONE, a_window
from tests.browser.whole_office import (
    FILES,
    HELD,
    ISSUED,
    PAGES,
    WholeOffice,
    a_whole_office,
)
from tests.people import PASSWORD

WRITTEN = {
    f"customers/{READ}/edit": "[name=kana]",
    f"customers/{READ}": "[name=note_body]",
    f"customers/{READ}/move": "[name=name]",
    f"customers/{READ}/leave": "[name=last_day]",
    f"invoices/{HELD}/edit": "#f-register-kwh",
    f"invoices/2401{UNDATED}": "#f-release",
    f"invoices/{ISSUED}": "#f-unpaid, #f-paid",
    f"meters/{READ}/pv": "[name=serial]",
    "holds": "#f-reason",
    "proposals": f"#f-{ISSUED}",
    "messages": "[name=title]",
    "settings": "[name=operator_name]",
}
"""A page, and a field of one of its forms."""
PRIMARY = "main form[method=post] .is-primary"
UNCHECKED = "document.querySelectorAll('form').forEach((form) => { form.noValidate = true; })"
KWH_FORM = "form:has(#f-register-kwh) .is-primary"
ELSEWHERE = {"healthz", "static"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeOffice]:
    """Give the office that has something to show everywhere."""
    with a_whole_office(tmp_path_factory.mktemp("whole")) as whole:
        yield whole


def test_every_get_of_the_office_is_looked_at_or_no_page(whole: WholeOffice) -> None:
    routes = [rule for rule in whole.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    shown = {rule.endpoint.removeprefix("office.") for rule in routes} - ELSEWHERE
    assert shown == {*PAGES, *FILES}
    assert not FILES & set(PAGES)


def without_script(route: Route) -> None:
    """Answer for a script as if it were empty, so that the page is on its own."""
    route.fulfill(body="", content_type="text/javascript")


@pytest.mark.parametrize("script", [True, False], ids=["phone, script", "desk, no script"])
@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_every_page_of_the_office_is_sound(
    chromium: Browser, whole: WholeOffice, locale: str, *, script: bool
) -> None:
    size = PHONE if script else DESK  # on a phone a wide table is in a box that a script can focus
    with chromium.new_context(viewport=size, locale=locale, reduced_motion="reduce") as context:
        window = a_window(context, whole.site)
        if not script:
            window.page.route("**/*.js", without_script)
            window.drawn = False
        for path in ("login", f"login?link={whole.link}"):
            window.open(f"/office/{path}")
            window.is_sound("light", "dark")
        window.come_to_the_office()
        for path in [path for paths in PAGES.values() for path in paths if "link" not in path]:
            window.open(f"/office/{path}")
            window.is_sound("light", "dark")


ANSWERS = [
    ("nothing", {}, ""),
    (f"invoices/{HELD}/edit", {"#f-register-kwh": "876.24", "#f-register-reason": "1"}, KWH_FORM),
    (f"invoices/{HELD}/edit", {"#f-register-kwh": "x", "#f-register-reason": "1"}, KWH_FORM),
    ("holds", {"#f-reason": "1"}, ".runbar .is-primary"),
    (f"invoices/{ISSUED}", {"#f-reason": "1", "#f-password": "wrong"}, "#void button"),
    (f"customers/{READ}", {"#f-show": PASSWORD}, "form[action$='/code'] button"),
    (f"customers/{READ}", {"#f-show": "wrong"}, "form[action$='/code'] button"),
    (f"customers/{READ}/edit", {"[name=use_price]": "x"}, PRIMARY),
    (f"customers/{READ}/edit", {"[name=use_price]": "30"}, PRIMARY),
    (f"customers/{READ}/leave", {"[name=last_day]": "2024-04-15"}, PRIMARY),
    (f"customers/{READ}/move", {"[name=customer_no]": "20240002", "[name=name]": "x"}, PRIMARY),
    ("customers/new", {"[name=customer_no]": "1"}, PRIMARY),
    ("operators/2", {"#p-link": PASSWORD}, "form[action$='/link'] button"),
    ("settings", {"[name=due_day]": "99"}, PRIMARY),
    ("codes", {"#f-password": "wrong"}, "main form button"),
    (f"resend?picked={ISSUED}", {}, PRIMARY),
]
"""A page, what is written into it, and the button whose answer is a page of its own."""


@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_what_forms_are_answered_with_is_sound(
    chromium: Browser, whole: WholeOffice, locale: str
) -> None:
    with chromium.new_context(viewport=DESK, locale=locale, reduced_motion="reduce") as context:
        window = a_window(context, whole.site, refused=True)
        questions(window.page)
        window.come_to_the_office()
        for path, fields, button in ANSWERS:
            window.open(f"/office/{path}")
            window.page.evaluate(
                "document.querySelectorAll('form').forEach(f => f.noValidate = true)"
            )
            for field, text in fields.items():
                window.page.fill(field, text)
            if button:
                window.page.click(button)
            window.is_sound("light", "dark")


def questions(page: Page) -> list[str]:
    """Say yes to what the browser asks, and return the list in which that is noted."""
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    return asked


def test_what_was_written_and_not_sent_is_asked_about_before_it_is_left(
    chromium: Browser, whole: WholeOffice
) -> None:
    with chromium.new_context(viewport=DESK, locale="ja-JP") as context:
        window = a_window(context, whole.site)
        page, asked = window.page, questions(window.page)
        window.come_to_the_office()
        for path, field in WRITTEN.items():
            window.open(f"/office/{path}")
            page.click("nav.rail a[href='/office/runs']")
            assert asked == [], path
            window.open(f"/office/{path}")
            place = page.locator(field)
            place.fill("2024-02-01" if place.get_attribute("type") == "date" else "1")
            page.click("nav.rail a[href='/office/runs']")
            assert asked == ["beforeunload"], path
            asked.clear()


def test_ticks_of_a_list_are_left_unasked_and_what_has_an_error_is_not(
    chromium: Browser, whole: WholeOffice
) -> None:
    with chromium.new_context(viewport=DESK, locale="ja-JP") as context:
        window = a_window(context, whole.site)
        page, asked = window.page, questions(window.page)
        window.come_to_the_office()
        window.open("/office/holds")
        page.locator("[name=tick]").first.check()
        page.check("[name=every]")
        page.click("nav.rail a[href='/office/messages']")
        assert asked == []
        page.fill("[name=title]", "点検")
        page.fill("[name=body]", "うかがいます")
        page.fill("[name=from_day]", "2024-02-02")
        page.fill("[name=until_day]", "2024-02-01")
        page.click("main form button.is-primary")
        assert asked == []
        page.click("nav.rail a[href='/office/holds']")
        assert asked == ["beforeunload"]
