"""A gateway that is back is asked for the days on which it was silent, once (gateways.md §5)."""

from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.fleet.mending import find_missing, request_missing
from shared.models.customers import Site
from shared.models.fleet import GatewayRequest
from shared.models.gateways import Gateway, Poll
from shared.months import instant

NOON = instant(date(2024, 2, 20)) + 12 * 3600
DAY = 86_400


def a_gateway(engine: Engine, driver: str = "echonet", *, failures: int = 0) -> int:
    with Session(engine) as session, session.begin():
        site = Site()
        session.add(site)
        session.flush()
        gateway = Gateway(
            site_id=site.id, driver=driver, address="10.0.0.5:3610", failures=failures,
            last_ok_at=NOON - 600,
        )  # fmt: skip
        session.add(gateway)
        session.flush()
        return gateway.id


def polled(engine: Engine, gateway_id: int, days_ago: float, outcome: str = "unreachable") -> None:
    slot = NOON - int(days_ago * DAY)
    with Session(engine) as session, session.begin():
        session.add(
            Poll(
                gateway_id=gateway_id, slot=slot, tries=1, tried_at=slot, settled=1, outcome=outcome
            )
        )  # fmt: skip


def missing(engine: Engine, now: int = NOON) -> dict[int, tuple[date, date]]:
    with Session(engine) as session:
        return find_missing(session, now)


def test_days_of_silence_are_asked_for_once_it_is_back(engine: Engine) -> None:
    gateway_id = a_gateway(engine)
    polled(engine, gateway_id, 6, "ok")
    for days_ago in (5, 4.5, 3):
        polled(engine, gateway_id, days_ago)
    assert missing(engine) == {gateway_id: (date(2024, 2, 15), date(2024, 2, 17))}
    with Session(engine) as session, session.begin():
        (number,) = request_missing(session, find_missing(session, NOON), NOON)
    with Session(engine) as session:
        request = session.get_one(GatewayRequest, number)
        told = (request.kind, request.asked_by, request.first_day, request.last_day, request.steps)
    assert told == ("backfill", "scheduler", date(2024, 2, 15), date(2024, 2, 17), 3)
    assert missing(engine, NOON + 3600) == {}
    with Session(engine) as session, session.begin():
        session.scalars(select(Gateway)).one().last_ok_at = NOON + 2 * DAY
    assert missing(engine, NOON + 2 * DAY) == {}


def test_the_rest_of_the_day_of_a_fetch_is_asked_for_the_next_day(engine: Engine) -> None:
    gateway_id = a_gateway(engine)
    polled(engine, gateway_id, 1 / 24)
    with Session(engine) as session, session.begin():
        assert len(request_missing(session, find_missing(session, NOON), NOON)) == 1
        session.scalars(select(Gateway)).one().last_ok_at = NOON + DAY
    assert missing(engine, NOON + DAY) == {gateway_id: (date(2024, 2, 20), date(2024, 2, 20))}


@pytest.mark.parametrize(("driver", "failures"), [("modbus", 0), ("aiseg2", 0), ("echonet", 1)])
def test_who_keeps_nothing_or_is_still_silent_is_not_asked(
    engine: Engine, driver: str, failures: int
) -> None:
    polled(engine, a_gateway(engine, driver, failures=failures), 2)
    assert missing(engine) == {}
