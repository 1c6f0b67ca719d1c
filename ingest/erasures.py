"""What is over of erased persons, as a job: the bills whose term ended let go of the name."""

from typing import Final

from shared.commands.context import Context
from shared.erasing.retaining import erase_due, find_due
from shared.queue import Call, Task

ACTOR: Final = "scheduler"


def find_erasure_calls(context: Context) -> list[Call]:
    """Return a call for every erased customer of whom something is past its term."""
    with context.session(reads_only=True) as session:
        return [Call(Task.ERASE, (one,)) for one in find_due(session, context.clock())]


def erase_what_is_due(context: Context, customer_id: int) -> int:
    """Take a person from the bills whose term is over; return how many bills."""
    with context.session() as session:
        return erase_due(session, customer_id, context.clock(), ACTOR)
