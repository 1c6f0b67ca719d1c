"""Customers as they are stored, with site and terms, many in a few queries."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from shared.billing.terms import TermRow
from shared.customers.entries import CONTACT, SITE
from shared.customers.searching import CustomerFilter, narrowed
from shared.customers.terms import IN_MOST, find_terms
from shared.db import KEEPING_KEYS, in_chunks
from shared.errors import NotFound, Refused
from shared.models.customers import Customer, Occupancy, Site

_EXPORTED = 2_000
_CONTACT_AT = 5 + len(SITE)


class WasErased(Refused):
    """A customer was erased, and nothing is written to one any more."""

    def __init__(self, customer_no: str) -> None:
        """Keep the number, and be printed as one sentence."""
        sentence = f"customer {customer_no} was erased and takes no more data"
        super().__init__(sentence, "was_erased")
        self.customer_no = customer_no


@dataclass(frozen=True, slots=True)
class Stored:
    """A customer with the newest site; `contact` and `site` are keyed as in Entry."""

    customer_id: int
    customer_no: str
    version: int
    contact: Mapping[str, str]
    site_id: int
    site: Mapping[str, str | int | None]
    terms: tuple[TermRow, ...] = ()
    erased_at: int | None = None

    def check_not_erased(self) -> None:
        """Raise WasErased where the person was."""
        if self.erased_at is not None:
            raise WasErased(self.customer_no)


def find_stored(
    session: Session, customer_nos: Iterable[str], *, lock: bool = False
) -> dict[str, Stored]:
    """Return customers by number; unknown numbers are left out.

    `lock` keeps others from changing them until the transaction ends.
    """
    found: dict[str, Stored] = {}
    for chunk in in_chunks(customer_nos, IN_MOST):
        query = _query().where(Customer.customer_no.in_(chunk))
        if lock:
            query = query.with_for_update(of=Customer, **KEEPING_KEYS)
        found.update(_load(session, query))
    return found


def get_stored(session: Session, customer_no: str) -> Stored:
    """Return one customer; raises NotFound naming the number."""
    found = find_stored(session, [customer_no])
    if customer_no not in found:
        raise NotFound(f"there is no customer {customer_no[:40]!r}")
    return found[customer_no]


def walk_stored(session: Session, wanted: CustomerFilter | None = None) -> Iterator[Stored]:
    """Yield the customers that a filter finds, by number, without holding them all.

    Without a filter they are all but those archived.
    """
    all_kept = Customer.archived_at.is_(None)
    query, last = select(Customer.customer_no), ""
    while True:
        numbers = session.scalars(
            (narrowed(query, wanted) if wanted else query.where(all_kept))
            .where(Customer.customer_no > last)
            .order_by(Customer.customer_no)
            .limit(_EXPORTED)
        ).all()
        if not numbers:
            return
        found = find_stored(session, numbers)
        yield from (found[number] for number in numbers if number in found)
        last = numbers[-1]


def _query() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Customer.id,
            Customer.customer_no,
            Customer.version,
            Customer.erased_at,
            Site.id,
            *(getattr(Site, column) for column in SITE.values()),
            *(getattr(Customer, column) for column in CONTACT),
        )
        .join(Occupancy, Occupancy.customer_id == Customer.id)
        .join(Site, Site.id == Occupancy.site_id)
        .order_by(Occupancy.id)
    )


def _load(session: Session, query: Select[*tuple[Any, ...]]) -> dict[str, Stored]:
    """Run a query; of several sites the newest stays."""
    rows = {row[1]: row for row in session.execute(query)}
    terms = find_terms(session, [row[0] for row in rows.values()])
    return {
        number: Stored(
            customer_id=row[0],
            customer_no=number,
            version=row[2],
            erased_at=row[3],
            site_id=row[4],
            site=dict(zip(SITE.values(), row[5:_CONTACT_AT], strict=True)),
            contact=dict(zip(CONTACT, row[_CONTACT_AT:], strict=True)),
            terms=terms.get(row[0], ()),
        )
        for number, row in rows.items()
    }
