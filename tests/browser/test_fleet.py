"""The fleet's pages in a real browser: on the desk, and on the phone of who installs a device."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser
from sqlalchemy.orm import Session

import app
from shared import schema
from shared.db import make_engine
from shared.fleet.requests import Kind, ask, end
from shared.models.gateways import Feed, Gateway, Poll
from shared.models.telemetry import Channel
from tests.browser.conftest import DESK, PHONE, Site, a_window, serving
from tests.people import NOW, Clock, a_bill, a_config, a_home, an_operator

PAGES = ("/gateways", "/gateways/1", "/meters", "/meters/1120220110/pv")
NOTES = {
    "rows": [
        {"channel": "pv", "wh": 5_000, "outcome": "ok", "error": None, "hint": "direction"},
        {"channel": "export", "wh": None, "outcome": "meter_silent", "error": "no answer"},
    ],
    "found": [{"source": "export", "wh": 5_000, "outcome": "ok"}],
}


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a home whose gateway is silent, with a trial read that hints at a wrong direction."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('fleet') / 'ppa.sqlite3'}")
    schema.upgrade(engine)
    an_operator(engine, "admin")
    bill = a_bill(engine, a_home(engine))
    with Session(engine) as session, session.begin():
        a_silent_gateway(session)
    with serving(app.create_site(a_config(), engine=engine, clock=Clock())) as port:
        yield Site(f"http://127.0.0.1:{port}", bill)
    engine.dispose()


def a_silent_gateway(session: Session) -> None:
    gateway = Gateway(
        site_id=1, driver="modbus", address="10.0.0.5:502", profile="dzg", failures=4,
        last_ok_at=NOW - 200_000,
    )  # fmt: skip
    session.add(gateway)
    session.flush()
    for quantity in ("pv", "export"):
        channel = Channel(site_id=1, quantity=quantity)
        session.add(channel)
        session.flush()
        session.add(Feed(channel_id=channel.id, gateway_id=gateway.id))
    session.add(
        Poll(
            gateway_id=gateway.id, slot=NOW - 600, tries=1, tried_at=NOW - 600, settled=1,
            outcome="meter_silent",
        )
    )  # fmt: skip
    number = ask(session, gateway.id, Kind.READ, ("test", NOW - 900))
    end(session, number, NOW - 880, NOTES)


@pytest.mark.parametrize(
    ("view", "scheme"), [("desk", "light"), ("desk", "dark"), ("phone", "light")]
)
def test_the_fleets_pages_are_sound(
    chromium: Browser, devices: Site, view: str, scheme: Literal["light", "dark"]
) -> None:
    locale = "en-US" if scheme == "dark" else "ja-JP"
    with chromium.new_context(
        viewport=PHONE if view == "phone" else DESK, color_scheme=scheme, locale=locale
    ) as context:
        window = a_window(context, devices)
        window.come_to_the_office()
        for path in PAGES:
            window.open("/office" + path)
            window.is_sound()


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
