"""Documents as answers: a bill's PDF, kept now where it was not yet, and many as ZIP."""

from collections.abc import Iterable, Sequence

from flask import Response
from sqlalchemy.orm import Session

from shared.documents.bundling import each_document, zipped
from shared.documents.keeping import find_rendering, keep
from shared.web.downloads import disposition
from shared.web.request import database, hand_over_database, now, site


def pdf_answer(
    invoice_no: str, *, customer_id: int | None = None, face: str | None = None
) -> Response:
    """Return a bill's PDF, of one customer where asked; raises NotFound where it has none.

    It is rendered before the database is written to, so that no writer waits for a typesetter.
    """
    found = find_rendering(database(), invoice_no, customer_id=customer_id, face=face)
    if not found.is_kept:
        with Session(site().engine) as writer, writer.begin():
            found = keep(writer, found, now())
    return pdf_response(found.content, "inline", found.file_name, f"invoice-{found.invoice_no}.pdf")


def pdf_response(content: bytes, way: str, name: str, plain: str) -> Response:
    """Return a PDF to be looked at (`inline`) or saved (`attachment`), under both its names."""
    answer = Response(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = disposition(way, name, plain)
    return answer


def keep_now(numbers: Iterable[str]) -> None:
    """Render and keep the documents of some bills that are not kept yet."""
    for number in numbers:
        made = find_rendering(database(), number)
        with Session(site().engine) as writer, writer.begin():
            keep(writer, made, now())


def zip_answer(name: str, numbers: Sequence[str]) -> Response:
    """Return a ZIP of bills' documents that is sent while they are read."""
    chunks = zipped(each_document(database(), numbers))
    answer = Response(chunks, content_type="application/zip")
    answer.call_on_close(hand_over_database())
    answer.headers["Content-Disposition"] = disposition("attachment", name, "invoices.zip")
    return answer
