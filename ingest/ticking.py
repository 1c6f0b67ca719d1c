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


def tick_forever(context: Context, dispatcher: Dispatcher) -> NoReturn:
    """Tick until SIGTERM; what fails is told once a tick and tried again at the next one."""
    signal.signal(signal.SIGTERM, _end)
    pause, tidied = Event(), 0
    while True:
        try:
            reconcile(context, dispatcher)
            if context.clock() - tidied >= TIDY_S:
                tidy(context)
                tidied = context.clock()
        except PpaError as error:
            context.say(str(error))
        except RedisError as error:
            context.say(f"PPA_REDIS_URL: the queue does not answer ({type(error).__name__})")
        pause.wait(wake_s(context.config.poll_slot_s))


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave at once: what was under way is rolled back and due again when its lease runs out."""
    sys.exit(0)
