"""The bytes of documents: rendered once, kept in the database under their SHA-256 (decision 40)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import merge_rows
from shared.documents.issuer import logo_numbers
from shared.documents.paper import ISSUED, REPLACED, VOID, Facts, Recipient, paper
from shared.documents.typesetting import typeset
from shared.errors import NotFound
from shared.invoices.documents import get_bill, get_invoice
from shared.models.documents import InvoiceDocument, InvoicePaper, InvoicePerson
from shared.models.invoices import Invoice

COLUMNS = ("invoice_id", "face", "sha256", "content", "rendered_at")
NAMES = {ISSUED: "請求書_{}.pdf", VOID: "請求書_{}_取消.pdf", REPLACED: "請求書_{}_取消.pdf"}


@dataclass(frozen=True, slots=True)
class Rendering:
    """The PDF of one face of a bill; `is_kept` once its bytes lie in the database.

    Of an erased person it is made without the name whenever it is asked for, and never kept.
    """

    invoice_id: int
    invoice_no: str
    face: str
    content: bytes
    is_kept: bool

    @property
    def sha256(self) -> str:
        """Return the name of the bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def file_name(self) -> str:
        """Return the name under which the document is saved."""
        return NAMES[self.face].format(self.invoice_no)


def find_rendering(
    session: Session, invoice_no: str, *, customer_id: int | None = None, face: str | None = None
) -> Rendering:
    """Return a bill's PDF as it was kept, or rendered now where nobody has asked for it yet.

    Without `face` it is the one of the bill's state; the bytes of an erased person's bill are gone,
    and it is made without the name. Raises NotFound for another customer's bill, one that is not
    issued, and a face that it does not have.
    """
    row = get_invoice(session, invoice_no, customer_id=customer_id)
    own = _face(row)
    wanted = face or own
    if wanted not in {ISSUED, own}:
        raise NotFound(f"invoice {invoice_no} has no document {wanted!r}")
    kept = session.get(InvoiceDocument, (row.id, wanted))
    if kept is None:
        return Rendering(row.id, invoice_no, wanted, _render(session, row, wanted), is_kept=False)
    if kept.erased_at is not None:
        person = session.get(InvoicePerson, row.id)
        if person is None or person.erased_at is None:
            raise NotFound(f"the document of invoice {invoice_no} was erased")
        nameless = _render(session, row, wanted)
        return Rendering(row.id, invoice_no, wanted, nameless, is_kept=True)
    return Rendering(row.id, invoice_no, wanted, kept.content, is_kept=True)


def keep(session: Session, made: Rendering, now: int) -> Rendering:
    """Keep a rendering and return it; where another one came first, that one is the document."""
    cells = (made.invoice_id, made.face, made.sha256, made.content, now)
    merge_rows(session, InvoiceDocument, COLUMNS, [cells], keep=True)
    stored = session.get_one(InvoiceDocument, (made.invoice_id, made.face))
    return replace(made, content=stored.content, is_kept=True)


def invoice_pdf(
    session: Session, invoice_no: str, now: int, *, customer_id: int | None = None
) -> Rendering:
    """Return a bill's PDF, kept from now on where it was not yet; raises NotFound."""
    found = find_rendering(session, invoice_no, customer_id=customer_id)
    return found if found.is_kept else keep(session, found, now)


def find_faces(session: Session, invoice_no: str) -> list[str]:
    """Return the faces of a bill's document, as issued first; none where it is not issued."""
    row = get_invoice(session, invoice_no)
    if session.get(InvoicePaper, row.id) is None:
        return []
    return list(dict.fromkeys((ISSUED, _face(row))))


def find_broken(session: Session) -> Iterator[tuple[str, str]]:
    """Yield (bill, how it shows) for every kept document whose bytes are not those of its name."""
    rows = session.execute(
        select(
            Invoice.invoice_no,
            InvoiceDocument.face,
            InvoiceDocument.sha256,
            InvoiceDocument.content,
        )
        .join(Invoice, Invoice.id == InvoiceDocument.invoice_id)
        .where(InvoiceDocument.erased_at.is_(None))
        .order_by(InvoiceDocument.invoice_id)
        .execution_options(yield_per=100)
    )
    for row in rows:
        if hashlib.sha256(row.content).hexdigest() != row.sha256:
            yield row.invoice_no, f"the kept document ({row.face}) was changed"


def _face(row: Invoice) -> str:
    """Return the face of a bill's state; raises NotFound where it is not issued."""
    if row.state not in {"issued", "void"}:
        raise NotFound(f"invoice {row.invoice_no} is not issued: it has no document")
    if row.state == "issued":
        return ISSUED
    return VOID if row.successor_id is None else REPLACED


def _render(session: Session, row: Invoice, face: str) -> bytes:
    facts = document_facts(session, row, face)
    return typeset("bill.typ", facts, row.issued_at or 0)


def document_facts(session: Session, row: Invoice, face: str) -> Facts:
    """Return the texts of a bill's document, out of what was kept at its issue."""
    bill = get_bill(session, row.invoice_no)
    person = session.get(InvoicePerson, row.id)
    if bill["paper"] is None or person is None:
        raise NotFound(f"invoice {row.invoice_no} was issued before documents were kept")
    before = get_bill(session, bill["revision_of"]) if bill["revision_of"] else None
    recipient = Recipient(person.name, person.postal_code, person.address)
    logo = {"logo": logo_numbers(session, bill["paper"]["logo_id"])}
    return paper(bill, recipient, face, before) | logo
