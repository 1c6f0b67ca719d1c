"""ECHONET Lite gateways are polled by one process at a time, out of a queue of their own."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ingest.due import ECHONET
from ingest.port import Port
from ingest.simulator.echonet import EchonetNode
from shared.gateways import NewGateway, put_gateways
from shared.models.operations import Lease
from shared.queue import ECHONET_QUEUE, QUEUE, QUEUES, Call, RedisQueue, Task, make_queue
from tests.data.homes import a_home, at
from tests.ingest.echonet_nodes import a_node
from tests.ingest.fleets import LONG_AGO, Fleet, a_fleet, horses_of, kill_hard, wait_until
from tests.ingest.gateways import EXPORT, PV
from tests.ingest.test_echonet_commands import env as env  # noqa: PLC0414 - a fixture
from tests.ingest.test_jobs import NIGHT, a_meter
from tests.ingest.test_probe_command import beside

ONE, OTHER = "1120220110", "1120220111"
MIDNIGHT = "2016-08-16 00:15"


@pytest.fixture(params=["in process", "through redis"])
def fleet(
    request: pytest.FixtureRequest, engine: Engine, tmp_path: Path, env: dict[str, str]
) -> Iterator[Fleet]:
    """Give a fleet without homes, with a port of its own."""
    through = request.param == "through redis"
    url = request.getfixturevalue("redis_url") if through else None
    with a_fleet(engine, tmp_path, url, **env) as fleet:
        if through:
            fleet.run("worker")
        yield fleet


def has_node(fleet: Fleet, number: str, node: EchonetNode) -> None:
    """Give a home an ECHONET node that counts generation and export."""
    address = fleet.stack.enter_context(beside(node))
    feeds = {PV: ("", "inverter", ""), EXPORT: ("", "certified", "")}
    with Session(fleet.engine) as session, session.begin():
        site_id = a_home(session, number, contract=LONG_AGO)
        new = NewGateway(site_id, ECHONET, address, 1, "", "", None, "register", feeds)
        put_gateways(session, [new])


def test_nodes_and_other_gateways_are_polled_side_by_side(fleet: Fleet) -> None:
    has_node(fleet, ONE, a_node())
    fleet.home(OTHER, a_meter())
    assert fleet.tick(MIDNIGHT) == 2
    assert fleet.polls(NIGHT) == {1: ("ok", 1, 1), 2: ("ok", 1, 1)}
    assert [(site, channel) for site, channel, _, _ in fleet.readings()] == [
        (1, "export"),
        (1, "pv"),
        (2, "export"),
        (2, "pv"),
    ]
    assert fleet.tick("2016-08-16 00:16") == 0
    assert fleet.leased() == []


def test_while_another_process_has_the_port_nobody_is_asked(fleet: Fleet) -> None:
    node = a_node()
    has_node(fleet, ONE, node)
    with Session(fleet.engine) as session, session.begin():
        until = at("2016-08-16 00:16")
        session.add(Lease(name="echonet port", until=until, owner="another"))
    assert fleet.tick(MIDNIGHT) == 1
    assert (node.asked, fleet.polls(NIGHT)) == ([], {})
    assert fleet.tick("2016-08-16 00:16") == 1
    assert fleet.polls(NIGHT) == {1: ("ok", 1, 1)}


def test_a_silent_node_is_asked_again_at_night(fleet: Fleet) -> None:
    silent = a_node(twist=lambda _question, _answer: [])
    has_node(fleet, ONE, silent)
    fleet.environ["PPA_GATEWAY_TIMEOUT_S"] = "1"
    fleet.tick(MIDNIGHT)
    assert fleet.polls(NIGHT) == {1: ("unreachable", 1, 0)}
    silent.twist = lambda _question, answer: [answer]
    fleet.tick("2016-08-16 00:30")
    assert fleet.polls(NIGHT) == {1: ("ok", 2, 1)}


def test_a_port_that_cannot_be_had_is_no_gateways_fault(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with a_fleet(engine, tmp_path, None, PPA_ECHONET_BIND="192.0.2.77:3610") as fleet:
        has_node(fleet, ONE, a_node())
        with caplog.at_level(logging.ERROR):
            assert fleet.tick(MIDNIGHT) == 1
        assert fleet.polls(NIGHT) == {}
    assert "PPA_ECHONET_BIND: 192.0.2.77:3610 cannot be had" in caplog.text


def test_the_port_is_one_processs_until_its_lease_runs_out(
    engine: Engine, tmp_path: Path, env: dict[str, str]
) -> None:
    with a_fleet(engine, tmp_path, None, **env) as fleet:
        fleet.set_clock(MIDNIGHT)
        first, second = Port(fleet.context), Port(fleet.context)
        assert [first.take(), second.take(), first.take()] == [True, False, True]
        second.give_back()
        assert not second.take()
        first.give_back()
        assert [second.take(), first.take()] == [True, False]
        fleet.set_clock("2016-08-16 00:16")
        assert first.take()


def test_the_polls_of_nodes_wait_in_a_queue_of_their_own(redis_url: str) -> None:
    calls = [Call(Task.POLL, (1_717_989_900, 0)), Call(Task.POLL_ECHONET, (1_717_989_900,))]
    with Redis.from_url(redis_url) as connection:
        queue = RedisQueue(connection)
        assert [queue.start(calls, now) for now in (100, 160)] == [2, 0]
        waiting = {name: make_queue(connection, name).get_job_ids() for name in QUEUES}
        assert waiting == {
            QUEUE: ["poll-1717989900-0-100"],
            ECHONET_QUEUE: ["poll_echonet-1717989900-100"],
        }


def test_a_killed_poll_of_nodes_is_done_again_though_its_port_was_never_given_back(
    engine: Engine, tmp_path: Path, env: dict[str, str], redis_url: str
) -> None:
    with a_fleet(engine, tmp_path, redis_url, **env) as fleet:
        node = a_node()
        node.latency_s = 1.5
        has_node(fleet, ONE, node)
        fleet.set_clock(MIDNIGHT)
        worker, ticker = fleet.run("worker"), fleet.run("scheduler")
        wait_until(lambda: bool(node.asked))
        kill_hard(worker.pid, ticker.pid, *horses_of(worker.pid))
        fleet.redis.flushall()
        assert (fleet.readings(), fleet.polls(NIGHT)) == ([], {})

        node.latency_s = 0
        fleet.set_clock("2016-08-16 00:16")
        fleet.run("worker")
        fleet.run("scheduler")
        wait_until(lambda: fleet.polls(NIGHT) == {1: ("ok", 1, 1)})
        assert len(fleet.readings()) == 2
        assert fleet.leased() == []
