"""The loop that makes due work exist, and its end at SIGTERM."""

import signal
import sys
from threading import Event
from types import FrameType
from typing import NoReturn

from redis.exceptions import RedisError

from ingest.jobs import reconcile, tidy
from ingest.slots import wake_s
from shared.commands.context import Context
from shared.errors import PpaError
from shared.queue import Dispatcher

TIDY_S = 3600


def tick_until(stop: Event, context: Context, dispatcher: Dispatcher) -> None:
    """Tick until told to stop; what fails is told once a tick and tried again at the next one."""
    tidied = 0
    while not stop.is_set():
        try:
            reconcile(context, dispatcher)
            now = context.clock()
            if now - tidied >= TIDY_S:
                tidy(context)
                tidied = now
        except PpaError as error:
            context.say(str(error))
        except RedisError as error:
            context.say(f"PPA_REDIS_URL: the queue does not answer ({type(error).__name__})")
        stop.wait(wake_s(context.config.poll_slot_s))


def tick_for_good(context: Context, dispatcher: Dispatcher) -> None:
    """Tick in the foreground until SIGTERM, which ends the process at once.

    What was under way is rolled back, and due again when its lease runs out.
    """
    signal.signal(signal.SIGTERM, leave)
    tick_until(Event(), context, dispatcher)


def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End the process at once, as one that was asked to."""
    sys.exit(0)
