"""Coming in by code: what is taken, what is refused, and how slowly (security.md §3.5)."""

import re

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from shared.doors.sessions import close_sessions_of_customer
from shared.models.customers import Customer
from shared.models.doors import Throttle, WebSession
from tests.pages import Browser
from tests.people import CODES
from tests.portal.conftest import MINE, Portal, log_in

CODE = CODES[MINE]


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        f"  {CODE}\n",
        "RkTc mWqb HdAb CdEf",
        "RkTc-mWqb-HdAb-CdEf",
        "RkTc\r\nmWqb\r\nHdAb\r\nCdEf",
        "ＲｋＴｃｍＷｑｂＨｄＡｂＣｄＥｆ",
        "RkTc　mWqb　HdAb　CdEf",
    ],
)
def test_a_code_is_taken_however_it_is_spaced(portal: Portal, typed: str) -> None:
    assert log_in(portal.browser(), typed).answer.headers["Location"] == "/"


@pytest.mark.parametrize(
    "typed", ["", "x", CODE.lower(), CODE[:-1], CODE * 20, "☃" * 16, "'; DROP TABLE customer; --"]
)
def test_every_wrong_code_gets_the_same_answer(portal: Portal, typed: str) -> None:
    page = log_in(portal.browser(), typed)
    other = log_in(portal.browser(), "abcdabcdabcdabcd")
    assert page.status == other.status == 422
    assert page.all("textarea")[0].get("aria-invalid") == "true"
    assert _tokenless(page.text) == _tokenless(other.text)


def test_a_refused_code_is_not_sent_back(portal: Portal) -> None:
    assert "secretsecretsecr" not in log_in(portal.browser(), "secretsecretsecr").text


def test_the_eleventh_failure_of_an_address_waits_and_others_do_not(portal: Portal) -> None:
    guesser = portal.browser("198.51.100.7")
    statuses = [log_in(guesser, f"wrong{n}").status for n in range(10)]
    assert statuses == [422] * 10
    page = log_in(guesser, CODE)
    assert page.status == 429
    assert 0 < int(page.answer.headers["Retry-After"]) <= 900
    assert log_in(portal.browser("198.51.100.8"), CODE).status == 303


def test_one_ipv6_network_is_one_address(portal: Portal) -> None:
    for n in range(10):
        log_in(portal.browser(f"2001:db8:1:2::{n + 1}"), "wrong")
    assert log_in(portal.browser("2001:db8:1:2:ffff::1"), CODE).status == 429
    assert log_in(portal.browser("2001:db8:1:3::1"), CODE).status == 303


def test_a_guesser_may_try_again_after_a_quarter_of_an_hour(portal: Portal) -> None:
    guesser = portal.browser()
    for _ in range(10):
        log_in(guesser, "wrong")
    wait = int(log_in(guesser, CODE).answer.headers["Retry-After"])
    portal.clock.forward(seconds=wait - 1)
    assert log_in(guesser, CODE).status == 429
    portal.clock.forward(seconds=1)
    assert log_in(guesser, CODE).status == 303


def test_signing_in_counts_no_failure(portal: Portal) -> None:
    for _ in range(12):
        assert log_in(portal.browser(), CODE).status == 303


def test_old_failures_are_forgotten(portal: Portal) -> None:
    log_in(portal.browser(), "wrong")
    portal.clock.forward(hours=2)
    log_in(portal.browser("192.0.2.9"), "wrong")
    with Session(portal.engine) as session:
        assert session.query(Throttle).count() == 1


def test_an_archived_customer_reads_for_a_year(portal: Portal) -> None:
    _change(portal, archived_at=portal.clock.at)
    browser = portal.mine()
    portal.clock.forward(days=29)
    assert browser.get("/").status == 200
    portal.clock.forward(days=336)
    assert log_in(portal.browser(), CODE).status == 422


def test_a_session_ends_a_month_after_its_last_use(portal: Portal) -> None:
    browser = portal.mine()
    portal.clock.forward(days=29)
    assert browser.get("/").status == 200
    portal.clock.forward(days=30)
    assert _is_out(browser)


def test_a_session_ends_after_90_days_whatever_its_use(portal: Portal) -> None:
    browser = portal.mine()
    for _ in range(4):
        portal.clock.forward(days=22)
        assert browser.get("/").status == 200
    portal.clock.forward(days=2)
    assert _is_out(browser)


def test_a_customer_deleted_while_signed_in_is_out(portal: Portal) -> None:
    browser = portal.mine()
    with Session(portal.engine) as session, session.begin():
        session.execute(delete(WebSession))
    assert _is_out(browser)


def test_a_code_issued_anew_ends_all_sessions_of_the_home(portal: Portal) -> None:
    one, other = portal.mine(), portal.mine()
    with Session(portal.engine) as session, session.begin():
        close_sessions_of_customer(session, portal.my_id)
    assert _is_out(one)
    assert _is_out(other)


def test_logging_out_clears_and_a_stolen_cookie_is_worth_nothing(portal: Portal) -> None:
    browser = portal.mine()
    stolen = browser.client.get_cookie("ppa_home")
    assert stolen is not None
    answer = browser.post("/logout").answer
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = portal.browser()
    thief.client.set_cookie("ppa_home", stolen.value)
    assert _is_out(thief)


def test_signing_in_changes_the_cookie_and_the_token(portal: Portal) -> None:
    browser = portal.browser()
    before = browser.get("/login").token()
    fixed = browser.client.get_cookie("ppa_home")
    browser.post_raw("/login", {"code": CODE, "csrf_token": before})
    after = browser.client.get_cookie("ppa_home")
    assert fixed is not None
    assert after is not None
    assert after.value != fixed.value
    attacker = portal.browser()
    attacker.client.set_cookie("ppa_home", fixed.value)
    assert _is_out(attacker)
    assert browser.post_raw("/logout", {"csrf_token": before}).status == 400


def test_the_database_holds_no_session_id(portal: Portal) -> None:
    browser = portal.mine()
    cookie = browser.client.get_cookie("ppa_home")
    assert cookie is not None
    with Session(portal.engine) as session:
        (row,) = session.query(WebSession).all()
    assert len(row.id_hash) == 32
    assert row.id_hash.hex() not in cookie.value


def test_a_signed_in_reader_needs_no_login_page(portal: Portal) -> None:
    assert portal.mine().get("/login").answer.headers["Location"] == "/"


def _is_out(browser: Browser) -> bool:
    answer = browser.get("/").answer
    return answer.status_code == 303 and answer.headers["Location"] == "/login"


def _tokenless(text: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", text)


def _change(portal: Portal, **columns: object) -> None:
    with Session(portal.engine) as session, session.begin():
        session.execute(update(Customer).where(Customer.id == portal.my_id).values(**columns))
