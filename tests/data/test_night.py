"""What was done in the night, on both databases, from the rows that it left."""

from datetime import date

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from shared.fleet.requests import BY_ITSELF, Kind
from shared.invoices.runs import Kind as RunKind
from shared.models.fleet import GatewayRequest
from shared.models.gateways import Gateway, Poll
from shared.models.invoices import BillRun
from shared.models.mail import MailEvent, Outbox
from shared.months import Month
from shared.night import Done, find_night
from tests.data.homes import a_home, at

NOW = at("2024-02-19 08:40")


@pytest.fixture
def devices(engine: Engine) -> list[int]:
    """Store two homes with a gateway each, and return the gateways' ids."""
    with Session(engine) as session, session.begin():
        for n in (1, 2):
            a_home(session, f"112022010{n}")
        found = [Gateway(site_id=n, driver="modbus", address=f"10.0.0.{n}:502") for n in (1, 2)]
        session.add_all(found)
        session.flush()
        return [one.id for one in found]


def polled(session: Session, gateway_id: int, when: str, outcome: str) -> None:
    slot = at(when)
    session.add(
        Poll(gateway_id=gateway_id, slot=slot, tries=1, tried_at=slot, settled=1, outcome=outcome)
    )


def ran(session: Session, kind: RunKind, when: str, **more: str) -> None:
    fields = {"report": '{"counts": {"closed": 137, "held": 5}}', "state": "done"} | more
    session.add(
        BillRun(
            kind=kind.value, month=date(2024, 1, 1), as_of=at(when), actor="scheduler",
            requested_at=at(when), finished_at=at(when), total=142, done=142, **fields,
        )
    )  # fmt: skip


def test_the_nights_work_is_told_in_order_of_time(engine: Engine, devices: list[int]) -> None:
    first, second = devices
    with Session(engine) as session, session.begin():
        polled(session, first, "2024-02-19 00:05", "ok")
        polled(session, second, "2024-02-19 00:05", "unreachable")
        polled(session, second, "2024-02-19 02:30", "ok")
        ran(session, RunKind.RUN, "2024-02-19 04:10")
        ran(session, RunKind.ISSUE, "2024-02-18 22:00", state="stopped", report="{}")
        mailed(session)
        for gateway_id, days in ((first, 2), (second, 3)):
            session.add(
                GatewayRequest(
                    gateway_id=gateway_id, kind=Kind.BACKFILL.value, asked_at=NOW,
                    asked_by=BY_ITSELF, steps=days, done=days, ended_at=at("2024-02-19 03:10"),
                )
            )  # fmt: skip
    month = Month(2024, 1)
    with Session(engine) as session:
        assert find_night(session, NOW) == [
            Done(at("2024-02-18 22:00"), "stopped", 142, 142, month),
            Done(at("2024-02-19 00:05"), "polled", 1, 2),
            Done(at("2024-02-19 02:30"), "polled_again", 1, 1),
            Done(at("2024-02-19 03:10"), "fetched", 5, 2),
            Done(at("2024-02-19 04:10"), "run", 142, 142, month, {"closed": 137, "held": 5}),
            Done(at("2024-02-19 07:00"), "mailed", 2, states={"accepted": 2, "refused": 1}),
        ]


def mailed(session: Session) -> None:
    """Store three mails, of which one was refused and one was tried twice."""
    for n in range(3):
        session.add(
            Outbox(kind="bill", key=f"{n}", recipient="a@example.jp", state="accepted", queued_at=0)
        )
    session.flush()
    for outbox_id, kind in ((1, "accepted"), (2, "accepted"), (2, "sending"), (3, "refused")):
        session.add(MailEvent(outbox_id=outbox_id, at=at("2024-02-19 07:00"), kind=kind))


def test_the_evening_before_last_and_the_working_day_are_no_part_of_it(
    engine: Engine, devices: list[int]
) -> None:
    with Session(engine) as session, session.begin():
        polled(session, devices[0], "2024-02-18 23:30", "ok")
        polled(session, devices[0], "2024-02-19 04:00", "ok")
        ran(session, RunKind.RUN, "2024-02-18 17:59")
        ran(session, RunKind.RUN, "2024-02-19 09:01")
    with Session(engine) as session:
        assert find_night(session, at("2024-02-19 17:00")) == []


def test_it_asks_four_times_however_much_there_is(engine: Engine) -> None:
    sent: list[str] = []
    with Session(engine) as session:
        session.connection()
        event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
        find_night(session, NOW)
    assert len(sent) == 4
