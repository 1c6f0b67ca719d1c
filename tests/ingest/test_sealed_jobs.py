"""Whoever can write to Redis can start no code but the tasks of this program."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Callback, Queue
from rq.job import JobStatus
from rq.serializers import DefaultSerializer, JSONSerializer, Serializer
from rq.webhook import Webhook

from shared.db import make_engine
from shared.queue import QUEUE, Call, RedisQueue, SealedJob, Task
from tests.ingest.fleets import Fleet, a_fleet, wait_until
from tests.ingest.test_jobs import NIGHT, a_meter

SERIALIZERS: dict[str, Serializer] = {"json": JSONSerializer, "pickled": DefaultSerializer}


@pytest.fixture
def working(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    """Give a fleet with a worker behind Redis, on SQLite."""
    engine = make_engine(sqlite_url)
    with a_fleet(engine, tmp_path, redis_url) as fleet:
        fleet.home("1120220110", a_meter())
        fleet.set_clock("2016-08-16 00:15")
        fleet.run("worker")
        yield fleet
    engine.dispose()


def foreign(fleet: Fleet, kind: str) -> Queue:
    """Return the queue as somebody else would write to it."""
    return Queue(QUEUE, connection=fleet.redis, serializer=SERIALIZERS[kind])


def status_of(fleet: Fleet, job_id: str) -> bytes | None:
    told = fleet.redis.hget(f"rq:job:{job_id}", "status")
    return told if isinstance(told, bytes) else None


def failed(fleet: Fleet, job_id: str) -> None:
    wait_until(lambda: status_of(fleet, job_id) == JobStatus.FAILED.value.encode())


@pytest.mark.parametrize("kind", SERIALIZERS)
@pytest.mark.parametrize("name", ["os.system", "os.mkdir", "ingest.jobs.tidy", "subprocess.run"])
def test_a_job_that_names_code_is_refused(working: Fleet, name: str, kind: str) -> None:
    mark = working.folder / "mark"
    argument = f"touch {mark}" if name == "os.system" else str(mark)
    job = foreign(working, kind).enqueue_call(name, args=(argument,))
    failed(working, job.id)
    assert not mark.exists()
    assert working.tick("2016-08-16 00:16") == 1  # and the worker lives on
    assert working.polls(NIGHT) == {1: ("ok", 1, 1)}


@pytest.mark.parametrize("kind", SERIALIZERS)
def test_callbacks_and_webhooks_of_a_job_are_never_called(working: Fleet, kind: str) -> None:
    mark = working.folder / "mark"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        hooks = [Webhook(url, "finished"), Webhook(url, "failed")]
        calling = Callback("tests.ingest.test_sealed_jobs.leave_mark")
        os.environ["PPA_TEST_MARK"] = str(mark)
        good = foreign(working, kind).enqueue_call(
            "poll", args=[0, 0], on_success=calling, on_failure=calling, webhooks=hooks,
            result_ttl=600,
        )  # fmt: skip
        bad = foreign(working, kind).enqueue_call(
            "os.system", args=["true"], on_failure=calling, on_stopped=calling, webhooks=hooks
        )
        failed(working, bad.id)
        if kind == "json":
            wait_until(lambda: status_of(working, good.id) == JobStatus.FINISHED.value.encode())
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert not mark.exists()


def leave_mark(*_args: object) -> None:
    """Be what a hostile callback would be."""
    Path(os.environ["PPA_TEST_MARK"]).touch()


@pytest.mark.parametrize(
    "args", [["names@example.jp"], [{"id": 1}], [True], [1.5], [None], list(range(9))]
)
def test_a_task_with_more_than_ids_months_and_slots_is_refused(
    working: Fleet, args: list[object]
) -> None:
    job = foreign(working, "json").enqueue_call("poll", args=args)
    failed(working, job.id)


def test_what_is_no_job_at_all_does_not_stop_the_worker(working: Fleet) -> None:
    for n, field in enumerate(("status", "timeout", "created_at", "allow_dependency_failures")):
        working.redis.hset(f"rq:job:odd-{n}", mapping={"data": b"\x80\x04", field: b"\xff"})
        working.redis.rpush(f"rq:queue:{QUEUE}", f"odd-{n}")
    assert working.tick("2016-08-16 00:16") == 1
    assert working.polls(NIGHT) == {1: ("ok", 1, 1)}


def test_whatever_serializer_is_asked_for_a_sealed_job_is_json(redis_url: str) -> None:
    with Redis.from_url(redis_url) as connection:
        job = SealedJob("a", connection, serializer=DefaultSerializer)
        assert job.serializer is JSONSerializer


def test_a_call_waits_once_whoever_asks_for_it(redis_url: str) -> None:
    calls = [Call(Task.POLL, (1_717_989_900, part)) for part in range(3)]
    with Redis.from_url(redis_url) as connection:
        queue = RedisQueue(connection)
        assert [queue.start(calls, now) for now in (100, 100, 160)] == [3, 0, 0]
        connection.flushall()
        assert queue.start(calls, 160) == 3
