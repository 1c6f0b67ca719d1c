"""A bill's PDF as an answer: kept bytes, or rendered and kept now."""

from flask import Response
from sqlalchemy.orm import Session

from shared.documents.keeping import find_rendering, keep
from shared.web.downloads import disposition
from shared.web.request import database, now, site


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
    answer = Response(found.content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = disposition(
        "inline", found.file_name, f"invoice-{found.invoice_no}.pdf"
    )
    return answer
