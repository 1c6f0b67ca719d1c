"""A gateway that fails is left alone longer and longer; one that refuses its password, for good."""

from collections.abc import Sequence
from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.drivers.protocol import Air, Outcome, Sample
from ingest.due import STOPPED, Polled, claim, find_due, record, release
from ingest.slots import next_try, slot_at
from shared.fleet.states import PATIENCE
from shared.fleet.traffic import add_traffic
from shared.models.fleet import GatewayTraffic
from shared.models.gateways import Gateway, Poll
from shared.months import instant
from tests.conftest import Ppa
from tests.ingest.gateways import NOON, PV
from tests.ingest.test_backfill_command import a_home_with
from tests.ingest.test_poll_command import METER
from tests.ingest.test_probe_command import OPEN, a_gateway

MIDNIGHT = instant(date(2024, 6, 10))
HALF_HOUR = 1800


@pytest.fixture
def gateway_id(ppa: Ppa, engine: Engine) -> int:
    """Give the id of a home's one gateway, where nobody answers."""
    a_home_with(ppa, engine, "modbus,127.0.0.1:9,1,dzg,pv export:import,")
    with Session(engine) as session:
        return session.scalars(select(Gateway.id)).one()


def is_due(engine: Engine, at: int) -> bool:
    slot = slot_at(at, None)
    with Session(engine) as session:
        return bool(slot and find_due(session, slot, at))


def asked(engine: Engine, at: int, outcome: Outcome) -> None:
    """Ask whoever is due at an instant, with this outcome."""
    slot = slot_at(at, None)
    assert slot is not None
    with Session(engine) as session, session.begin():
        claimed = claim(session, slot, find_due(session, slot, at), at, 25)
    assert claimed.gateways, "nobody was due"
    wh = {"wh": 5} if outcome is Outcome.OK else {"outcome": outcome, "error": "no"}
    polled = [Polled(one, [Sample(PV, at, **wh)]) for one in claimed.gateways]
    with Session(engine) as session, session.begin():
        record(session, slot, polled, at, HALF_HOUR)
        release(session, claimed.owner, [one.gateway.id for one in polled])


def health(engine: Engine) -> tuple[int, int]:
    with Session(engine) as session:
        row = session.scalars(select(Gateway)).one()
        return row.failures, row.next_try_at


def fail(engine: Engine, times: int, at: int = NOON) -> int:
    """Fail in slots one after another; return the instant of the last."""
    for n in range(times):
        at += HALF_HOUR if n else 0
        asked(engine, at, Outcome.UNREACHABLE)
    return at


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 0), (2, 0), (3, 5), (4, 15), (5, 60), (6, 180), (60, 180)]
)
def test_a_breaker_stays_open_longer_each_time_a_fifth_more_or_less(
    failures: int, minutes: int
) -> None:
    waits = {next_try(i, failures, NOON, HALF_HOUR) - NOON for i in range(200)}
    if not minutes:
        assert {wait + NOON for wait in waits} == {0}
        return
    assert min(waits) >= minutes * 60 * 8 // 10
    assert max(waits) <= minutes * 60 * 12 // 10
    assert len(waits) > 50


def test_after_three_failures_it_is_tried_when_its_breaker_says(
    engine: Engine, gateway_id: int
) -> None:
    at = fail(engine, PATIENCE)
    failures, until = health(engine)
    assert failures == PATIENCE
    assert 240 <= until - at <= 360
    assert not is_due(engine, until - 1)
    assert is_due(engine, until)  # in the same slot, which had its try
    asked(engine, until, Outcome.UNREACHABLE)
    failures, later = health(engine)
    assert failures == PATIENCE + 1
    assert 720 <= later - until <= 1080
    assert not is_due(engine, until + 600)
    asked(engine, later, Outcome.OK)
    assert health(engine) == (0, 0)
    assert is_due(engine, later + HALF_HOUR)


def test_by_night_a_breaker_keeps_nobody_from_the_boundary(engine: Engine, gateway_id: int) -> None:
    at = fail(engine, PATIENCE)
    with Session(engine) as session, session.begin():
        session.get_one(Gateway, gateway_id).next_try_at = at + 86_400
    assert not is_due(engine, at + HALF_HOUR)
    assert is_due(engine, MIDNIGHT + 86_400 + 900)


def test_a_refused_password_is_not_tried_again_until_it_is_put_right(
    ppa: Ppa, engine: Engine, gateway_id: int
) -> None:
    asked(engine, NOON, Outcome.AUTH_FAILED)
    assert health(engine) == (1, STOPPED)
    for later in (HALF_HOUR, 86_400, MIDNIGHT + 86_400 + 900 - NOON, 40 * 86_400):
        assert not is_due(engine, NOON + later)
    file = ppa.home / "gateways.csv"
    assert ppa("gateways", "import", str(file), "--apply", **OPEN).code == 0
    assert is_due(engine, NOON + HALF_HOUR)


def test_a_person_who_reads_a_gateway_closes_its_breaker(ppa: Ppa, engine: Engine) -> None:
    with a_gateway(METER) as address:
        a_home_with(ppa, engine, f"modbus,{address},1,dzg,pv export:import,")
        with Session(engine) as session, session.begin():
            row = session.scalars(select(Gateway)).one()
            row.failures, row.next_try_at = 9, STOPPED
        assert ppa("gateways", "poll", now="2024-06-10T12:25:00+09:00", **OPEN).code == 0
    assert health(engine) == (0, 0)
    with Session(engine) as session:
        traffic = session.scalars(select(GatewayTraffic)).one()
        assert session.scalars(select(Poll)).all() == []
    assert (traffic.month, traffic.asks) == (date(2024, 6, 1), 1)
    assert 200 < traffic.octets < 400


def test_octets_add_up_by_month_with_the_headers_of_each_packet(
    engine: Engine, gateway_id: int
) -> None:
    air = Air()
    air.count(12)
    air.count(2801)
    assert air.octets == 12 + 40 + 2801 + 3 * 40
    spent: Sequence[tuple[int, int]] = ((100, NOON), (50, NOON + 60), (7, NOON + 30 * 86_400))
    for octets, at in spent:
        with Session(engine) as session, session.begin():
            add_traffic(session, {gateway_id: octets}, at)
    with Session(engine) as session:
        kept = session.scalars(select(GatewayTraffic).order_by(GatewayTraffic.month)).all()
        assert [(row.octets, row.asks) for row in kept] == [(150, 2), (7, 1)]
