"""The loop that makes due work exist, and its end at SIGTERM."""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from types import FrameType
from typing import Final, NoReturn

from redis import Redis
from redis.exceptions import RedisError

from ingest.jobs import Lane, handlers, reconcile, tidy
from ingest.slots import wake_s
from shared.commands.context import Context
from shared.errors import PpaError
from shared.queue import Call, Dispatcher, InProcess, RedisQueue

_log = logging.getLogger(__name__)

TIDY_S: Final = 3600
REDIS_PATIENCE_S: Final = 1


@dataclass(frozen=True, slots=True)
class Ticker:
    """Ticks for one lane or for all, every now and then and whenever its bell is rung."""

    context: Context
    dispatcher: Dispatcher
    lane: Lane | None = None
    bell: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    def tick(self) -> None:
        """Tick until told to end; what fails is told, and tried again at the next tick."""
        tidied = 0
        while not self.ended.is_set():
            self.bell.clear()
            try:
                self._tick()
                now = self.context.clock()
                if now - tidied >= TIDY_S and self.lane in (None, Lane.GATEWAYS):
                    tidy(self.context)
                    tidied = now
            except Exception:  # noqa: BLE001 - isolated - the loop outlives whatever fails in it
                _log.exception("a tick failed")
            self.bell.wait(wake_s(self.context.config.poll_slot_s))

    def _tick(self) -> None:
        try:
            reconcile(self.context, self.dispatcher, self.lane)
        except PpaError as error:
            self.context.say(str(error))
        except RedisError as error:
            self.context.say(f"PPA_REDIS_URL: the queue does not answer ({type(error).__name__})")

    def start(self) -> threading.Thread:
        """Tick in a thread that ends with the process."""
        thread = threading.Thread(target=self.tick, name="jobs", daemon=True)
        thread.start()
        return thread

    def ring(self, _calls: Sequence[Call] = ()) -> None:
        """Tick again at once: what a page has asked for is due by the database."""
        self.bell.set()

    def end(self) -> None:
        """Tick no more."""
        self.ended.set()
        self.bell.set()


def work_beside(context: Context) -> Callable[[Sequence[Call]], None]:
    """Do all work in threads of this process; returns what makes a page's request begin at once.

    Several such processes, and `ppa worker` too, do no harm: all work is claimed in the database.
    """
    tickers = [in_process(context, lane) for lane in Lane]
    for ticker in tickers:
        ticker.start()

    def ring(calls: Sequence[Call]) -> None:
        for ticker in tickers:
            ticker.ring(calls)

    return ring


def in_process(context: Context, lane: Lane) -> Ticker:
    """Return what does one lane's work in this process, with a database of its own."""
    own = Context(context.config, context.clock, context.out, context.err, context.actor)
    return Ticker(own, InProcess(handlers(own)), lane)


def start_through_redis(context: Context, url: str) -> Callable[[Sequence[Call]], None]:
    """Return what puts a page's request into the queue; where Redis is silent a tick does later."""
    connection = Redis.from_url(
        url, socket_connect_timeout=REDIS_PATIENCE_S, socket_timeout=REDIS_PATIENCE_S
    )
    queue = RedisQueue(connection)

    def start(calls: Sequence[Call]) -> None:
        try:
            queue.start(calls, context.clock())
        except RedisError as error:
            _log.warning("the queue does not answer (%s)", type(error).__name__)

    return start


def tick_in_foreground(ticker: Ticker) -> None:
    """Tick until SIGTERM, which ends the process at once.

    What was under way is rolled back, and due again when its lease runs out.
    """
    signal.signal(signal.SIGTERM, leave)
    ticker.tick()


def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End the process at once, as one that was asked to."""
    sys.exit(0)
