"""Every issued bill has its mail, written with it, on both engines."""

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from shared import schema
from shared.energy.quantities import Quantity
from shared.invoices.issuing import Act, issue_month, void
from shared.invoices.revising import revise
from shared.mail.checking import find_mail_breaks
from shared.mail.listing import MailFilter, MailRow, find_mails
from shared.models.customers import Customer
from shared.models.mail import MailEvent, Outbox
from shared.months import Month
from shared.telemetry.deriving import refresh
from shared.verify import verify
from tests.conftest import Ppa
from tests.data.homes import NOW, a_home, billed, issued, registers

ACT = Act("test", NOW, NOW)
JANUARY = "24011120220110"
BLANK = dict.fromkeys(
    ("serial", "kana", "search_text", "postal_code", "address", "phone", "note"), ""
)
BEFORE: dict[str, dict[str, object]] = {
    "site": {"id": 1, "battery": "none"},
    "customer": {
        "id": 1, "customer_no": "1120220110", "name": "顧客0170", "email": " a@example.jp ",
        **BLANK, "code_index": b"", "code_sealed": b"", "version": 1, "registered_at": 0,
        "updated_at": 0,
    },
    "invoice": {
        "id": 1, "customer_id": 1, "site_id": 1, "month": "2024-01-01", "revision": 1,
        "invoice_no": JANUARY, "period_start": "2024-01-16", "period_end": "2024-02-16",
        "state": "issued", "quality": "A", "name": "顧客0170", "inputs": "", "snapshot": "{}",
        "computed_at": 0, "issued_at": 5, "issued_on": "2024-02-20",
    },
}  # fmt: skip
"""A bill as it was before there were mails."""


@pytest.fixture
def home(engine: Engine) -> int:
    """Give a home with a closed January, and one without a mail address."""
    with Session(engine) as session, session.begin():
        customer, silent = a_home(session), a_home(session, "1120220111")
        session.get_one(Customer, silent).email = ""
        for one in (customer, silent):
            pv = [("2024-01-16 00:00", "100"), ("2024-02-15 22:00", "400")]
            export = [("2024-01-16 00:00", "50"), ("2024-02-15 22:00", "250")]
            registers(session, one, {Quantity.PV: pv, Quantity.EXPORT: export})
        refresh(session)
    billed(engine, "2024-01")
    return customer


def mails(engine: Engine) -> list[MailRow]:
    with Session(engine) as session:
        return find_mails(session, MailFilter(), goes_out=True)


def test_an_issue_queues_a_mail_for_each_bill_and_holds_those_without_address(
    engine: Engine, home: int
) -> None:
    assert mails(engine) == []
    issued(engine, "2024-01")
    told = [(m.invoice_no, m.recipient, m.state, m.reason, m.attempts) for m in mails(engine)]
    assert told == [
        (JANUARY, "1120220110@example.jp", "queued", "", 0),
        ("24011120220111", "", "held", "no_address", 0),
    ]
    with Session(engine) as session:
        assert session.scalar(select(func.count(MailEvent.id))) == 2


def test_the_recipient_is_who_the_customer_was_at_issue(engine: Engine, home: int) -> None:
    issued(engine, "2024-01")
    with Session(engine) as session, session.begin():
        session.get_one(Customer, home).email = "other@example.jp"
    assert mails(engine)[0].recipient == "1120220110@example.jp"


def test_an_issue_that_fails_leaves_no_mail(engine: Engine, home: int) -> None:
    with Session(engine) as session:
        issue_month(session, Month(2024, 1), ACT, apply=True)
        session.rollback()
    assert mails(engine) == []


def test_a_revision_has_its_own_mail_and_takes_the_waiting_one_back(
    engine: Engine, home: int
) -> None:
    issued(engine, "2024-01")
    with Session(engine) as session, session.begin():
        registers(session, home, {Quantity.PV: [("2024-02-16 00:00", "410")]})
        refresh(session)
    with Session(engine) as session, session.begin():
        revise(session, JANUARY, "検針値の訂正", ACT, apply=True)
    told = {m.invoice_no: (m.state, m.reason) for m in mails(engine)}
    assert told[JANUARY] == ("held", "void")
    assert told[f"{JANUARY}-2"] == ("queued", "")


def test_a_void_bill_takes_its_waiting_mail_back(engine: Engine, home: int) -> None:
    issued(engine, "2024-01")
    with Session(engine) as session, session.begin():
        void(session, JANUARY, "誤り", ACT)
    assert (mails(engine)[0].state, mails(engine)[0].reason) == ("held", "void")


def test_without_a_mail_server_mails_are_held_and_say_so(
    ppa: Ppa, engine: Engine, home: int
) -> None:
    issued(engine, "2024-01")
    rows = ppa("mail", "list", "--json").json()
    assert [(row["state"], row["reply"]) for row in rows] == [
        ("held", "PPA_SMTP_URL or PPA_MAIL_FROM is not set"),
        ("held", "the customer has no mail address"),
    ]
    assert ppa("mail", "list", "--state", "queued", "--json").json() == []
    server = {"PPA_SMTP_URL": "smtp://127.0.0.1:1", "PPA_MAIL_FROM": "bills@example.jp"}
    (row,) = ppa("mail", "list", "--state", "queued", "--json", **server).json()
    assert row["invoice_no"] == JANUARY


def test_bills_of_before_there_were_mails_are_held(engine: Engine) -> None:
    schema.downgrade(engine, "0007")
    with engine.begin() as connection:
        for table, row in BEFORE.items():
            names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)
    schema.upgrade(engine)
    (mail,) = mails(engine)
    told = (mail.invoice_no, mail.recipient, mail.state, mail.reason, mail.queued_at)
    assert told == (JANUARY, "a@example.jp", "held", "before_mail", 5)


def test_verify_finds_a_bill_without_its_mail_and_a_mail_astray(engine: Engine, home: int) -> None:
    issued(engine, "2024-01")
    with Session(engine) as session, session.begin():
        assert list(find_mail_breaks(session)) == []
        other = session.scalars(select(Customer.id).where(Customer.id != home)).one()
        mine = select(Outbox).where(Outbox.customer_id == home)
        session.scalars(mine).one().customer_id = other
        session.flush()
        assert [f.invariant for f in verify(session)] == ["I8"]
        session.execute(update(Outbox).where(Outbox.id == 1).values(invoice_id=None))
        session.flush()
        assert [(f.invariant, f.subject) for f in verify(session)] == [("I8", JANUARY)]
