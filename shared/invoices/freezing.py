"""What a bill's document prints of settings and person, kept in the transaction that issues it."""

import json
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.db import copy_rows, in_chunks
from shared.invoices.chaining import Act
from shared.models.customers import Customer
from shared.models.documents import InvoicePaper, InvoicePerson, Logo
from shared.models.invoices import Invoice
from shared.months import day_of, due_on
from shared.settings import Settings, find_settings

CHUNK = 500
PAPER_COLUMNS = (
    "invoice_id", "operator_name", "operator_postal_code", "operator_address", "operator_tel",
    "operator_email", "t_number", "tax_rate", "tax_rounding", "payment_text", "due_on", "logo_id",
)  # fmt: skip
PERSON_COLUMNS = ("invoice_id", "name", "postal_code", "address")


def freeze(session: Session, invoice_ids: Sequence[int], act: Act) -> None:
    """Keep settings and persons of bills that are about to be issued, before they are hashed.

    Number, rate and rounding of the tax are those that the bill's figures rest on; the rest
    counts as of the day of issue.
    """
    settings = find_settings(session, on=day_of(act.as_of))
    logo_id = session.scalar(select(func.max(Logo.id)))
    due = None if settings.due_day is None else due_on(day_of(act.as_of), settings.due_day)
    for ids in in_chunks(invoice_ids, CHUNK):
        rows = session.execute(
            select(
                Invoice.id, Invoice.name, Invoice.snapshot, Customer.postal_code, Customer.address
            )
            .join(Customer, Customer.id == Invoice.customer_id)
            .where(Invoice.id.in_(ids))
        ).all()
        papers = [(row.id, *_issuer(settings, row.snapshot), due, logo_id) for row in rows]
        people = [(row.id, row.name, row.postal_code, row.address) for row in rows]
        copy_rows(session, InvoicePaper, PAPER_COLUMNS, papers)
        copy_rows(session, InvoicePerson, PERSON_COLUMNS, people)


def _issuer(settings: Settings, snapshot: str) -> tuple[str | int | None, ...]:
    """Return the cells of PAPER_COLUMNS from the operator's name to the payment's text."""
    rests_on = json.loads(snapshot)
    return (
        settings.operator_name, settings.operator_postal_code, settings.operator_address,
        settings.operator_tel, settings.operator_email, rests_on["t_number"],
        rests_on["tax_rate"], rests_on["tax_rounding"], settings.payment_text,
    )  # fmt: skip
