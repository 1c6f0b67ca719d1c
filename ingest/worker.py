"""`ppa worker`: does the jobs out of the queue, or without Redis whatever is due."""

import argparse
import signal
import threading
from types import FrameType
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.serializers import JSONSerializer

from ingest.jobs import Lane, handlers
from ingest.ticking import in_process, leave, tick_in_foreground
from shared.commands.context import Context
from shared.errors import InputRefused
from shared.queue import QUEUES, job_class, make_queue

GRACE_S: Final = 10
"""How long a job may go on after SIGTERM."""
WORKER_TTL_S: Final = 60
"""An idle worker looks up this often, less a quarter of a minute (gateways.md §3)."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa worker`."""
    parser = commands.add_parser("worker", help="do the jobs: poll gateways, run months")
    parser.set_defaults(run=run_worker)


def run_worker(_args: argparse.Namespace, context: Context) -> int:
    """Work until SIGTERM, which ends it within 15 seconds."""
    context.open_engine()
    if context.config.redis_url is None:
        for lane in set(Lane) - {Lane.GATEWAYS}:
            in_process(context, lane).start()
        tick_in_foreground(in_process(context, Lane.GATEWAYS))
        return 0
    signal.signal(signal.SIGTERM, leave)  # until RQ sets its own, after it has made itself known
    context.close()  # a connection must not be shared with the processes that are forked below
    try:
        make_worker(context, Redis.from_url(context.config.redis_url)).work(logging_level="WARNING")
    except RedisError as error:
        sentence = f"PPA_REDIS_URL: the queue does not answer ({type(error).__name__})"
        raise InputRefused(sentence) from error
    return 0


class SealedWorker(Worker):
    """An RQ worker that ends in time; a job it has to leave is due again by itself."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Let the job under way finish, but not for longer than `GRACE_S`."""
        last_resort = threading.Timer(GRACE_S, self._leave_job)
        last_resort.daemon = True
        last_resort.start()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def _leave_job(self) -> None:
        if self.horse_pid:
            self.kill_horse()


def make_worker(context: Context, connection: Redis) -> SealedWorker:
    """Return a worker that takes sealed JSON jobs only (security.md R19)."""
    apart = Context(context.config, context.clock, context.out, context.err, context.actor)
    return SealedWorker(
        [make_queue(connection, name) for name in QUEUES],
        connection=connection,
        job_class=job_class(handlers(apart)),
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=WORKER_TTL_S,
        default_result_ttl=0,
        log_job_description=False,
    )
