"""Operators come in by mail address and password, and are out after half an hour idle."""

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from shared.doors.operators import add_operator
from shared.errors import InputRefused
from shared.models.doors import Operator
from tests.backoffice.conftest import Office, log_in
from tests.people import NOW, PASSWORD


def test_an_operator_comes_in(office: Office) -> None:
    browser = office.browser()
    answer = log_in(browser, "  ADMIN@example.jp ").answer
    assert answer.headers["Location"] == "/office/"
    assert browser.get("/office/").heading() == "今日の仕事"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("admin@example.jp", "wrong"),
        ("nobody@example.jp", PASSWORD),
        ("", ""),
        ("admin@example.jp", "x" * 5000),
    ],
)
def test_a_wrong_login_keeps_the_address_and_never_the_password(
    office: Office, email: str, password: str
) -> None:
    page = log_in(office.browser(), email, password)
    assert page.status == 422
    assert page.all("input", name="email")[0].get("value") == email
    assert page.all("input", name="password")[0].get("value") is None
    assert page.all("input", name="email")[0].get("aria-invalid") == "true"


def test_the_eleventh_failure_waits(office: Office) -> None:
    guesser = office.browser("198.51.100.7")
    for _ in range(10):
        assert log_in(guesser, "admin@example.jp", "wrong").status == 422
    answer = log_in(guesser, "admin@example.jp").answer
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert log_in(office.browser("198.51.100.8"), "admin@example.jp").status == 303


def test_half_an_hour_without_use_ends_a_session(office: Office) -> None:
    browser = office.as_("viewer")
    for _ in range(3):
        office.clock.forward(minutes=29)
        assert browser.get("/office/").status == 200
    office.clock.forward(minutes=30)
    assert browser.get("/office/").status == 303


def test_twelve_hours_end_a_session_whatever_its_use(office: Office) -> None:
    browser = office.as_("viewer")
    for _ in range(25):
        office.clock.forward(minutes=28)
        browser.get("/office/")
    office.clock.forward(minutes=21)
    assert browser.get("/office/").status == 303


def test_a_disabled_operator_is_out_at_once(office: Office) -> None:
    browser = office.as_("viewer")
    with Session(office.engine) as session, session.begin():
        session.execute(update(Operator).values(disabled_at=NOW))
    assert browser.get("/office/").status == 303
    assert log_in(office.browser(), "viewer@example.jp").status == 422


def test_logging_out_is_final(office: Office) -> None:
    browser = office.as_("viewer")
    stolen = browser.client.get_cookie("ppa_office")
    assert stolen is not None
    assert browser.post("/office/logout").answer.headers["Location"] == "/office/login"
    browser.client.set_cookie("ppa_office", stolen.value)
    assert browser.get("/office/").status == 303


@pytest.mark.parametrize("password", ["short", "x" * 14, "x" * 257])
def test_a_password_has_15_to_256_characters(office: Office, password: str) -> None:
    with Session(office.engine) as session, pytest.raises(InputRefused, match="15 to 256"):
        add_operator(session, "new@example.jp", "viewer", password, NOW)


def test_a_password_is_kept_as_argon2id(office: Office) -> None:
    with Session(office.engine) as session:
        (first, *_) = session.query(Operator).all()
    assert first.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
