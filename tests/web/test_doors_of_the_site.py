"""What holds for every path of both surfaces: headers, guards, languages, bad input."""

import pytest

import app
from shared.db import make_engine
from tests.people import CODES, PASSWORD, Clock, a_config
from tests.web.conftest import Site

PUBLIC = [
    "/login", "/help", "/privacy", "/healthz", "/static/css/base.css", "/robots.txt", "/offline",
    "/manifest.webmanifest", "/sw.js",
]  # fmt: skip
HTTPS = {"PPA_BASE_URL": "https://ppa.example.jp"}


@pytest.mark.parametrize("path", [*PUBLIC, "/office/login", "/office/", "/", "/nothing", "/logout"])
def test_every_answer_carries_the_headers(site: Site, path: str) -> None:
    headers = site.browser(**HTTPS).get(path).answer.headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "X-Powered-By" not in headers


@pytest.mark.parametrize("path", PUBLIC)
def test_public_paths_need_no_session(site: Site, path: str) -> None:
    assert site.browser().get(path).status == 200


@pytest.mark.parametrize("path", ["/", "/bills", "/nothing", "/admin.php", "/logout"])
def test_all_other_paths_lead_to_the_login(site: Site, path: str) -> None:
    answer = site.browser().get(path).answer
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


def test_a_signed_in_reader_is_told_what_does_not_exist(site: Site) -> None:
    browser = site.browser()
    browser.post("/login", {"code": CODES["1120220110"]})
    assert browser.get("/nothing").status == 404
    assert browser.get("/").answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("surfaces", "path"),
    [
        ("portal", "/office/login"),
        ("portal", "/office/"),
        ("backoffice", "/login"),
        ("backoffice", "/"),
    ],
)
def test_a_surface_that_is_off_has_no_pages(site: Site, surfaces: str, path: str) -> None:
    browser = site.browser(PPA_SURFACES=surfaces)
    assert browser.get(path).status == 404
    assert browser.get("/healthz").status == 200
    assert browser.get("/static/css/base.css").status == 200


def test_one_browser_holds_both_surfaces_with_two_cookies(site: Site) -> None:
    browser = site.browser()
    browser.post("/login", {"code": CODES["1120220110"]})
    browser.post("/office/login", {"email": "admin@example.jp", "password": PASSWORD})
    assert browser.get("/").status == browser.get("/office/").status == 200
    browser.post("/logout")
    assert browser.get("/").status == 303
    assert browser.get("/office/").status == 200


def test_a_session_of_one_surface_is_none_of_the_other(site: Site) -> None:
    browser = site.browser()
    browser.post("/login", {"code": CODES["1120220110"]})
    cookie = browser.client.get_cookie("ppa_home")
    assert cookie is not None
    browser.client.set_cookie("ppa_office", cookie.value)
    assert browser.get("/office/").status == 303


def test_https_has_secure_host_cookies(site: Site) -> None:
    answer = site.browser(**HTTPS).get("/login").answer
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-ppa_home=")
    for mark in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert mark in cookie
    assert "Domain" not in cookie


def test_loopback_http_has_plain_cookies_and_no_hsts(site: Site) -> None:
    answer = site.browser().get("/login").answer
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("ppa_home=")
    assert "Secure" not in cookie
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("text", ["%00", "a%00b", "%ED%A0%80", "%FF", "%C0%80"])
def test_unreadable_text_is_refused(site: Site, text: str) -> None:
    browser = site.browser()
    browser.post("/office/login", {"email": "admin@example.jp", "password": PASSWORD})
    assert browser.get(f"/office/customers?q={text}").status == 400
    assert browser.get(f"/office/invoices/{text}").status == 400
    assert browser.post("/login", {"code": "\0"}).status == 400


def test_a_login_without_token_is_refused_with_a_page(site: Site) -> None:
    page = site.browser().post_raw("/login", {"code": CODES["1120220110"]})
    assert page.status == 400
    assert page.heading() == "送信を受け取れませんでした"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, 303),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "null"}, 303),
        ({"Origin": "http://127.0.0.1:8000"}, 303),
        ({"Sec_Fetch_Site": "cross-site"}, 400),
        ({"Sec_Fetch_Site": "same-site"}, 400),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "null"}, 400),
    ],
)
def test_forms_come_from_our_own_pages(site: Site, headers: dict[str, str], status: int) -> None:
    browser = site.browser()
    assert browser.post("/login", {"code": CODES["1120220110"]}, **headers).status == status


def test_forwarded_addresses_count_within_the_hops_only(site: Site) -> None:
    for hops, statuses in (("0", {429}), ("1", {422})):
        browser = site.browser(PPA_PROXY_HOPS=hops, address=f"192.0.2.{hops}")
        pages = [
            browser.post("/login", {"code": "x"}, X_Forwarded_For=f"198.51.100.{n}")
            for n in range(11)
        ]
        assert {pages[-1].status} == statuses


def test_language_is_the_address_then_the_choice_then_the_browser(site: Site) -> None:
    browser = site.browser()
    assert _language(browser.get("/login").text) == "ja"
    assert _language(browser.get("/login", Accept_Language="en-US,en").text) == "en"
    assert _language(browser.get("/login?lang=en").text) == "en"
    assert _language(browser.get("/login").text) == "ja", "?lang= is not remembered"
    answer = browser.post("/language", {"lang": "en", "back": "/help"}).answer
    assert answer.headers["Location"] == "/help"
    assert _language(browser.get("/login").text) == "en"
    assert _language(browser.get("/login?lang=ja").text) == "ja"
    assert _language(site.browser(PPA_LANG="en").get("/login").text) == "en"


def test_the_choice_of_a_language_survives_signing_in_and_out(site: Site) -> None:
    browser = site.browser()
    browser.post("/language", {"lang": "en"})
    browser.post("/login", {"code": CODES["1120220110"]})
    assert _language(browser.get("/").text) == "en"
    browser.post("/logout")
    assert _language(browser.get("/login").text) == "en"


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/a\nb"]
)
def test_the_choice_of_a_language_never_leads_away(site: Site, back: str) -> None:
    answer = site.browser().post("/language", {"lang": "en", "back": back}).answer
    assert answer.headers["Location"] == "/"


def test_files_may_be_kept_for_a_year_by_their_content(site: Site) -> None:
    browser = site.browser()
    (first, *_) = browser.get("/login").all("link", rel="stylesheet")
    answer = browser.get(str(first.get("href"))).answer
    assert "immutable" in answer.headers["Cache-Control"]
    assert "immutable" not in browser.get("/static/css/base.css").answer.headers["Cache-Control"]


def test_health_is_told_without_a_word_about_anybody(site: Site) -> None:
    assert site.browser().get("/healthz").answer.json == {"database": "ok"}
    nowhere = make_engine("sqlite:////nowhere/at/all.sqlite3")
    broken = app.create_app(a_config(), "portal", engine=nowhere, clock=Clock())
    answer = broken.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"database": "unreachable"})


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc"]
)
def test_files_stay_in_their_folder(site: Site, path: str) -> None:
    assert site.browser().get(path).status in (303, 404)


def _language(text: str) -> str:
    return text.split('<html lang="')[1][:2]
