"""What a browser needs to install the portal, and how little it has to fetch (ux.md §1)."""

import gzip
import json
import re

import pytest

from shared.paths import STATIC
from tests.pages import Browser
from tests.portal.conftest import Portal

FIRST_VIEW, WITH_CHART = 20_000, 80_000
LINKED = re.compile(r'(?:href|src)="/static/([^"?]+\.(?:css|js|svg|png))')


def test_the_service_worker_comes_from_the_top_and_is_asked_for_anew(portal: Portal) -> None:
    answer = portal.browser().get("/sw.js").answer
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(("lang", "name"), [("ja", "PPA料金照会"), ("en", "PPA Billing")])
def test_the_manifest_speaks_the_readers_language(portal: Portal, lang: str, name: str) -> None:
    answer = portal.browser().get(f"/manifest.webmanifest?lang={lang}").answer
    assert answer.mimetype == "application/manifest+json"
    told = json.loads(answer.data)
    assert (told["name"], told["lang"]) == (name, lang)
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}


def test_the_offline_page_names_nobody(portal: Portal) -> None:
    assert "顧客" not in portal.mine().get("/offline").text


@pytest.mark.parametrize("path", ["/", "/energy", "/bills/{bill}", "/bills/{bill}/why", "/login"])
def test_a_first_view_is_small_and_with_the_chart_not_large(portal: Portal, path: str) -> None:
    browser = portal.browser() if path == "/login" else portal.mine()
    size = first_view(browser, path.format(bill=portal.my_bill))
    assert size <= FIRST_VIEW
    chart = len(gzip.compress((STATIC / "vendor" / "chart.bars.js").read_bytes()))
    assert size + chart <= WITH_CHART


def first_view(browser: Browser, path: str) -> int:
    """Return the compressed bytes of a page and all that it names, also for print."""
    page = browser.get(path).text
    files = [(STATIC / name).read_bytes() for name in set(LINKED.findall(page))]
    return sum(len(gzip.compress(one)) for one in (page.encode(), *files))
