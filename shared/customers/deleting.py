"""Deleting a customer for good, which is possible only where nothing hangs on it (decision 30)."""

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.customers.stored import Stored, get_stored
from shared.db import UNSYNCHRONISED
from shared.errors import Refused
from shared.models.customers import Customer, CustomerNote, Occupancy, Site, Term
from shared.models.doors import WebSession
from shared.models.gateways import Gateway
from shared.models.invoices import Invoice, PastBill
from shared.models.operations import Audit, Message
from shared.models.telemetry import Channel, StaleSite

HINDRANCES = ("billed", "measured", "gateway", "shared_house", "told")


class DeletionRefused(Refused):
    """Something hangs on the customer; `hindrances` says what, in words of HINDRANCES."""

    def __init__(self, customer_no: str, hindrances: list[str]) -> None:
        """Keep the words, and be printed as one sentence."""
        sentence = f"customer {customer_no} cannot be deleted: {', '.join(hindrances)}"
        super().__init__(sentence, "not_deletable")
        self.hindrances = hindrances


def find_hindrances(session: Session, stored: Stored) -> list[str]:
    """Return what keeps a customer from being deleted, in words of HINDRANCES."""
    customer, site = stored.customer_id, stored.site_id
    asked: dict[str, ColumnElement[bool]] = {
        "billed": exists().where(Invoice.customer_id == customer)
        | exists().where(PastBill.customer_id == customer),
        "measured": exists().where(Channel.site_id == site),
        "gateway": exists().where(Gateway.site_id == site),
        "shared_house": exists().where(
            Occupancy.site_id == site, Occupancy.customer_id != customer
        ),
        "told": exists().where(Message.customer_id == customer),
    }
    found = session.execute(select(*(asked[name] for name in HINDRANCES))).one()
    return [name for name, hinders in zip(HINDRANCES, found, strict=True) if hinders]


def delete_customer(session: Session, customer_no: str, now: int, actor: str) -> None:
    """Delete a customer, the site and the terms for good; the audit trail keeps that and no name.

    Raises NotFound, and DeletionRefused where anything was measured, billed or sent.
    """
    stored = get_stored(session, customer_no)
    hindrances = find_hindrances(session, stored)
    if hindrances:
        raise DeletionRefused(customer_no, hindrances)
    for model in (CustomerNote, WebSession, Occupancy, Term):
        session.execute(delete(model).where(model.customer_id == stored.customer_id))
    session.execute(delete(Customer).where(Customer.id == stored.customer_id))
    session.execute(delete(StaleSite).where(StaleSite.site_id == stored.site_id))
    session.execute(delete(Site).where(Site.id == stored.site_id))
    session.execute(
        update(Audit).where(audit.is_personal([customer_no])).values(audit.erasing(now)),
        execution_options=UNSYNCHRONISED,
    )
    audit.record(session, now, actor, "customer_deleted", customer_no, {})
