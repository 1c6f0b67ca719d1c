"""The fleet's pages in a real browser on the phone of who installs a device."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, a_window
from tests.browser.whole_office import PAGES, a_whole_office

DEVICES = ("gateways", "gateway", "meters", "meter")


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve homes of which one has a silent gateway, with a trial read that hints at a fault."""
    with a_whole_office(tmp_path_factory.mktemp("fleet")) as whole:
        yield whole.site


def test_the_fleets_pages_are_sound_on_a_phone(chromium: Browser, devices: Site) -> None:
    with chromium.new_context(viewport=PHONE, locale="ja-JP", reduced_motion="reduce") as context:
        window = a_window(context, devices)
        window.come_to_the_office()
        for path in [path for endpoint in DEVICES for path in PAGES[endpoint]]:
            window.open(f"/office/{path}")
            window.is_sound("light", "dark")


def test_an_installer_tries_a_device_on_the_phone_without_script(
    chromium: Browser, devices: Site
) -> None:
    with chromium.new_context(viewport=PHONE, java_script_enabled=False, locale="ja-JP") as context:
        window = a_window(context, devices)
        window.come_to_the_office()
        window.open("/office/gateways")
        window.page.click("text=Modbus")
        window.page.wait_for_url("**/office/gateways/1")
        window.page.click("text=試し読み")
        window.page.wait_for_selector("progress")
        assert window.page.locator("meta[http-equiv=refresh]").count() == 1
        assert "計器の向き" in window.page.inner_text("#asked")
