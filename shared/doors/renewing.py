"""Ends of a customer's doors: a new code, and being archived."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.customers.registering import new_codes
from shared.customers.stored import WasErased
from shared.customers.terms import IN_MOST
from shared.db import in_chunks
from shared.doors.sessions import close_sessions_of_customer
from shared.errors import NotFound, Refused
from shared.models.customers import Customer
from shared.seal import seal


def rotate_code(session: Session, key: str, customer_no: str, now: int, actor: str) -> str:
    """Give a customer a new code, end the home's sessions, and return the code; audited."""
    customer = _locked(session, customer_no)
    ((index, code),) = new_codes(session, key, 1)
    customer.code_index, customer.code_sealed = index, seal(key, code, customer_no)
    customer.updated_at = now
    close_sessions_of_customer(session, customer.id)
    audit.record(session, now, actor, "code_rotated", customer_no, {})
    return code


def rotate_all_codes(session: Session, key: str, now: int, actor: str) -> int:
    """Give everybody who may still come in a new code, and return how many; audited.

    For the day on which the codes may have leaked (security.md T2): every home is signed out.
    """
    customers = session.scalars(
        select(Customer).where(Customer.archived_at.is_(None)).with_for_update()
    ).all()
    codes = new_codes(session, key, len(customers))
    for customer, (index, code) in zip(customers, codes, strict=True):
        customer.code_index, customer.code_sealed = index, seal(key, code, customer.customer_no)
        customer.updated_at = now
        close_sessions_of_customer(session, customer.id)
    audit.record(session, now, actor, "codes_rotated", "", {"count": len(customers)})
    return len(customers)


def archive_customer(session: Session, customer_no: str, now: int, actor: str) -> None:
    """Archive a customer: no new bills, reading for 12 months (decision 30); audited."""
    customer = _locked(session, customer_no)
    if customer.archived_at is not None:
        raise Refused(f"customer {customer_no} is archived already", "archived_already")
    customer.archived_at = customer.updated_at = now
    customer.version += 1
    audit.record(session, now, actor, "customer_archived", customer_no, {})


def disable_customer(session: Session, customer_no: str, now: int, actor: str) -> None:
    """Shut a customer out at once, for whatever reason the operator has; audited."""
    customer = _locked(session, customer_no)
    if customer.disabled_at is not None:
        raise Refused(f"customer {customer_no} is shut out already", "shut_out_already")
    customer.disabled_at = customer.updated_at = now
    customer.version += 1
    close_sessions_of_customer(session, customer.id)
    audit.record(session, now, actor, "customer_disabled", customer_no, {})


def restore_customer(session: Session, customer_no: str, now: int, actor: str) -> None:
    """Take archive and shutting out back; audited."""
    customer = _locked(session, customer_no)
    if customer.archived_at is None and customer.disabled_at is None:
        sentence = f"customer {customer_no} is neither archived nor shut out"
        raise Refused(sentence, "nothing_to_restore")
    customer.archived_at = customer.disabled_at = None
    customer.updated_at = now
    customer.version += 1
    audit.record(session, now, actor, "customer_restored", customer_no, {})


def archive_customers(session: Session, numbers: Iterable[str], now: int, actor: str) -> int:
    """Archive those of some customers that are not, and return how many; each is audited."""
    done = 0
    for chunk in in_chunks(numbers, IN_MOST):
        query = select(Customer).where(
            Customer.customer_no.in_(chunk), Customer.archived_at.is_(None)
        )
        for customer in session.scalars(query.with_for_update()):
            customer.archived_at = customer.updated_at = now
            customer.version += 1
            audit.record(session, now, actor, "customer_archived", customer.customer_no, {})
            done += 1
    return done


def _locked(session: Session, customer_no: str) -> Customer:
    query = select(Customer).where(Customer.customer_no == customer_no).with_for_update()
    customer = session.scalar(query)
    if customer is None:
        raise NotFound(f"there is no customer {customer_no}")
    if customer.erased_at is not None:
        raise WasErased(customer_no)
    return customer
