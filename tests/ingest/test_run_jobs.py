"""A run asked for on a page is begun at once, without Redis and through it."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ingest import ticking
from ingest.jobs import WORKS, Lane, reconcile
from ingest.ticking import in_process, start_through_redis
from shared.commands.context import Context
from shared.invoices.runs import Asked, Kind, RunState, find_run, request_run
from shared.months import Month
from shared.queue import Call, Dispatcher, Task
from tests.data.homes import at
from tests.ingest.fleets import Fleet, a_fleet, wait_until

HOME = "1120220110"
TIME = "2016-09-20 09:00"


@pytest.fixture
def at_home(engine: Engine, tmp_path: Path) -> Iterator[Fleet]:
    """Give a fleet without Redis."""
    with a_fleet(engine, tmp_path, None) as fleet:
        fleet.set_clock(TIME)
        yield fleet


def requested(fleet: Fleet, kind: Kind = Kind.DRY) -> int:
    with Session(fleet.engine) as session, session.begin():
        now = at(TIME)
        return request_run(session, Asked(kind, Month(2016, 8), now, "someone@example.jp", now))


def is_done(fleet: Fleet, run_id: int) -> bool:
    with Session(fleet.engine) as session:
        return find_run(session, run_id).state is RunState.DONE


def test_every_task_has_its_work_and_takes_plain_ids() -> None:
    assert [work.task for work in WORKS] == list(Task)
    for work in WORKS:
        _context, *rest = inspect.signature(work.do).parameters.values()
        assert {parameter.annotation for parameter in rest} <= {int, str}


def test_what_is_due_is_found_and_done_in_this_process(at_home: Fleet) -> None:
    first, second = requested(at_home), requested(at_home, Kind.RUN)
    assert at_home.tick(TIME) == 2
    assert is_done(at_home, first)
    assert is_done(at_home, second)
    assert at_home.tick(TIME) == 0


def test_a_request_rings_the_bell_of_the_process_that_took_it(
    at_home: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = Event()

    def tells(context: Context, dispatcher: Dispatcher, lane: Lane | None) -> int:
        slept.set()
        return reconcile(context, dispatcher, lane)

    monkeypatch.setattr(ticking, "reconcile", tells)
    ticker = in_process(at_home.context, Lane.OFFICE)
    thread = ticker.start()
    assert slept.wait(60)
    run_id = requested(at_home)
    ticker.ring([Call(Task.BILL_RUN, (run_id,))])
    wait_until(lambda: is_done(at_home, run_id))
    ticker.end()
    thread.join(60)
    assert not thread.is_alive()
    ticker.context.close()


def test_one_work_whose_finder_fails_does_not_keep_the_others_from_being_done(
    at_home: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_context: object) -> list[Call]:
        raise ValueError("no such luck")

    polling = WORKS[0]
    broken = type(polling)(polling.task, fails, polling.do, Lane.GATEWAYS)
    monkeypatch.setattr("ingest.jobs.WORKS", (broken, *WORKS[1:]))
    run_id = requested(at_home)
    assert at_home.tick(TIME) == 1
    assert is_done(at_home, run_id)


def test_a_request_goes_through_redis_to_a_worker_before_the_next_tick(
    engine: Engine, redis_url: str, tmp_path: Path
) -> None:
    with a_fleet(engine, tmp_path, redis_url) as fleet:
        fleet.set_clock(TIME)
        fleet.run("worker")
        run_id = requested(fleet)
        start_through_redis(fleet.context, redis_url)([Call(Task.BILL_RUN, (run_id,))])
        wait_until(lambda: is_done(fleet, run_id))


def test_a_page_does_without_a_redis_that_is_gone(at_home: Fleet) -> None:
    start = start_through_redis(at_home.context, "redis://127.0.0.1:8109")
    start([Call(Task.BILL_RUN, (1,))])
    with pytest.raises(Exception, match=r"127\.0\.0\.1:8109"):
        Redis.from_url("redis://127.0.0.1:8109").ping()
