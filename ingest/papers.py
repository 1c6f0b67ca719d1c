"""A month's documents as a job."""

from shared.commands.context import Context
from shared.documents.preparing import find_requests, prepare
from shared.queue import Call, Task


def find_document_calls(context: Context) -> list[Call]:
    """Return a call for every month whose documents somebody waits for and nobody makes."""
    with context.session(reads_only=True) as session:
        return [Call(Task.DOCUMENTS, (one,)) for one in find_requests(session, context.clock())]


def do_documents(context: Context, request_id: int) -> int:
    """Make a month's documents ready; return how many were made."""
    return prepare(context.session, context.clock, request_id)
