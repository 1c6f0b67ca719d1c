"""Mails that go by themselves, and the operator's mail of each morning."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.jobs import Lane, handlers, reconcile
from ingest.mails import find_mail_calls
from shared.commands.context import Context
from shared.mail.digest import find_digest_due, queue_digest
from shared.models.gateways import Gateway, Poll
from shared.models.invoices import Hold, Invoice
from shared.models.mail import Outbox
from shared.queue import InProcess
from shared.settings import set_setting
from tests.data.homes import a_home, at
from tests.data.mailed import issued_bills
from tests.mailroom import Mailroom, a_mailroom, text_of
from tests.people import Clock, a_config

MORNING = at("2026-01-06 07:00")


@pytest.fixture
def room() -> Iterator[Mailroom]:
    """Give a mail server."""
    with a_mailroom() as room:
        yield room


@contextmanager
def a_context(engine: Engine, clock: Clock, **environ: str) -> Iterator[Context]:
    """Give what a process works with."""
    url = engine.url.render_as_string(hide_password=False)
    config = a_config(PPA_DATABASE_URL=url, **environ)
    context = Context(config, clock, io.StringIO(), io.StringIO(), "test")
    yield context
    context.close()


def tick(context: Context) -> int:
    """Do what is due of the mails; return how many calls there were."""
    return reconcile(context, InProcess(handlers(context)), Lane.MAIL)


def an_operator_address(engine: Engine, address: str) -> None:
    """Set where the morning's mail goes."""
    with Session(engine) as session, session.begin():
        set_setting(
            session, "operator_email", address, valid_from=date(1, 1, 1), now=0, actor="test"
        )


def test_a_tick_sends_what_is_due_and_then_nothing_is(engine: Engine, room: Mailroom) -> None:
    issued_bills(engine, 3)
    with a_context(engine, Clock(MORNING), **room.environ) as context:
        assert (tick(context), len(room.taken)) == (1, 3)
        assert (tick(context), len(room.taken)) == (0, 3)


def test_without_a_mail_server_nothing_is_ever_due(engine: Engine) -> None:
    issued_bills(engine, 1)
    an_operator_address(engine, "clerk@example.jp")
    with a_context(engine, Clock(MORNING)) as context:
        assert find_mail_calls(context) == []


def test_the_operator_is_told_once_each_morning_what_waits(engine: Engine, room: Mailroom) -> None:
    an_operator_address(engine, "clerk@example.jp")
    with Session(engine) as session, session.begin():
        bill = _held_bill(session)
        session.add(Hold(invoice_id=bill, reason="contract_missing"))
        session.add(Gateway(id=1, site_id=1, driver="modbus", address="10.0.0.1:502"))
        session.flush()
        at = MORNING - 1800
        session.add(
            Poll(gateway_id=1, slot=at, tries=1, tried_at=at, settled=1, outcome="unreachable")
        )
    clock = Clock(MORNING - 1)
    with a_context(engine, clock, **room.environ) as context:
        assert tick(context) == 0
        for _ in range(3):
            clock.forward(seconds=1)
            tick(context)
        clock.forward(days=1)
        tick(context)
    mail, _next = room.of("clerk@example.jp")
    assert mail["Subject"] == "今日の作業: 2件(2026年1月6日)"
    for told in ("要確認の請求", "1件", "機器を見る必要のある家", "http://127.0.0.1:8000/office/"):
        assert told in text_of(mail)


def _held_bill(session: Session) -> int:
    customer_id = a_home(session)
    invoice = Invoice(
        customer_id=customer_id, site_id=1, month=date(2024, 1, 1), invoice_no="24011120220110",
        period_start=date(2024, 1, 16), period_end=date(2024, 2, 16), state="held", quality="A",
        name="顧客0170", inputs="", snapshot="{}", computed_at=0,
    )  # fmt: skip
    session.add(invoice)
    session.flush()
    return invoice.id


def test_two_processes_write_one_morning_mail(engine: Engine) -> None:
    an_operator_address(engine, "clerk@example.jp")
    for _ in range(2):
        with Session(engine) as session, session.begin():
            queue_digest(session, MORNING)
    with Session(engine) as session:
        assert session.scalars(select(Outbox.key)).all() == ["digest:2026-01-06"]
        assert not find_digest_due(session, MORNING + 60)


@pytest.mark.parametrize("address", ["", "nobody"])
def test_without_an_address_there_is_no_morning_mail(engine: Engine, address: str) -> None:
    an_operator_address(engine, address)
    with Session(engine) as session:
        assert not find_digest_due(session, MORNING)
