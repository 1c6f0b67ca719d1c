"""Mails that came back after they were accepted; on both engines."""

from email.message import EmailMessage

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.models.mail import MailEvent
from tests.conftest import Ppa, Result
from tests.data.mailed import issued_bills, recipient_of
from tests.mailroom import a_mailroom

HOME = 1120230000
BILL = f"2401{HOME}"
REPORT = """\
From: MAILER-DAEMON@mx.example.jp
To: bills@ppa.example.jp
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

Sorry.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.jp
Arrival-Date: Tue, 20 Feb 2024 09:00:00 +0900

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>:
    no such user

--b1
Content-Type: {kind}

Message-ID: {message_id}
Subject: {subject}

--b1--
"""


@pytest.fixture
def sent(ppa: Ppa, engine: Engine) -> EmailMessage:
    """Give a mail that was accepted."""
    issued_bills(engine, 1)
    with a_mailroom() as room:
        assert ppa("mail", "send", **room.environ).code == 0
        return room.taken[0][1]


def bounced(ppa: Ppa, mail: EmailMessage, **changed: str) -> Result:
    """Give a report about a mail to the command."""
    told = {
        "recipient": recipient_of(HOME), "action": "failed", "kind": "text/rfc822-headers",
        "message_id": str(mail["Message-ID"]), "subject": "x",
    }  # fmt: skip
    return ppa("mail", "bounced", stdin=REPORT.format(**told | changed))


def state(ppa: Ppa) -> tuple[str, str]:
    """Return state and reply of the one mail."""
    (row,) = ppa("mail", "list", "--json").json()
    return row["state"], row["reply"]


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
def test_a_mail_that_came_back_is_refused(ppa: Ppa, sent: EmailMessage, kind: str) -> None:
    assert state(ppa) == ("accepted", "250 taken")
    result = bounced(ppa, sent, kind=kind)
    assert (result.code, BILL in result.err) == (0, True)
    assert state(ppa) == ("refused", f"550 5.1.1 <{recipient_of(HOME)}>: no such user")


def test_a_delay_is_kept_and_changes_nothing(ppa: Ppa, engine: Engine, sent: EmailMessage) -> None:
    assert bounced(ppa, sent, action="delayed").code == 0
    assert state(ppa) == ("accepted", "250 taken")
    with Session(engine) as session:
        assert "bounce delayed" in session.scalars(select(MailEvent.kind)).all()


def test_a_late_report_of_an_address_before_changes_nothing(ppa: Ppa, sent: EmailMessage) -> None:
    assert bounced(ppa, sent, recipient="old@example.jp").code == 0
    assert state(ppa) == ("accepted", "250 taken")


def test_a_report_about_somebody_elses_mail_is_refused(ppa: Ppa, sent: EmailMessage) -> None:
    result = bounced(ppa, sent, message_id="<other@example.jp>")
    assert (result.code, "<other@example.jp>" in result.err) == (2, True)


@pytest.mark.parametrize("text", ["", "Subject: hello\n\nI am on holiday.", "\0\0", "x" * 100])
def test_what_is_no_report_is_refused(ppa: Ppa, sent: EmailMessage, text: str) -> None:
    result = ppa("mail", "bounced", stdin=text)
    assert (result.code, "no delivery report" in result.err) == (2, True)
