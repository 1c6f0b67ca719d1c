"""Runs as a job: which are due, by request or by the calendar, and working on one."""

from typing import Final

from shared.commands.context import Context
from shared.invoices.planning import find_months_due, request_months
from shared.invoices.running import Worker, work_on
from shared.invoices.runs import find_due_runs
from shared.queue import Call, Task

ACTOR: Final = "scheduler"


def find_run_calls(context: Context) -> list[Call]:
    """Return a call for every run that a worker may begin, or go on with."""
    now = context.clock()
    with context.session(reads_only=True) as session:
        months = find_months_due(session, now)
    if months:
        with context.session() as session:
            request_months(session, now, ACTOR)
    with context.session(reads_only=True) as session:
        return [Call(Task.BILL_RUN, (run_id,)) for run_id in find_due_runs(session, now)]


def do_run(context: Context, run_id: int) -> int:
    """Work on a run, and on those that waited for it; return how many it was."""
    worker = Worker(context.session, context.clock, person_key=context.config.code_key)
    done = int(work_on(worker, run_id))
    while due := _find_next(context):
        if not work_on(worker, due[0]):
            break
        done += 1
    return done


def _find_next(context: Context) -> list[int]:
    with context.session(reads_only=True) as session:
        return find_due_runs(session, context.clock())
