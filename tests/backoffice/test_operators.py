"""The people of the office: invited, given roles, shut out, with a second step."""

import re
from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import app
from shared.doors.totp import STEP_S, code_at
from shared.mail.joining import JOIN
from shared.models.doors import Operator
from shared.models.mail import Outbox
from shared.models.operations import Audit
from shared.settings import set_setting
from tests.backoffice.conftest import Office, log_in
from tests.mailroom import link_of, sent
from tests.pages import Browser, Page
from tests.people import NOW, PASSWORD, a_config

OWN = {"password": PASSWORD}
NEW = "a new long password"


def number_of(office: Office, role: str) -> int:
    with Session(office.engine) as session:
        found = session.scalar(select(Operator.id).where(Operator.email == f"{role}@example.jp"))
        assert found is not None
        return found


def link_on(page: Page) -> str:
    """Return the path of the link that a page shows once."""
    found = re.search(r"http://127\.0\.0\.1:8000(/office/login\?link=[\w-]{43})", page.text)
    assert found is not None
    return found[1]


def chosen(browser: Browser, path: str, password: str = NEW) -> Page:
    return browser.post("/office/login", {"link": path.split("=")[1], "new_password": password})


def test_an_invited_person_chooses_a_password_once(office: Office) -> None:
    browser, person = office.as_("admin"), office.browser()
    form = OWN | {"email": "New@Example.jp", "role": "billing", "new_password": ""}
    path = link_on(browser.post("/office/operators", form))
    assert path not in browser.get("/office/operators").text
    assert log_in(office.browser(), "new@example.jp", "").status == 422
    assert "new@example.jp" in person.get(path).text
    short = chosen(person, path, "short")
    assert short.status == 422
    assert short.all("input", name="new_password")[0].get("aria-invalid") == "true"
    assert chosen(person, path).status == 303
    assert chosen(person, path).status == 422, "a link works once"
    assert person.get(path).status == 404
    assert log_in(person, "new@example.jp", NEW).status == 303
    assert person.get("/office/customers/new").status == 200
    with Session(office.engine) as session:
        actions = session.scalars(select(Audit.action).order_by(Audit.id)).all()
    assert actions == ["operator_invited", "password_changed"]


def test_a_link_expires_and_a_newer_one_replaces_it(office: Office) -> None:
    browser, person = office.as_("admin"), office.browser()
    path = f"/office/operators/{number_of(office, 'viewer')}/link"
    first, second = link_on(browser.post(path, OWN)), link_on(browser.post(path, OWN))
    assert person.get(first).status == 404
    assert person.get(second).status == 200
    office.clock.forward(days=1)
    assert person.get(second).status == 404
    assert chosen(person, second).status == 422


def test_a_new_password_ends_the_sessions_of_who_lost_it(office: Office) -> None:
    lost, browser = office.as_("viewer"), office.as_("admin")
    page = browser.post(f"/office/operators/{number_of(office, 'viewer')}/link", OWN)
    assert chosen(office.browser(), link_on(page)).status == 303
    assert lost.get("/office/").status == 303
    assert log_in(office.browser(), "viewer@example.jp").status == 422


@pytest.mark.parametrize("deed", ["role", "disable", "link"])
def test_every_deed_asks_for_the_own_password(office: Office, deed: str) -> None:
    browser = office.as_("admin")
    path = f"/office/operators/{number_of(office, 'viewer')}/{deed}"
    page = browser.post(path, {"password": "wrong", "role": "admin"})
    assert page.status == 422
    assert "パスワードが違います。" in page.text
    with Session(office.engine) as session:
        assert session.scalars(select(Audit)).all() == []


def test_a_role_is_changed_and_holds_from_the_next_login(office: Office) -> None:
    browser, person = office.as_("admin"), office.as_("viewer")
    path = f"/office/operators/{number_of(office, 'viewer')}/role"
    assert browser.post(path, OWN | {"role": "emperor"}).status == 400
    assert browser.post(path, OWN | {"role": "billing"}).status == 303
    assert person.get("/office/").status == 303, "signed out"
    assert office.as_("viewer").get("/office/customers/new").status == 200


def test_the_last_administrator_stays_one(office: Office) -> None:
    browser = office.as_("admin")
    path = f"/office/operators/{number_of(office, 'admin')}"
    for deed, form in (("role", {"role": "viewer"}), ("disable", {})):
        page = browser.post(f"{path}/{deed}", OWN | form)
        assert page.status == 409
        assert "最後の管理者" in page.text
    other = f"/office/operators/{number_of(office, 'billing')}/role"
    assert browser.post(other, OWN | {"role": "admin"}).status == 303
    assert browser.post(f"{path}/disable", OWN).status == 303


def test_who_is_disabled_is_out_and_can_be_let_in_again(office: Office) -> None:
    browser, person = office.as_("admin"), office.as_("viewer")
    path = f"/office/operators/{number_of(office, 'viewer')}"
    assert browser.post(f"{path}/disable", OWN).status == 303
    assert person.get("/office/").status == 303
    assert log_in(person, "viewer@example.jp").status == 422
    assert browser.post(f"{path}/link", OWN).status == 409
    assert browser.post(f"{path}/enable", OWN).status == 303
    assert log_in(person, "viewer@example.jp").status == 303


def test_the_own_password_is_changed_and_other_browsers_are_out(office: Office) -> None:
    here, there = office.as_("viewer"), office.as_("viewer")
    form = {"password": "wrong", "new_password": NEW}
    assert here.post("/office/account/password", form).status == 422
    assert here.post("/office/account/password", form | OWN).status == 303
    assert here.get("/office/").status == 200
    assert there.get("/office/").status == 303
    assert log_in(there, "viewer@example.jp", NEW).status == 303


def digits(office: Office, secret: str) -> str:
    return code_at(secret, office.clock() // STEP_S)


def enrolled(office: Office, browser: Browser) -> str:
    """Enrol the second step and return its secret."""
    page = browser.get("/office/account")
    (key,) = page.all("code")
    secret = "".join("".join(key.itertext()).split())
    offer = page.all("input", name="offer")[0].get("value", "")
    form = OWN | {"offer": offer, "totp": digits(office, secret), "csrf_token": page.token()}
    wrong = browser.post_raw("/office/account/totp", form | {"totp": "000000"})
    assert wrong.status == 422
    assert "".join(secret[n : n + 4] + " " for n in range(0, 32, 4)) in wrong.text, "the same offer"
    assert browser.post_raw("/office/account/totp", form).status == 303
    return secret


def test_a_second_step_is_enrolled_and_asked_for(office: Office) -> None:
    secret = enrolled(office, office.as_("viewer"))
    person = office.browser()
    asked = log_in(person, "viewer@example.jp")
    assert (asked.status, asked.heading()) == (200, "2段階認証")
    assert person.get("/office/").status == 303, "not in yet"
    assert person.post("/office/login", {"totp": "000000"}).status == 422
    code = digits(office, secret)
    assert person.post("/office/login", {"totp": code}).status == 303
    assert person.get("/office/").status == 200
    log_in(office.browser(), "viewer@example.jp")
    again = office.browser()
    log_in(again, "viewer@example.jp")
    assert again.post("/office/login", {"totp": code}).status == 422, "digits count once"


def test_all_three_may_come_at_once_and_a_late_second_step_begins_anew(office: Office) -> None:
    secret = enrolled(office, office.as_("viewer"))
    form = {"email": "viewer@example.jp", "password": PASSWORD}
    person = office.browser()
    assert person.post("/office/login", form | {"totp": digits(office, secret)}).status == 303
    late = office.browser()
    log_in(late, "viewer@example.jp")
    office.clock.forward(minutes=6)
    assert late.post("/office/login", {"totp": digits(office, secret)}).status == 422
    assert late.get("/office/").status == 303


def test_digits_without_a_password_open_nothing(office: Office) -> None:
    secret = enrolled(office, office.as_("viewer"))
    stranger = office.browser()
    assert stranger.post("/office/login", {"totp": digits(office, secret)}).status == 422


def test_a_lost_phone_is_helped_by_an_administrator(office: Office) -> None:
    enrolled(office, office.as_("viewer"))
    path = f"/office/operators/{number_of(office, 'viewer')}/totp/remove"
    assert office.as_("admin").post(path, OWN).status == 303
    assert log_in(office.browser(), "viewer@example.jp").status == 303


def test_where_everybody_needs_it_one_enrols_first(office: Office) -> None:
    with Session(office.engine) as session, session.begin():
        set_setting(
            session, "require_totp", "1", valid_from=date(2024, 1, 1), now=NOW, actor="test"
        )
    browser = office.as_("viewer")
    assert browser.get("/office/").answer.headers["Location"] == "/office/account"
    assert browser.get("/office/customers").status == 303
    enrolled(office, browser)
    assert browser.get("/office/customers").status == 200


def test_the_secret_lies_sealed(office: Office) -> None:
    secret = enrolled(office, office.as_("viewer"))
    with Session(office.engine) as session:
        sealed = session.scalars(select(Operator.totp_sealed)).all()
    assert len([one for one in sealed if one]) == 1
    assert all(secret.encode() not in one for one in sealed if one)


def test_where_a_mail_server_is_set_the_link_is_mailed_and_works(office: Office) -> None:
    assert (
        "メールは送りません"
        in office.as_("admin")
        .post(f"/office/operators/{number_of(office, 'viewer')}/link", OWN)
        .text
    )
    config = a_config(PPA_SMTP_URL="smtp://127.0.0.1:2525", PPA_MAIL_FROM="bills@example.jp")
    browser = Browser(
        app.create_app(config, "backoffice", engine=office.engine, clock=office.clock)
    )
    log_in(browser, "admin@example.jp")
    form = OWN | {"email": "New@Example.jp", "role": "billing", "new_password": ""}
    page = browser.post("/office/operators", form)
    assert "new@example.jp へメールでも送ります" in page.text
    (mail,) = sent(office.engine, office.clock).of("new@example.jp")
    assert link_of(mail) == f"http://127.0.0.1:8000{link_on(page)}"
    assert chosen(office.browser(), link_on(page)).status == 303


def test_a_mailed_link_that_was_replaced_is_not_sent_and_one_refused_is_told(
    office: Office,
) -> None:
    config = a_config(PPA_SMTP_URL="smtp://127.0.0.1:2525", PPA_MAIL_FROM="bills@example.jp")
    browser = Browser(
        app.create_app(config, "backoffice", engine=office.engine, clock=office.clock)
    )
    log_in(browser, "admin@example.jp")
    path = f"/office/operators/{number_of(office, 'viewer')}/link"
    browser.post(path, OWN)
    office.clock.forward(minutes=1)
    newer = link_on(browser.post(path, OWN))
    (mail,) = sent(office.engine, office.clock).of("viewer@example.jp")
    assert link_of(mail) == f"http://127.0.0.1:8000{newer}"
    assert "届かなかったリンク" not in browser.get("/office/mail").text
    with Session(office.engine) as session, session.begin():
        session.execute(
            update(Outbox)
            .where(Outbox.kind == JOIN, Outbox.state == "accepted")
            .values(state="refused", reply="550 5.1.1 no such user")
        )
    page = browser.get("/office/mail")
    assert "550 5.1.1 no such user" in page.text
    assert path.removesuffix("/link") in page.links()
    assert path.removesuffix("/link") not in office.as_("viewer").get("/office/mail").links()
    browser.post(path, OWN)
    assert "届かなかったリンク" not in browser.get("/office/mail").text
