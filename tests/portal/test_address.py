"""A new mail address counts once its own mailbox has said so, and for nobody else."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.mail.writing import Writer
from shared.models.customers import Customer
from shared.models.mail import Outbox
from shared.models.operations import Audit
from shared.settings import find_settings
from tests.pages import Browser
from tests.people import CODES, a_config
from tests.portal.conftest import THEIRS, Portal, log_in

NEW, MINE = "new.one@example.jp", "1120220110"


def asked(portal: Portal, browser: Browser, address: str = NEW) -> str:
    """Ask for a new address; return the path of the link that the mail carries."""
    page = browser.post("/settings/email", {"email": address})
    assert page.status == 200
    with Session(portal.engine) as session:
        mail = session.scalars(select(Outbox).order_by(Outbox.id.desc())).first()
        assert mail is not None
        assert (mail.kind, mail.recipient, mail.state) == ("address", address, "queued")
        config = a_config()
        writer = Writer(config.require_secret_key(), config.base_url)
        letter = writer.write(session, mail, find_settings(session), portal.clock.at)
    assert letter.button is not None
    path = letter.button.url.removeprefix(config.base_url)
    assert re.fullmatch(r"/b/address/\d+/[\w-]{43}", path)
    return path


def address_of(portal: Portal) -> str:
    with Session(portal.engine) as session:
        return session.get_one(Customer, portal.my_id).email


def test_the_link_shows_a_button_and_only_its_press_changes_the_address(portal: Portal) -> None:
    browser, before = portal.mine(), address_of(portal)
    path = asked(portal, browser)
    assert NEW in browser.get(path).text
    assert address_of(portal) == before
    assert browser.post(path).answer.headers["Location"] == "/settings#email"
    assert address_of(portal) == NEW
    assert NEW in browser.get("/settings").text
    with Session(portal.engine) as session:
        row = session.scalars(select(Audit).where(Audit.action == "email_confirmed")).one()
        assert (row.subject, row.detail) == ("1120220110", "")


def test_the_old_address_is_told_once_and_not_the_new_one(portal: Portal) -> None:
    browser, before = portal.mine(), address_of(portal)
    path = asked(portal, browser)
    for _ in range(2):
        browser.post(path)
    with Session(portal.engine) as session:
        mail = session.scalars(select(Outbox).where(Outbox.kind == "address_changed")).one()
        assert (mail.recipient, mail.state) == (before, "queued")
        writer = Writer("s" * 40, "http://127.0.0.1:8000")
        letter = writer.write(session, mail, find_settings(session), portal.clock.at)
    assert "メールアドレスが変わりました" in letter.subject
    assert NEW not in letter.text()
    assert "http" not in letter.text() + letter.html().replace("<!doctype html>", "")


@pytest.mark.parametrize("typed", [MINE, " 11-2022-0110 ", "１１２０２２０１１０"])
def test_on_another_device_the_link_asks_for_the_customer_number(
    portal: Portal, typed: str
) -> None:
    path, elsewhere = asked(portal, portal.mine()), portal.browser()
    page = elsewhere.get(path)
    assert (page.status, NEW in page.text, MINE in page.text) == (200, True, False)
    assert page.answer.headers["Referrer-Policy"] == "no-referrer"
    for wrong in ("", "1", THEIRS):
        refused = elsewhere.post(path, {"customer_no": wrong})
        assert refused.status == 422
        assert refused.all("input", name="customer_no")[0].get("aria-invalid") == "true"
    assert address_of(portal) != NEW
    done = elsewhere.post(path, {"customer_no": typed})
    assert (done.status, "アドレスを変えました" in done.text) == (200, True)
    assert address_of(portal) == NEW
    assert elsewhere.get("/settings").answer.headers["Location"] == "/login"


def test_a_stranger_who_guesses_numbers_is_slowed_down(portal: Portal) -> None:
    path, stranger = asked(portal, portal.mine()), portal.browser()
    for n in range(10):
        assert stranger.post(path, {"customer_no": f"11202300{n:02d}"}).status == 422
    assert stranger.post(path, {"customer_no": MINE}).status == 429
    assert address_of(portal) != NEW


def test_programs_that_examine_mails_change_no_address(portal: Portal) -> None:
    path, before = asked(portal, portal.mine()), address_of(portal)
    scanner = portal.browser()
    for _ in range(20):
        scanner.get(path)
    for _ in range(2):
        scanner.post(path)
    assert address_of(portal) == before


def test_who_was_shut_out_confirms_nothing(portal: Portal) -> None:
    path = asked(portal, portal.mine())
    with Session(portal.engine) as session, session.begin():
        session.get_one(Customer, portal.my_id).disabled_at = portal.clock.at
    assert portal.browser().post(path, {"customer_no": MINE}).status == 404


def test_a_link_counts_for_a_day_for_its_home_and_until_the_next_request(portal: Portal) -> None:
    mine, theirs = portal.mine(), portal.browser()
    log_in(theirs, CODES[THEIRS])
    first = asked(portal, mine)
    assert theirs.post(first).status == 422
    assert theirs.post(first, {"customer_no": THEIRS}).status == 422
    second = asked(portal, mine, "other@example.jp")
    assert mine.get(first).status == 404
    assert mine.get(second[:-1] + ("A" if second[-1] != "A" else "B")).status == 404
    assert mine.get(second).status == 200
    portal.clock.forward(hours=24)
    assert mine.post(second).status == 404
    assert portal.browser().post(second, {"customer_no": MINE}).status == 404
    assert address_of(portal) == "1120220110@example.jp"


@pytest.mark.parametrize(
    "typed", ["", "x", "a@b", "a@b.jp\r\nBcc: c@d.jp", "a@b.jp, c@d.jp", "1120220110@example.jp"]
)
def test_what_is_no_new_address_is_refused_and_kept_in_the_field(
    portal: Portal, typed: str
) -> None:
    page = portal.mine().post("/settings/email", {"email": typed})
    assert page.status == 422
    assert page.all("input", name="email")[0].get("aria-invalid") == "true"
    with Session(portal.engine) as session:
        assert session.scalars(select(Outbox).where(Outbox.kind == "address")).all() == []


def test_nobodys_mailbox_is_flooded_from_here(portal: Portal) -> None:
    browser = portal.mine()
    for n in range(5):
        asked(portal, browser, f"n{n}@example.jp")
    assert browser.post("/settings/email", {"email": NEW}).status == 422
    portal.clock.forward(hours=25)
    asked(portal, browser)
