"""Mails sent to a real server that is well, down, refuses, or hangs up; on both engines."""

import socket
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from shared.clock import parse_instant
from shared.mail.claiming import BACK_OFF_S, Claim, claim
from shared.mail.server import Envelope, MailServer, Outcome
from shared.models.customers import Customer
from shared.models.mail import BillLink, MailEvent, Outbox
from shared.models.operations import Setting
from tests.conftest import Ppa, Result
from tests.data.mailed import issued_bills, recipient_of
from tests.mailroom import Mailroom, a_mailroom, html_of, link_of, text_of

HOME = 1120230000
BILL = f"2401{HOME}"
DAY = "2024-02-20"


@pytest.fixture
def room() -> Iterator[Mailroom]:
    """Give a mail server that takes all."""
    with a_mailroom() as room:
        yield room


def send(ppa: Ppa, room: Mailroom, at: str = "09:00:00", **environ: str) -> Result:
    """Make one pass at a time of the day."""
    as_of = f"{DAY}T{at}+09:00"
    return ppa("mail", "send", "--json", "--as-of", as_of, **(room.environ | environ))


def listed(ppa: Ppa, room: Mailroom) -> list[dict[str, object]]:
    """Return what the list says of the mails."""
    found: list[dict[str, object]] = ppa("mail", "list", "--json", **room.environ).json()
    return found


def test_a_mail_is_accepted_once_and_never_sent_again(
    ppa: Ppa, engine: Engine, room: Mailroom
) -> None:
    issued_bills(engine, 3)
    first = send(ppa, room)
    assert first.code == 0
    assert first.json()["counts"] == {"accepted": 3, "deferred": 0, "refused": 0, "held": 0}
    assert {mail["state"] for mail in first.json()["mails"]} == {"accepted"}
    assert {mail["reply"] for mail in first.json()["mails"]} == {"250 taken"}
    again = send(ppa, room, "10:00:00").json()
    assert again == {"counts": {"accepted": 0, "deferred": 0, "refused": 0, "held": 0}, "mails": []}
    assert len(room.taken) == 3


def test_a_mail_says_what_a_reader_needs_and_has_one_link(
    ppa: Ppa, engine: Engine, room: Mailroom
) -> None:
    issued_bills(engine, 1)
    for key, text in (("operator_name", "日の出電力"), ("operator_tel", "03-0000-0000")):
        ppa("settings", "set", key, text)
    send(ppa, room)
    (mail,) = room.of(recipient_of(HOME))
    assert mail["Subject"] == "【日の出電力】2024年1月分の請求書のお知らせ"
    assert mail["To"] == recipient_of(HOME)
    assert (mail["Cc"], mail["Bcc"]) == (None, None)
    assert mail["Message-ID"] == f"<{BILL}@ppa.example.jp>"
    assert mail["From"] == "日の出電力 <bills@ppa.example.jp>"
    for told in (
        f"顧客{HOME} 様",
        "2024年1月16日〜2024年2月15日",
        "0円",
        "電話 03-0000-0000",
        BILL,
    ):
        assert told in text_of(mail)
        assert told in html_of(mail)
    assert link_of(mail).startswith("http://127.0.0.1:8000/b/")
    assert len(link_of(mail).rpartition("/")[2]) >= 43
    assert html_of(mail).count("href=") == 1
    assert link_of(mail) in html_of(mail)
    assert not [part for part in mail.walk() if part.get_content_disposition() == "attachment"]


def test_the_amount_can_be_left_out(ppa: Ppa, engine: Engine, room: Mailroom) -> None:
    issued_bills(engine, 1, HOME + 4321)
    ppa("settings", "set", "mail_shows_amount", "0")
    send(ppa, room)
    (mail,) = room.of(recipient_of(HOME + 4321))
    assert "4,321" not in text_of(mail) + html_of(mail)
    assert "ご請求額" not in text_of(mail)


def test_a_token_is_stored_only_as_its_hash(ppa: Ppa, engine: Engine, room: Mailroom) -> None:
    issued_bills(engine, 1)
    send(ppa, room)
    token = link_of(room.taken[0][1]).rpartition("/")[2]
    with Session(engine) as session:
        rows = [*session.scalars(select(BillLink)), *session.scalars(select(MailEvent)),
                *session.scalars(select(Outbox))]  # fmt: skip
        stored = " ".join(repr(vars(row)) for row in rows)
    assert token not in stored


def test_a_server_that_is_down_defers_all_at_once_and_backs_off(
    ppa: Ppa, engine: Engine, room: Mailroom
) -> None:
    issued_bills(engine, 3)
    down = {"PPA_SMTP_URL": "smtp://127.0.0.1:1"}
    times = ["09:00:00", "09:01:00", "09:06:00", "09:21:00", "10:21:00"]
    for number, (before, at) in enumerate(pairwise(times), 1):
        result = send(ppa, room, before, **down)
        assert result.code == 1
        assert result.json()["counts"]["deferred"] == 3
        for mail in result.json()["mails"]:
            assert mail["reply"].startswith("no connection")
            assert (mail["state"], mail["attempts"]) == ("queued", number)
            assert parse_instant(mail["next_at"]) == parse_instant(f"{DAY}T{at}+09:00")
            assert (
                parse_instant(at_time(at)) - parse_instant(at_time(before))
                == (BACK_OFF_S[number - 1])
            )
    assert send(ppa, room, "10:20:59").json()["mails"] == []
    assert send(ppa, room, "10:21:00").json()["counts"]["accepted"] == 3


def at_time(text: str) -> str:
    """Return a time of the day in full."""
    return f"{DAY}T{text}+09:00"


@pytest.mark.parametrize("place", ["at_rcpt", "at_data"])
def test_what_the_server_says_decides(ppa: Ppa, engine: Engine, room: Mailroom, place: str) -> None:
    issued_bills(engine, 3)
    replies = {
        recipient_of(HOME): "450 4.2.0 greylisted",
        recipient_of(HOME + 1): "550 5.1.1 no such user",
    }
    setattr(room, place, replies.get)
    result = send(ppa, room)
    assert result.code == 1
    assert result.json()["counts"] == {"accepted": 1, "deferred": 1, "refused": 1, "held": 0}
    told = {mail["to"]: (mail["state"], mail["reply"]) for mail in listed(ppa, room)}
    assert told == {
        recipient_of(HOME): ("queued", "450 4.2.0 greylisted"),
        recipient_of(HOME + 1): ("refused", "550 5.1.1 no such user"),
        recipient_of(HOME + 2): ("accepted", "250 taken"),
    }
    setattr(room, place, lambda _recipient: None)
    assert send(ppa, room, "09:01:00").json()["counts"]["accepted"] == 1
    assert send(ppa, room, "10:00:00").json()["mails"] == [], "refused is a person's work"


def test_a_server_that_hangs_up_before_the_250_has_not_accepted(
    ppa: Ppa, engine: Engine, room: Mailroom
) -> None:
    issued_bills(engine, 3)
    room.hangs_up = lambda recipient: recipient == recipient_of(HOME + 1)
    assert send(ppa, room).json()["counts"] == {
        "accepted": 2, "deferred": 1, "refused": 0, "held": 0,
    }  # fmt: skip
    room.hangs_up = lambda _recipient: False
    assert send(ppa, room, "09:01:00").json()["counts"]["accepted"] == 1
    assert sorted(address for address, _ in room.taken) == [
        recipient_of(HOME + n) for n in range(3)
    ]


def test_a_server_that_never_answers_is_left_after_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        server = MailServer(f"smtp://127.0.0.1:{port}", "localhost", timeout_s=1)
        envelope = Envelope("a@example.jp", "b@example.jp", b"")
        first, second = server.deliver(envelope), server.deliver(envelope)
    assert first == second
    assert first.outcome is Outcome.DEFERRED
    assert first.text.startswith("no connection: ")


def test_many_mails_share_one_connection(ppa: Ppa, engine: Engine, room: Mailroom) -> None:
    issued_bills(engine, 5)
    send(ppa, room)
    assert len(room.taken) == 5
    assert len(room.sessions) == 1


def test_two_senders_never_send_one_mail(engine: Engine) -> None:
    issued_bills(engine, 1)
    with Session(engine) as session, session.begin():
        assert claim(session, Claim(1, "first"), 100, "example.jp") is not None
    with Session(engine) as session, session.begin():
        assert claim(session, Claim(1, "second"), 699, "example.jp") is None
    with Session(engine) as session, session.begin():
        late = claim(session, Claim(1, "second"), 700, "example.jp")
        assert late is not None
        assert late.attempts == 2, "ten minutes later the first one counts as dead"


@pytest.mark.parametrize(
    "address",
    ["a@example.jp\r\nBcc: b@example.jp", "a@example.jp, b@example.jp", "<a@example.jp>", "a", "@"],
)
def test_an_address_that_is_not_one_address_is_held(
    ppa: Ppa, engine: Engine, room: Mailroom, address: str
) -> None:
    issued_bills(engine, 1)
    with Session(engine) as session, session.begin():
        session.execute(update(Outbox).values(recipient=address))
    result = send(ppa, room)
    assert (result.code, room.taken) == (0, [])
    assert result.json()["counts"]["held"] == 1
    (mail,) = listed(ppa, room)
    assert (mail["state"], mail["reply"]) == (
        "held", "the address is not one that mail can be sent to",
    )  # fmt: skip


def test_no_setting_can_add_a_header(ppa: Ppa, engine: Engine, room: Mailroom) -> None:
    issued_bills(engine, 1)
    with Session(engine) as session, session.begin():
        evil = {"text": "x\r\nBcc: b@example.jp", "recorded_at": 0, "recorded_by": "test"}
        session.add(Setting(key="operator_name", valid_from=date(1, 1, 1), **evil))
    send(ppa, room)
    assert room.taken == []


def test_a_resent_mail_has_the_same_id_and_link(ppa: Ppa, engine: Engine, room: Mailroom) -> None:
    issued_bills(engine, 1)
    send(ppa, room)
    assert ppa("mail", "resend", BILL).out == f"{BILL} queued to {recipient_of(HOME)}\n"
    send(ppa, room, "10:00:00")
    first, second = room.of(recipient_of(HOME))
    assert first["Message-ID"] == second["Message-ID"]
    assert link_of(first) == link_of(second)


def test_a_mail_resent_to_a_new_address_has_a_new_link_and_ends_the_old(
    ppa: Ppa, engine: Engine, room: Mailroom
) -> None:
    issued_bills(engine, 1)
    send(ppa, room)
    with Session(engine) as session, session.begin():
        session.execute(update(Customer).values(email="new@example.jp"))
    ppa("mail", "resend", BILL)
    send(ppa, room, "10:00:00")
    (first,), (second,) = room.of(recipient_of(HOME)), room.of("new@example.jp")
    assert link_of(first) != link_of(second)
    with Session(engine) as session:
        ended = session.scalars(select(BillLink.revoked_at).order_by(BillLink.id)).all()
    assert [at is None for at in ended] == [False, True]


def test_what_cannot_be_resent_or_revoked_is_said(ppa: Ppa, engine: Engine) -> None:
    issued_bills(engine, 2)
    unknown = ppa("mail", "resend", BILL, "24019999999999")
    assert (unknown.code, "24019999999999" in unknown.err) == (2, True)
    with Session(engine) as session:
        assert session.scalars(select(MailEvent.kind)).all() == ["queued", "queued"], "all or none"
    assert ppa("mail", "revoke", BILL).code == 1
    with Session(engine) as session, session.begin():
        session.execute(update(Customer).values(email=""))
    silent = ppa("mail", "resend", BILL)
    assert (silent.code, silent.err) == (1, f"{BILL}: the customer has no mail address\n")


def test_a_mail_refused_for_days_is_given_up(ppa: Ppa, engine: Engine, room: Mailroom) -> None:
    issued_bills(engine, 1)
    with Session(engine) as session, session.begin():
        session.execute(update(Outbox).values(attempts=122))
    room.at_rcpt = lambda _recipient: "451 not today"
    send(ppa, room)
    (mail,) = listed(ppa, room)
    assert (mail["state"], mail["reply"]) == ("refused", "451 not today")


def test_without_a_server_a_pass_says_that_mails_stay_held(ppa: Ppa, engine: Engine) -> None:
    issued_bills(engine, 2)
    result = ppa("mail", "send", "--json")
    assert (result.code, result.json()["counts"]["held"]) == (0, 2)
    assert "PPA_SMTP_URL" in result.err
