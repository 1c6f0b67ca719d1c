"""Many mails at once: each link opens its own recipient's bill and no other (T24).

`PPA_MAIL_MANY` asks for more than a quick test does.
"""

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

import app
from shared.db import make_engine
from shared.mail.links import find_link
from shared.models.customers import Customer
from shared.models.invoices import Invoice
from tests.conftest import Ppa
from tests.data.homes import NOW
from tests.data.mailed import issued_bills, recipient_of
from tests.mailroom import Mailroom, a_mailroom, html_of, link_of, text_of
from tests.pages import Browser
from tests.people import Clock, a_config

MANY = int(os.environ.get("PPA_MAIL_MANY", "60"))
PRESSED = 10


@pytest.fixture
def engine(sqlite_url: str) -> Engine:
    """Give SQLite; one database proves it, for the links are none of its business."""
    return make_engine(sqlite_url)


@pytest.fixture
def room(ppa: Ppa, engine: Engine) -> Mailroom:
    """Give a server that has taken everybody's mail."""
    issued_bills(engine, MANY)
    with a_mailroom() as room:
        as_of = "2026-01-05T10:00:00+09:00"
        assert ppa("mail", "send", "--as-of", as_of, **room.environ).code == 0
    assert len(room.taken) == MANY
    return room


def test_each_link_opens_its_recipients_bill(engine: Engine, room: Mailroom) -> None:
    with Session(engine) as session:
        query = select(Invoice.id, Customer.email).join(
            Customer, Customer.id == Invoice.customer_id
        )
        owners = dict(session.execute(query).all())
        seen = set()
        for recipient, mail in room.taken:
            token = link_of(mail).rpartition("/")[2]
            link = find_link(session, token, NOW + 60)
            assert link is not None
            assert owners[link.invoice_id] == recipient
            assert f"/b/{token}" in html_of(mail)
            seen.add(link.invoice_id)
    assert len(seen) == MANY


def test_a_mail_names_nobody_but_its_recipient(room: Mailroom) -> None:
    numbers = {recipient.partition("@")[0] for recipient, _ in room.taken}
    for recipient, mail in room.taken[:200]:
        (own,) = {recipient.partition("@")[0]}
        text = text_of(mail)
        assert {number for number in numbers if number in text} == {own}
        assert mail["To"] == recipient


def test_a_persons_link_pressed_in_a_browser_shows_that_persons_bill(
    engine: Engine, room: Mailroom, tmp_path: Path
) -> None:
    config = a_config(PPA_SECRET_KEY="a secret for sessions, in tests only")
    portal = app.create_app(config, "portal", engine=engine, clock=Clock(NOW + 60))
    for recipient, mail in room.taken[:: max(1, MANY // PRESSED)]:
        browser = Browser(portal)
        path = link_of(mail).removeprefix("http://127.0.0.1:8000")
        pressed = browser.post_raw(path, {"csrf_token": browser.get(path).token()})
        number = f"2401{recipient.partition('@')[0]}"
        assert pressed.answer.headers["Location"] == f"/bills/{number}"
        assert browser.get(f"/bills/{number}").figure(number, "total_yen") == int(number) % 10_000
        other = recipient_of(int(number[4:]) + 1).partition("@")[0]
        assert browser.get(f"/bills/2401{other}").status == 404
