"""Text at twice its size: nothing is cut off, nothing lies over something else."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.conftest import PHONE, Site, a_chromium, a_window
from tests.browser.test_pages import PORTAL

COLLISIONS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const box = node.parentElement;
    if (!node.textContent.trim() || box.closest('.sr, .skip, .nav, .code, .scroll, svg')) continue;
    if (!box.checkVisibility({ contentVisibilityAuto: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      lines.push({ left: left + 1, right: right - 1, middle: (top + bottom) / 2,
        half: (bottom - top) * 0.3, text: node.textContent.trim().slice(0, 30) });
    }
  }
  const found = [];
  lines.forEach((one, n) => lines.slice(n + 1).forEach((other) => {
    const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const down = one.half + other.half - Math.abs(one.middle - other.middle);
    if (across > 1 && down > 1) found.push(`${one.text} / ${other.text}`);
  }));
  const wide = document.documentElement.clientWidth;
  for (const { left, right, text } of lines) {
    const isOut = right > wide + 1 || left < -1;
    if (isOut) found.push(`cut off: ${text}`);
  }
  return found;
}"""


TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter((one) => !one.closest('.scroll'))
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .slice(0, 5).map((one) => one.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def large(playwright: Playwright) -> Iterator[Browser]:
    """Give a browser whose reader set text to 200 %."""
    browser = a_chromium(playwright, "--blink-settings=defaultFontSize=32")
    yield browser
    browser.close()


def fits(page: Page) -> None:
    """Find nothing too wide, cut off or covered on a page."""
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert over == 0, f"{page.url}: {over} px too wide: {page.evaluate(TOO_WIDE)}"
    assert page.evaluate(COLLISIONS) == [], page.url


@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_at_200_percent_nothing_is_cut_off_or_covered(
    large: Browser, site: Site, locale: str
) -> None:
    with large.new_context(viewport=PHONE, locale=locale) as context:
        window = a_window(context, site)
        window.open("/login")
        assert window.page.evaluate("getComputedStyle(document.body).fontSize") == "32px"
        fits(window.page)
        window.come_home()
        for path in PORTAL:
            window.open(path.format(bill=site.bill))
            fits(window.page)


def test_the_largest_text_of_the_settings_fits_as_well(chromium: Browser, site: Site) -> None:
    with chromium.new_context(viewport=PHONE, locale="ja-JP") as context:
        window = a_window(context, site)
        window.come_home()
        window.open("/settings")
        window.page.click("button[value=larger]")
        window.page.wait_for_selector("html.is-larger")
        for path in PORTAL:
            window.open(path.format(bill=site.bill))
            fits(window.page)
