"""Coming in by a real OpenID provider, which the test runs beside the office."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

import app
from shared.db import make_engine
from shared.errors import InputRefused
from shared.models.doors import Operator
from tests.backoffice.conftest import Office
from tests.pages import Browser, Page
from tests.people import NOW, Clock, a_config, an_operator

CLAIMS = [
    {"sub": "one", "email": "Billing@example.jp", "email_verified": True},
    {"sub": "unverified", "email": "billing@example.jp", "email_verified": False},
    {"sub": "silent", "email": "billing@example.jp"},
    {"sub": "stranger", "email": "stranger@example.jp", "email_verified": True},
]
PATIENCE_S = 30


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Run an OpenID provider on a loopback port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = shutil.which("oidc-provider-mock", path=Path(sys.executable).parent)
    assert program is not None
    people = [part for one in CLAIMS for part in ("--user-claims", json.dumps(one))]
    with subprocess.Popen(
        [program, "--port", str(port), "--require-nonce", "true", *people],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    ) as provider:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        yield url
        provider.terminate()


def _wait_for(url: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            requests.get(f"{url}/.well-known/openid-configuration", timeout=5).raise_for_status()
        except requests.RequestException:
            assert time.monotonic() < until, "the provider does not begin"
        else:
            return


@pytest.fixture
def engine(sqlite_url: str) -> Engine:
    """Give a database with one operator."""
    engine = make_engine(sqlite_url)
    an_operator(engine, "billing")
    return engine


@pytest.fixture
def door(engine: Engine, issuer: str, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Give an office whose people may come in by the provider."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    config = a_config(
        PPA_OIDC_ISSUER=issuer, PPA_OIDC_CLIENT_ID="ppa", PPA_OIDC_CLIENT_SECRET="secret"
    )
    clock = Clock()
    made = app.create_app(config, "backoffice", engine=engine, clock=clock)
    return Office(made, engine, clock, 0, "", "")


def started(browser: Browser) -> str:
    """Begin a login and return where the browser is sent."""
    answer = browser.get("/office/login?oidc=start").answer
    assert answer.status_code == 302
    return answer.headers["Location"]


def answered(at: str, sub: str) -> str:
    """Consent at the provider as somebody; return our own address with the answer."""
    answer = requests.post(at, data={"sub": sub}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == "http://127.0.0.1:8000/office/login"
    return f"{back.path}?{back.query}"


def came_back(door: Office, sub: str) -> tuple[Browser, Page]:
    browser = door.browser()
    return browser, browser.get(answered(started(browser), sub))


def test_an_operator_whose_verified_mail_the_provider_knows_comes_in(door: Office) -> None:
    browser, page = came_back(door, "one")
    assert "billing@example.jp" in page.text
    assert browser.get("/office/").status == 303, "a GET lets nobody in"
    answer = browser.post("/office/login", {"vouched": "1"}).answer
    assert answer.headers["Location"] == "/office/"
    assert browser.get("/office/").status == 200


def test_nobody_is_let_in_without_the_providers_word_or_long_after_it(door: Office) -> None:
    assert door.browser().post("/office/login", {"vouched": "1"}).status == 422
    browser, _ = came_back(door, "one")
    door.clock.forward(minutes=6)
    assert browser.post("/office/login", {"vouched": "1"}).status == 422


def test_the_request_carries_state_nonce_and_a_pkce_challenge(door: Office) -> None:
    asked = parse_qs(urlsplit(started(door.browser())).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/office/login"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)


@pytest.mark.parametrize("sub", ["unverified", "silent", "stranger"])
def test_nobody_else_comes_in(door: Office, sub: str) -> None:
    browser, page = came_back(door, sub)
    assert page.status == 422
    assert browser.get("/office/").status == 303


def test_a_disabled_operator_stays_out(door: Office) -> None:
    with Session(door.engine) as session, session.begin():
        session.execute(update(Operator).values(disabled_at=NOW))
    assert came_back(door, "one")[1].status == 422


def test_a_forged_state_is_a_page_that_says_so(door: Office) -> None:
    browser = door.browser()
    back = answered(started(browser), "one")
    page = browser.get(back.replace("state=", "state=forged"))
    assert page.status == 400
    assert page.heading() == "送信を受け取れませんでした"
    assert door.browser().get(back).status == 400, "another browser's answer"


def test_an_answer_counts_once(door: Office) -> None:
    browser = door.browser()
    back = answered(started(browser), "one")
    assert browser.get(back).status == 200
    assert browser.get(back).status == 400
    assert Browser(door.app).get(back).status == 400


def test_a_refusal_at_the_provider_leads_back_to_the_login(door: Office) -> None:
    browser = door.browser()
    state = parse_qs(urlsplit(started(browser)).query)["state"][0]
    assert browser.get(f"/office/login?error=access_denied&state={state}").status == 422


def test_the_login_offers_the_provider_only_where_it_is_set(door: Office, engine: Engine) -> None:
    assert "会社のアカウントでログイン" in door.browser().get("/office/login").text
    plain = app.create_app(a_config(), "backoffice", engine=engine, clock=Clock())
    assert "会社のアカウント" not in Browser(plain).get("/office/login").text
    assert Browser(plain).get("/office/login?oidc=start").status == 200


def test_a_part_of_the_settings_is_refused_by_name(engine: Engine) -> None:
    config = a_config(PPA_OIDC_ISSUER="https://id.example.jp")
    with pytest.raises(InputRefused, match="PPA_OIDC_CLIENT_ID, PPA_OIDC_CLIENT_SECRET"):
        app.create_app(config, "backoffice", engine=engine, clock=Clock())
