"""Documents on the desk: a bill's PDF as it stands, and as it was issued."""

from flask.typing import ResponseReturnValue

from backoffice.blueprint import office
from shared.documents.paper import ISSUED
from shared.web.documents import pdf_answer


@office.get("/invoices/<invoice_no>.pdf")
def invoice_pdf(invoice_no: str) -> ResponseReturnValue:
    """Send the document of an issued or void bill."""
    return pdf_answer(invoice_no)


@office.get("/invoices/<invoice_no>/issued.pdf")
def issued_pdf(invoice_no: str) -> ResponseReturnValue:
    """Send the document of a bill as it was issued, whatever became of it."""
    return pdf_answer(invoice_no, face=ISSUED)
