"""What a page asks of a device is done by a worker: tried, read, or fetched day by day."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ingest import requests
from ingest.drivers.protocol import Found, Outcome, Sample
from ingest.jobs import handlers
from ingest.requests import do_request, find_requests, hint
from ingest.simulator.images import Device
from shared.commands.context import Context
from shared.config import load
from shared.fleet.commissioning import find_checks
from shared.fleet.requests import APART_S, Kind, Request, TooSoon, ask, claim
from shared.fleet.requests import find_requests as find_asked
from shared.models.gateways import Gateway
from shared.models.operations import Audit
from shared.models.telemetry import DayValue, Reading
from shared.queue import Call, Task
from shared.units import Wh
from tests.conftest import Ppa
from tests.ingest.aisegs import BEFORE, PASSWORD, YESTERDAY, an_aiseg
from tests.ingest.gateways import NOON, PV
from tests.ingest.test_backfill_command import a_home_with
from tests.ingest.test_poll_command import METER
from tests.ingest.test_poll_command import NOW as REGISTERS
from tests.ingest.test_probe_command import OPEN, a_gateway, beside

WHO = ("clerk@example.jp", NOON)
CHANNELS = "pv export:import"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def context(ppa: Ppa, engine: Engine, stack: ExitStack) -> Context:
    """Give a worker's surroundings at noon."""
    with (ppa.home / "out").open("w") as out:
        context = Context(load(ppa.environ | OPEN), lambda: NOON, out, out, "worker")
    stack.callback(context.close)
    return context


def served(ppa: Ppa, engine: Engine, stack: ExitStack, device: Device = METER) -> int:
    """Keep a home with a Modbus meter that answers; return the gateway's id."""
    address = stack.enter_context(a_gateway(device))
    a_home_with(ppa, engine, f"modbus,{address},1,dzg,{CHANNELS},")
    return the_gateway(engine)


def the_gateway(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalars(select(Gateway.id)).one()


def asked(engine: Engine, gateway_id: int, kind: Kind, *days: date) -> int:
    with Session(engine) as session, session.begin():
        return ask(session, gateway_id, kind, WHO, (days[0], days[1]) if days else None)


def told(engine: Engine, gateway_id: int) -> Request:
    with Session(engine) as session:
        return find_asked(session, gateway_id, 1)[0]


def readings(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(Reading)) or 0


def test_a_trial_read_tells_and_stores_nothing(
    ppa: Ppa, engine: Engine, stack: ExitStack, context: Context
) -> None:
    gateway_id = served(ppa, engine, stack)
    number = asked(engine, gateway_id, Kind.READ)
    assert find_requests(context) == [Call(Task.ASK, (number,))]
    assert handlers(context)[Task.ASK](number) == 1
    request = told(engine, gateway_id)
    assert [(r["channel"], r["wh"], r["outcome"], r["hint"]) for r in request.result["rows"]] == [
        ("pv", REGISTERS.pv, "ok", ""),
        ("export", REGISTERS.export, "ok", ""),
    ]
    assert request.ended_at == NOON
    assert {one["source"] for one in request.result["found"]} == {"export", "import"}
    assert readings(engine) == 0
    assert find_requests(context) == []


def test_reading_now_stores_what_was_read(
    ppa: Ppa, engine: Engine, stack: ExitStack, context: Context
) -> None:
    gateway_id = served(ppa, engine, stack)
    do_request(context, asked(engine, gateway_id, Kind.POLL))
    assert [row["outcome"] for row in told(engine, gateway_id).result["rows"]] == ["ok", "ok"]
    assert readings(engine) == 2


def test_a_home_that_is_off_says_so(
    ppa: Ppa, engine: Engine, stack: ExitStack, context: Context
) -> None:
    a_home_with(ppa, engine, f"modbus,127.0.0.1:9,1,dzg,{CHANNELS},")
    gateway_id = the_gateway(engine)
    do_request(context, asked(engine, gateway_id, Kind.READ))
    rows = told(engine, gateway_id).result["rows"]
    assert [row["outcome"] for row in rows] == ["unreachable", "unreachable"]


def test_days_are_fetched_some_at_a_time_and_the_rest_goes_on(
    ppa: Ppa,
    engine: Engine,
    stack: ExitStack,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, "DAYS_AT_ONCE", 1)
    address = stack.enter_context(beside(an_aiseg()))
    a_home_with(ppa, engine, f"aiseg2,{address},,,export,{PASSWORD}")
    gateway_id = the_gateway(engine)
    number = asked(engine, gateway_id, Kind.BACKFILL, BEFORE, YESTERDAY)
    assert do_request(context, number) == 1
    half = told(engine, gateway_id)
    assert (half.steps, half.done, half.ended_at) == (2, 1, None)
    assert find_requests(context) == [Call(Task.ASK, (number,))]
    assert do_request(context, number) == 1
    whole = told(engine, gateway_id)
    assert (whole.done, whole.ended_at) == (2, NOON)
    assert whole.result["outcomes"] == {"ok": 2}
    with Session(engine) as session:
        assert session.scalars(select(DayValue.day).order_by(DayValue.day)).all() == [
            BEFORE, YESTERDAY,
        ]  # fmt: skip


def test_a_person_asks_a_device_once_a_minute(
    ppa: Ppa, engine: Engine, stack: ExitStack, context: Context
) -> None:
    gateway_id = served(ppa, engine, stack)
    asked(engine, gateway_id, Kind.READ)
    with pytest.raises(TooSoon, match="wait 60 s"):
        asked(engine, gateway_id, Kind.POLL)
    with Session(engine) as session, session.begin():
        ask(session, gateway_id, Kind.POLL, ("clerk@example.jp", NOON + APART_S))
    with Session(engine) as session:
        actions = session.scalars(select(Audit.action).where(Audit.subject == str(gateway_id)))
        assert sorted(actions) == ["gateway.poll", "gateway.read"]


def test_only_one_worker_has_a_request_and_a_dead_ones_is_taken_over(
    ppa: Ppa, engine: Engine, stack: ExitStack, context: Context
) -> None:
    gateway_id = served(ppa, engine, stack)
    number = asked(engine, gateway_id, Kind.READ)
    with Session(engine) as session, session.begin():
        assert claim(session, number, NOON) is not None
        assert claim(session, number, NOON) is None
    assert do_request(context, number) == 0
    with Session(engine) as session, session.begin():
        assert claim(session, number, NOON + 121) is not None


def test_a_device_is_ready_when_its_meters_are_on_record_and_it_reads_well(
    ppa: Ppa, engine: Engine, stack: ExitStack, context: Context
) -> None:
    gateway_id = served(ppa, engine, stack)
    with Session(engine) as session:
        lacking = {check.key: check.missing for check in find_checks(session, gateway_id, NOON)}
    assert lacking == dict.fromkeys(("serial", "register", "photo", "read"), ("pv", "export"))
    do_request(context, asked(engine, gateway_id, Kind.READ))
    with Session(engine) as session:
        checks = {check.key: check.is_done for check in find_checks(session, gateway_id, NOON)}
    assert checks == {"serial": False, "register": False, "photo": False, "read": True}


@pytest.mark.parametrize(
    ("sample", "found", "last_wh", "said"),
    [
        (Sample(PV, NOON, Wh(5_000_000)), [], None, ""),
        (Sample(PV, NOON, Wh(5_000_000)), [], 5_000_001, "below_last"),
        (Sample(PV, NOON, Wh(0)), [Found("import", Wh(7))], None, "direction"),
        (Sample(PV, NOON, Wh(0)), [Found("import", Wh(0))], None, ""),
        (Sample(PV, NOON, outcome=Outcome.NO_DATA), [Found("import", Wh(7))], None, "direction"),
        (Sample(PV, NOON, Wh(65_536_000_000), raw=0x03E80000), [], None, "word_order"),
        (Sample(PV, NOON, Wh(300_000_000), raw=300), [], None, "too_much"),
        (Sample(PV, NOON, outcome=Outcome.UNREACHABLE), [], None, ""),
    ],
)
def test_a_trial_read_hints_at_direction_word_order_and_unit(
    sample: Sample, found: list[Found], last_wh: int | None, said: str
) -> None:
    assert hint(sample, found, last_wh) == said
