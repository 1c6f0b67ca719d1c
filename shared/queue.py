"""Jobs that may wait in Redis: a closed list of tasks with nothing but ids, months and slots.

The queue is a hint and never a record: what is due stands in the database, so that Redis may be
lost at any time (security.md R18). Whoever can write to Redis can start no other code (T15, R19).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Protocol

from redis import Redis
from rq import Queue
from rq.exceptions import DeserializationError, DuplicateJobError, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

Argument = int | str
Handler = Callable[..., int]

QUEUE: Final = "ppa"
ECHONET_QUEUE: Final = "ppa-echonet"
QUEUES: Final = (QUEUE, ECHONET_QUEUE)
TIMEOUT_S: Final = 600
FAILURE_KEPT_S: Final = 3600
MOST_ARGUMENTS: Final = 8
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)
_NEVER_READ: Final = frozenset(
    {
        "success_callback_name",
        "failure_callback_name",
        "stopped_callback_name",
        "webhooks",
        "repeats_left",
        "repeat_intervals",
        "retries_left",
        "retry_intervals",
        "meta",
        "result",
    }
)
"""What a stored job could say and ours never do: each would name code, addresses or repetition."""


class Task(StrEnum):
    """Every task that a job may name."""

    POLL = "poll"
    POLL_ECHONET = "poll_echonet"
    LOOK = "look"
    BILL_RUN = "bill_run"
    MAIL = "mail"
    ASK = "ask"
    DOCUMENTS = "documents"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Call:
    """A task with its arguments: whole numbers, or months as `2024-01`."""

    task: Task
    args: tuple[Argument, ...]

    @property
    def key(self) -> str:
        """Return the name under which this call waits once."""
        return "-".join([self.task.value, *(str(arg) for arg in self.args)])

    @property
    def queue(self) -> str:
        """Return the queue it waits in; ECHONET polls have one of their own (decision 36)."""
        return ECHONET_QUEUE if self.task is Task.POLL_ECHONET else QUEUE


class Dispatcher(Protocol):
    """Whoever starts calls: at once in this process, or through Redis."""

    def start(self, calls: Sequence[Call], now: int) -> int:
        """Start calls that do not wait already; return how many."""
        ...


@dataclass(frozen=True, slots=True)
class InProcess:
    """Runs each call here and now."""

    handlers: Mapping[Task, Handler]

    def start(self, calls: Sequence[Call], now: int) -> int:  # noqa: ARG002 - nothing waits here
        """Run the calls one after another."""
        for call in calls:
            self.handlers[call.task](*call.args)
        return len(calls)


class JobRefused(DeserializationError):
    """A job in Redis is none that this program would have put there."""


class SealedJob(Job):
    """A job that can name one of `handlers` and nothing else, whatever Redis holds."""

    handlers: ClassVar[Mapping[Task, Handler]] = {}

    def __init__(
        self,
        id: str | None = None,  # noqa: A002 - the name that RQ gives it
        connection: Redis | None = None,
        serializer: object = None,  # noqa: ARG002 - whatever was asked for, it is JSON
    ) -> None:
        """Take the serializer that cannot run code."""
        super().__init__(id, connection, serializer=JSONSerializer)

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """Read a stored job without its callbacks, webhooks and repetitions.

        Raises NoSuchJobError for what is no job at all, which makes a worker go on to the next.
        """
        try:
            super().restore({k: v for k, v in raw_data.items() if k.decode() not in _NEVER_READ})
        except Exception as error:  # isolated - whatever Redis holds, the worker goes on
            raise NoSuchJobError(f"{self.key!r} holds no job") from error

    def _deserialize_data(self) -> None:
        super()._deserialize_data()  # type: ignore[no-untyped-call]
        if self._instance is not None or self._kwargs or not _is_plain(self._args):
            raise JobRefused(f"job {self.id} carries more than ids, months and slots")
        if self._func_name not in list(Task):
            raise JobRefused(f"job {self.id} names no task of this program")

    @property
    def func(self) -> Handler:
        """Return the handler of the task; a name is never looked up as code."""
        task = Task(str(self.func_name))
        if task not in self.handlers:
            raise JobRefused(f"job {self.id}: this worker does not do {task}")
        return self.handlers[task]


def _is_plain(args: object) -> bool:
    return (
        isinstance(args, list)
        and len(args) <= MOST_ARGUMENTS
        and all(
            type(arg) is int or (isinstance(arg, str) and bool(_MONTH.fullmatch(arg)))
            for arg in args
        )
    )


def job_class(handlers: Mapping[Task, Handler]) -> type[SealedJob]:
    """Return the class of the jobs that a worker with these handlers does."""
    return type("BoundJob", (SealedJob,), {"handlers": handlers})


def make_queue(connection: Redis, name: str = QUEUE) -> Queue:
    """Return one of our queues, with sealed jobs in JSON."""
    return Queue(name, connection=connection, job_class=SealedJob, serializer=JSONSerializer)


@dataclass(frozen=True, slots=True)
class RedisQueue:
    """Lets calls wait in Redis, each at most once; a lost or stuck one is put there anew."""

    connection: Redis

    def start(self, calls: Sequence[Call], now: int) -> int:
        """Put calls into their queues that do not wait there; return how many."""
        queues = {name: make_queue(self.connection, name) for name in {c.queue for c in calls}}
        ids = (job_id for queue in queues.values() for job_id in queue.get_job_ids())
        waiting = {job_id.rpartition("-")[0] for job_id in ids}
        return sum(_put(queues[c.queue], c, now) for c in calls if c.key not in waiting)


def _put(queue: Queue, call: Call, now: int) -> bool:
    """Put a call; the instant in its id lets it follow one that a dead worker left behind."""
    try:
        queue.enqueue_call(
            call.task.value,
            args=list(call.args),
            timeout=TIMEOUT_S,
            result_ttl=0,
            failure_ttl=FAILURE_KEPT_S,
            job_id=f"{call.key}-{now}",
            unique=True,
        )
    except DuplicateJobError:
        return False
    return True
