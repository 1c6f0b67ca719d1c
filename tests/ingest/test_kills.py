"""Nothing is lost or doubled when processes are killed and Redis forgets everything."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest.simulator.server import Manners
from tests.ingest.fleets import PATIENCE_S, Fleet, a_fleet, horses_of, kill_hard, wait_until
from tests.ingest.test_jobs import NIGHT, SECOND, a_meter

HOMES = 6


@pytest.fixture
def distant(engine: Engine, redis_url: str, tmp_path: Path) -> Iterator[tuple[Fleet, Manners]]:
    """Give a fleet whose gateways answer slowly, until told otherwise."""
    manners = Manners(latency_s=0.7)
    with a_fleet(engine, tmp_path, redis_url) as fleet:
        for n in range(HOMES):
            fleet.home(f"11202201{n:02}", a_meter(), manners)
        yield fleet, manners


def all_once(fleet: Fleet, slot: str) -> bool:
    return list(fleet.polls(slot).values()) == [("ok", 1, 1)] * HOMES


def test_a_killed_poll_is_done_again_though_redis_forgot_it(
    distant: tuple[Fleet, Manners],
) -> None:
    fleet, manners = distant
    fleet.set_clock("2016-08-16 00:15")
    worker, ticker = fleet.run("worker"), fleet.run("scheduler")
    wait_until(lambda: len(fleet.leased()) == HOMES)
    kill_hard(worker.pid, ticker.pid, *horses_of(worker.pid))
    fleet.redis.flushall()
    assert (fleet.readings(), fleet.polls(NIGHT)) == ([], {})

    manners.latency_s = 0
    fleet.set_clock("2016-08-16 00:16")
    fleet.run("worker")
    fleet.run("scheduler")
    fleet.run("scheduler")
    wait_until(lambda: all_once(fleet, NIGHT))
    fleet.tick("2016-08-16 02:45")
    assert all_once(fleet, SECOND)
    per_channel = Counter((site, channel) for site, channel, _, _ in fleet.readings())
    assert set(per_channel.values()) == {2}
    assert len(per_channel) == 2 * HOMES
    assert fleet.leased() == []


def test_a_work_horse_that_outlives_its_worker_doubles_nothing(
    distant: tuple[Fleet, Manners],
) -> None:
    fleet, _ = distant
    fleet.set_clock("2016-08-16 00:15")
    worker = fleet.run("worker")
    fleet.run("scheduler")
    wait_until(lambda: len(fleet.leased()) == HOMES)
    kill_hard(worker.pid)
    fleet.redis.flushall()
    fleet.run("worker")
    fleet.run("scheduler")
    wait_until(lambda: all_once(fleet, NIGHT) and fleet.is_idle())
    assert len(fleet.readings()) == 2 * HOMES


def test_a_killed_work_horse_alone_is_followed_by_another(
    distant: tuple[Fleet, Manners],
) -> None:
    fleet, manners = distant
    fleet.set_clock("2016-08-16 00:15")
    worker = fleet.run("worker")
    fleet.run("scheduler")
    wait_until(lambda: len(fleet.leased()) == HOMES)
    kill_hard(*horses_of(worker.pid))
    wait_until(fleet.is_idle)
    manners.latency_s = 0
    assert fleet.tick("2016-08-16 00:16") == 1
    assert all_once(fleet, NIGHT)
    assert len(fleet.readings()) == 2 * HOMES


@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_sigterm_ends_an_idle_process_at_once(fleet: Fleet, command: str) -> None:
    fleet.home("1120220110", a_meter())
    fleet.set_clock("2016-08-16 00:15")
    process = fleet.run(command)
    if command == "scheduler" and fleet.redis_url is None:
        _, told = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, b"no scheduler needed" in told) == (0, True)
        return
    if command == "scheduler" or fleet.redis_url is None:
        wait_until(lambda: all(row[2] for row in fleet.polls(NIGHT).values() or [(0, 0, 0)]))
    else:
        wait_until(lambda: len(fleet.redis.keys("rq:worker:*")) == 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0


def test_sigterm_ends_a_busy_worker_within_its_time(distant: tuple[Fleet, Manners]) -> None:
    fleet, manners = distant
    manners.mode = "silent"
    fleet.environ["PPA_GATEWAY_TIMEOUT_S"] = fleet.environ["PPA_GATEWAY_DEADLINE_S"] = "60"
    fleet.set_clock("2016-08-16 00:15")
    worker = fleet.run("worker")
    fleet.run("scheduler")
    wait_until(lambda: len(fleet.leased()) == HOMES)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=15) == 0
