"""Customers as lists and pages show them, with the terms of a day."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.customers.searching import CustomerFilter, count_customers, in_order, narrowed
from shared.errors import NotFound
from shared.invoices.rows import Page
from shared.models.customers import Customer, Term


@dataclass(frozen=True, slots=True)
class TermsOnDay:
    """The terms of one customer on one day; None where nothing is recorded."""

    start_day: date | None
    end_day: date | None
    base_fee: int | None
    use_price: int | None
    export_price: int | None


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer in a list."""

    customer_no: str
    serial: str
    name: str
    kana: str
    email: str
    archived_at: int | None
    left_on: date | None
    terms: TermsOnDay


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One customer with today's terms, and every term ever recorded."""

    customer: Customer
    terms: TermsOnDay
    recorded: list[Term]


def find_customers(
    session: Session, wanted: CustomerFilter, sort: str, limit: int, offset: int
) -> Page[CustomerRow]:
    """Return one page of the customers that a filter finds; `-` before the key reverses."""
    total = count_customers(session, wanted)
    query = in_order(narrowed(select(Customer), wanted), sort, wanted.today)
    found = session.scalars(query.limit(limit).offset(offset)).all()
    return Page(list(_rows(session, found, wanted.today)), total)


def _rows(session: Session, found: Iterable[Customer], today: date) -> Iterator[CustomerRow]:
    customers = list(found)
    terms = _terms(session, [customer.id for customer in customers])
    for one in customers:
        yield CustomerRow(
            one.customer_no,
            one.serial,
            one.name,
            one.kana,
            one.email,
            one.archived_at,
            one.left_on,
            terms_on(terms[one.id], today),
        )


def _terms(session: Session, ids: list[int]) -> dict[int, list[Term]]:
    """Return the terms of some customers that still count, in order of their days."""
    query = (
        select(Term)
        .where(Term.customer_id.in_(ids), Term.withdrawn_at.is_(None))
        .order_by(Term.valid_from, Term.recorded_at, Term.id)
    )
    by_customer: dict[int, list[Term]] = defaultdict(list)
    for term in session.scalars(query):
        by_customer[term.customer_id].append(term)
    return by_customer


def terms_on(terms: list[Term], day: date) -> TermsOnDay:
    """Return what counts on a day among terms in order; a later record wins."""
    last = {term.kind: term for term in terms if term.valid_from <= day}
    contract = last.get("contract")
    figures = {kind: term.figure for kind, term in last.items()}
    return TermsOnDay(
        contract.start_day if contract else None,
        contract.end_day if contract else None,
        figures.get("base_fee"),
        figures.get("use_price"),
        figures.get("export_price"),
    )


def get_customer_page(session: Session, customer_no: str, today: date) -> CustomerPage:
    """Return one customer by number; raises NotFound."""
    customer = session.scalar(select(Customer).where(Customer.customer_no == customer_no))
    if customer is None:
        raise NotFound(f"there is no customer {customer_no}")
    return _page(session, customer, today)


def get_own_page(session: Session, customer_id: int, today: date) -> CustomerPage:
    """Return the signed-in customer; raises NotFound."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("there is no such customer")
    return _page(session, customer, today)


def _page(session: Session, customer: Customer, today: date) -> CustomerPage:
    recorded = _terms(session, [customer.id])[customer.id]
    return CustomerPage(customer, terms_on(recorded, today), recorded)


def find_names(session: Session, numbers: Collection[str]) -> dict[str, str]:
    """Return some customers' names by number."""
    query = select(Customer.customer_no, Customer.name).where(Customer.customer_no.in_(numbers))
    return dict(session.execute(query).all())
