"""The mailed link: looked at by machines, pressed by people, and good for one bill."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.invoices.documents import get_invoice
from shared.mail.links import ensure_link, revoke
from shared.models.customers import Customer
from shared.models.doors import WebSession
from shared.models.mail import BillLink
from shared.months import Month
from tests.pages import Browser, Page
from tests.people import CODES, a_bill
from tests.portal.conftest import MINE, Portal, log_in

SECRET = "a secret of links, in tests only"
DAYS = 60


def a_link(portal: Portal, invoice_no: str) -> str:
    """Return the path of a bill's link."""
    with Session(portal.engine) as session, session.begin():
        bill = get_invoice(session, invoice_no)
        return f"/b/{ensure_link(session, SECRET, bill.id, portal.clock(), DAYS).token}"


def press(browser: Browser, path: str) -> Page:
    """Look at a link and press its button."""
    return browser.post_raw(path, {"csrf_token": browser.get(path).token()})


def test_looking_shows_a_button_and_neither_amount_nor_name(portal: Portal) -> None:
    page = portal.browser().get(a_link(portal, portal.my_bill))
    assert page.status == 200
    assert page.heading() == "請求書を開く"
    for secret in ("2,327", "顧客0170", MINE, portal.my_bill):
        assert secret not in page.text
    headers = page.answer.headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Cache-Control"] == "no-store"


def test_pressing_opens_the_bill_and_what_belongs_to_it(portal: Portal) -> None:
    browser, number = portal.browser(), portal.my_bill
    answer = press(browser, a_link(portal, number)).answer
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/bills/{number}")
    page = browser.get(f"/bills/{number}")
    assert page.figure(number, "total_yen") == 2327
    assert browser.get(f"/bills/{number}.csv").status == 200
    why = browser.get(f"/bills/{number}/why")
    for link in [*page.links(), *why.links()]:
        if link.startswith("/"):
            assert browser.get(link).status == 200, link
    assert browser.post("/logout").answer.headers["Location"] == "/login"
    assert browser.get(f"/bills/{number}").status == 303


def test_scanners_look_and_press_and_the_human_still_gets_in(portal: Portal) -> None:
    path, human = a_link(portal, portal.my_bill), portal.browser("198.51.100.7")
    with Session(portal.engine) as session:
        before = session.scalars(select(BillLink.expires_at)).all()
    for number in range(10):
        scanner = portal.browser(f"203.0.113.{number}")
        assert scanner.head(path).status_code == 200
        assert scanner.get(path).status == 200
    for number in range(2):
        assert press(portal.browser(f"203.0.113.{number}"), path).status == 303
    assert portal.browser().post_raw(path, {}).status == 400, "a press without the page's token"
    assert press(human, path).status == 303
    assert human.get(f"/bills/{portal.my_bill}").status == 200
    with Session(portal.engine) as session:
        assert session.scalars(select(BillLink.expires_at)).all() == before
    assert press(human, path).status == 303, "as often as wanted"


def test_looking_stores_no_session(portal: Portal) -> None:
    path = a_link(portal, portal.my_bill)
    portal.browser().get(path)
    portal.browser().head(path)
    with Session(portal.engine) as session:
        assert session.scalars(select(WebSession)).all() == []


def test_whom_a_link_let_in_finds_nothing_else(portal: Portal) -> None:
    other = a_bill(portal.engine, portal.my_id, Month(2023, 12))
    browser = portal.browser()
    press(browser, a_link(portal, portal.my_bill))
    elsewhere = ["/", "/bills", "/contract", "/energy", "/nothing"]
    for number in (other, portal.their_bill, portal.my_held_bill, "24019999999999"):
        elsewhere += [f"/bills/{number}{ending}" for ending in ("", "/why", ".csv", ".pdf")]
    for path in elsewhere:
        assert browser.get(path).status == 404, path
    for rule in portal.app.url_map.iter_rules():
        private = rule.endpoint.startswith("portal.") and "POST" in (rule.methods or ())
        if (
            private
            and rule.rule not in ("/login", "/language", "/logout")
            and "/b/" not in rule.rule
        ):
            path = rule.rule.replace("<invoice_no>", portal.my_bill)
            assert browser.post(path).status == 404, path
    assert browser.get("/login").status == 200
    assert browser.get(f"/bills/{portal.my_bill}").status == 200


def test_half_an_hour_later_it_is_over(portal: Portal) -> None:
    browser, path = portal.browser(), a_link(portal, portal.my_bill)
    press(browser, path)
    portal.clock.forward(minutes=29)
    assert browser.get(f"/bills/{portal.my_bill}").status == 200
    portal.clock.forward(minutes=1)
    assert browser.get(f"/bills/{portal.my_bill}").status == 303
    assert press(browser, path).status == 303, "the link itself goes on"


def test_unknown_garbled_expired_and_revoked_links_look_alike(portal: Portal) -> None:
    path = a_link(portal, portal.my_bill)
    unknown = portal.browser().get("/b/" + "x" * 43)
    assert unknown.status == 404
    paths = [path[:-1], path + "x", "/b/" + path[3:].swapcase(), "/b/x/y", f"/b/{'あ' * 900}"]
    assert {portal.browser().get(one).text for one in paths} == {unknown.text}
    portal.clock.forward(days=DAYS)
    expired = portal.browser().get(path)
    assert (expired.status, expired.text) == (404, unknown.text)
    portal.clock.forward(days=-1)
    browser = portal.browser()
    assert press(browser, path).status == 303
    with Session(portal.engine) as session, session.begin():
        revoke(session, portal.my_bill, portal.clock(), "test")
    revoked = portal.browser().get(path)
    assert (revoked.status, revoked.text) == (404, unknown.text)
    assert browser.get(f"/bills/{portal.my_bill}").status == 303, "who was in is out"
    pressed = portal.browser()
    pressed.get("/login")
    assert pressed.post(path).status == 404


def test_the_customers_own_session_stays(portal: Portal) -> None:
    browser = portal.mine()
    assert press(browser, a_link(portal, portal.my_bill)).status == 303
    assert browser.get("/bills").status == 200


def test_a_code_opens_more_than_the_link_did(portal: Portal) -> None:
    browser = portal.browser()
    press(browser, a_link(portal, portal.my_bill))
    assert log_in(browser, CODES[MINE]).status == 303
    assert browser.get("/bills").status == 200


def test_a_link_of_one_home_opens_nothing_of_another(portal: Portal) -> None:
    browser = portal.browser()
    press(browser, a_link(portal, portal.my_bill))
    assert browser.get(f"/bills/{portal.their_bill}").status == 404
    press(browser, a_link(portal, portal.their_bill))
    assert browser.get(f"/bills/{portal.their_bill}").status == 200
    assert browser.get(f"/bills/{portal.my_bill}").status == 404


def test_who_left_long_ago_has_no_link(portal: Portal) -> None:
    path = a_link(portal, portal.my_bill)
    with Session(portal.engine) as session, session.begin():
        session.get_one(Customer, portal.my_id).archived_at = portal.clock() - 366 * 86_400
    browser = portal.browser()
    press(browser, path)
    assert browser.get(f"/bills/{portal.my_bill}").status == 303


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_pages_speak_both_languages(portal: Portal, language: str) -> None:
    path = a_link(portal, portal.my_bill)
    assert f'<html lang="{language}"' in portal.browser().get(f"{path}?lang={language}").text
