"""The jobs of this program: each may run twice, at once or again, and does no harm.

A room adds its own by one line in WORKS: the task, what finds its due calls in the database, and
what does one. Whatever died is found due again by the next tick.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from ingest.due import forget_old
from ingest.erasures import erase_what_is_due, find_erasure_calls
from ingest.looking import find_looks, look_part
from ingest.mails import find_mail_calls, send_mails
from ingest.papers import do_documents, find_document_calls
from ingest.polls import find_echonet_polls, find_polls, poll_echonet, poll_part
from ingest.requests import do_request, find_requests
from ingest.runs import do_run, find_run_calls
from shared.commands.context import Context
from shared.errors import PpaError
from shared.invoices.planning import forget_dry_runs
from shared.queue import Call, Dispatcher, Handler, Task

_log = logging.getLogger(__name__)


class Lane(Enum):
    """Work that must not wait for other work where one process does it all without Redis."""

    GATEWAYS = auto()
    ECHONET = auto()
    OFFICE = auto()
    MAIL = auto()


@dataclass(frozen=True, slots=True)
class Work:
    """A task, what finds its due calls, and what does one; ids, months and slots follow context."""

    task: Task
    find: Callable[[Context], list[Call]]
    do: Handler
    lane: Lane


WORKS = (
    Work(Task.POLL, find_polls, poll_part, Lane.GATEWAYS),
    Work(Task.POLL_ECHONET, find_echonet_polls, poll_echonet, Lane.ECHONET),
    Work(Task.LOOK, find_looks, look_part, Lane.GATEWAYS),
    Work(Task.BILL_RUN, find_run_calls, do_run, Lane.OFFICE),
    Work(Task.MAIL, find_mail_calls, send_mails, Lane.MAIL),
    Work(Task.ASK, find_requests, do_request, Lane.GATEWAYS),
    Work(Task.DOCUMENTS, find_document_calls, do_documents, Lane.OFFICE),
    Work(Task.ERASE, find_erasure_calls, erase_what_is_due, Lane.OFFICE),
)


def handlers(context: Context) -> Mapping[Task, Handler]:
    """Return what each task does."""
    return {work.task: partial(work.do, context) for work in WORKS}


def find_calls(context: Context, lane: Lane | None = None) -> list[Call]:
    """Return a call for all that is due, of one lane or of all."""
    return [
        call for work in WORKS if lane is None or work.lane is lane for call in _find(work, context)
    ]


def _find(work: Work, context: Context) -> list[Call]:
    """Return a work's due calls; none, and the reason in the log, where looking for them fails."""
    try:
        return work.find(context)
    except PpaError:
        raise
    except Exception:  # noqa: BLE001 - isolated - one kind of work must not keep the others from being done
        _log.exception("looking for what is due of %s failed", work.task)
        return []


def reconcile(context: Context, dispatcher: Dispatcher, lane: Lane | None = None) -> int:
    """Make what is due exist as calls, however often it is asked; return how many were started."""
    return dispatcher.start(find_calls(context, lane), context.clock())


def tidy(context: Context) -> int:
    """Forget the polls' log and the dry runs of long ago; return how many rows."""
    with context.session() as session:
        return forget_old(session, context.clock()) + forget_dry_runs(session, context.clock())
