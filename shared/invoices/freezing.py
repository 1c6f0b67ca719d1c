"""What a bill's document prints of settings and person, kept in the transaction that issues it."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shared.db import copy_rows, in_chunks
from shared.invoices.chaining import Act
from shared.invoices.taxing import TAX, tax_in, told_anew
from shared.models.customers import Customer
from shared.models.documents import InvoicePaper, InvoicePerson, Logo
from shared.models.invoices import Invoice
from shared.months import day_of, due_on
from shared.settings import find_settings

CHUNK = 500
ISSUER = (
    "operator_name", "operator_postal_code", "operator_address", "operator_tel", "operator_email",
    *TAX, "payment_text",
)  # fmt: skip
PAPER_COLUMNS = ("invoice_id", *ISSUER, "due_on", "logo_id")
PERSON_COLUMNS = ("invoice_id", "name", "postal_code", "address")


def freeze(session: Session, invoice_ids: Sequence[int], act: Act) -> None:
    """Keep settings and persons of bills that are about to be issued, before they are hashed.

    All counts as of the day of issue. A bill that was computed by other settings of the tax gets
    the tax of these, so that figure and document agree.
    """
    settings = find_settings(session, on=day_of(act.as_of))
    logo_id = session.scalar(select(func.max(Logo.id)))
    due = None if settings.due_day is None else due_on(day_of(act.as_of), settings.due_day)
    issuer = (*(getattr(settings, name) for name in ISSUER), due, logo_id)
    for ids in in_chunks(invoice_ids, CHUNK):
        rows = session.execute(
            select(
                Invoice.id, Invoice.name, Invoice.total_yen, Invoice.snapshot,
                Customer.postal_code, Customer.address,
            )
            .join(Customer, Customer.id == Invoice.customer_id)
            .where(Invoice.id.in_(ids))
        ).all()  # fmt: skip
        people = [(row.id, row.name, row.postal_code, row.address) for row in rows]
        copy_rows(session, InvoicePaper, PAPER_COLUMNS, [(row.id, *issuer) for row in rows])
        copy_rows(session, InvoicePerson, PERSON_COLUMNS, people)
        told = ((row, told_anew(row.snapshot, settings)) for row in rows)
        anew = [
            {"id": row.id, "tax_yen": tax_in(row.total_yen, settings), "snapshot": snapshot}
            for row, snapshot in told
            if snapshot is not None
        ]
        if anew:
            session.execute(update(Invoice), anew)
