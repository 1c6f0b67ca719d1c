"""Customers written to the database: registered with site and code, or changed, audited."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.codes import new_code
from shared.customers.entries import CONTACT
from shared.customers.planning import Change, Verdict
from shared.customers.stored import get_stored
from shared.customers.terms import IN_MOST, add_terms, term_rows, withdraw_terms
from shared.db import Row, copy_rows, in_chunks
from shared.invoices.chaining import Act
from shared.invoices.rederiving import rederive
from shared.models.customers import Customer, Occupancy, Site
from shared.seal import code_index, seal, unseal
from shared.search import search_text
from shared.telemetry.deriving import BEGINNING, mark_stale

_BARE_SITE: Mapping[str, object] = {"battery": "none", "panel_w": None, "pcs": "", "pcs_w": None}


@dataclass(frozen=True, slots=True)
class Registrar:
    """Who writes, when, under which key for the codes; `choose` picks a code's letters."""

    key: Callable[[], str]
    now: int
    actor: str
    choose: Callable[[str], str] = secrets.choice


def apply_changes(session: Session, changes: Iterable[Change], registrar: Registrar) -> None:
    """Write what was planned in the same transaction; rows that are the same are left alone.

    Bills follow terms that have changed at once.
    """
    planned = list(changes)
    new = [change for change in planned if change.verdict is Verdict.NEW]
    changed = [change for change in planned if change.verdict is Verdict.CHANGED]
    if new:
        _register(session, new, registrar)
    if changed:
        _change(session, changed, registrar)
        _follow(session, changed, registrar)


def _register(session: Session, changes: Sequence[Change], registrar: Registrar) -> None:
    """Make sites, customers, occupancies without ends, terms and audit rows."""
    site_ids = session.scalars(
        insert(Site).returning(Site.id, sort_by_parameter_order=True),
        [{**_BARE_SITE, **change.entry.site} for change in changes],
    ).all()
    _move_in(session, changes, [(site_id, None) for site_id in site_ids], registrar)


def register_at_site(
    session: Session, change: Change, site_id: int, first_day: date, registrar: Registrar
) -> None:
    """Register a customer who moves into a house that is there, from a day on."""
    _move_in(session, [change], [(site_id, first_day)], registrar)


def _move_in(
    session: Session,
    changes: Sequence[Change],
    stays: Sequence[tuple[int, date | None]],
    registrar: Registrar,
) -> None:
    """Make customers with codes and terms, each at a site from a day on, or from ever."""
    customer_ids = session.scalars(
        insert(Customer).returning(Customer.id, sort_by_parameter_order=True),
        _customer_rows(session, changes, registrar),
    ).all()
    homes = zip(customer_ids, stays, strict=True)
    copy_rows(
        session,
        Occupancy,
        ("customer_id", "site_id", "from_day", "to_day"),
        ((customer_id, site_id, since, None) for customer_id, (site_id, since) in homes),
    )
    now, actor = registrar.now, registrar.actor
    add_terms(
        session,
        (
            row
            for customer_id, change in zip(customer_ids, changes, strict=True)
            for row in term_rows(customer_id, change.entry.terms, change.terms_from, now, actor)
        ),
    )
    for change in changes:
        audit.record(session, now, actor, "customer_registered", change.entry.customer_no, {})


def _customer_rows(
    session: Session, changes: Sequence[Change], registrar: Registrar
) -> list[dict[str, object]]:
    key = registrar.key()
    codes = new_codes(session, key, len(changes), registrar.choose)
    blank = dict.fromkeys(CONTACT, "")
    return [
        {
            **_with_search_text(change.entry.customer_no, {**blank, **change.entry.contact}),
            "customer_no": change.entry.customer_no,
            "code_index": index,
            "code_sealed": seal(key, code, change.entry.customer_no),
            "registered_at": registrar.now,
            "updated_at": registrar.now,
        }
        for change, (index, code) in zip(changes, codes, strict=True)
    ]


def _with_search_text(customer_no: str, contact: Mapping[str, str]) -> dict[str, object]:
    searched = search_text(customer_no, contact["name"], contact["kana"], contact["email"])
    return {**contact, "search_text": searched}


def _change(session: Session, changes: Sequence[Change], registrar: Registrar) -> None:
    """Write contact, site and terms together, so that none of them is lost."""
    now, actor = registrar.now, registrar.actor
    customers: list[dict[str, object]] = []
    sites: list[dict[str, object]] = []
    changed_sites: list[int] = []
    terms: list[Row] = []
    withdrawn: list[int] = []
    for change in changes:
        stored, entry = change.stored, change.entry
        if stored is None:
            continue
        contact = _with_search_text(stored.customer_no, {**stored.contact, **entry.contact})
        counted = {"id": stored.customer_id, "version": stored.version + 1, "updated_at": now}
        customers.append({**contact, **counted})
        if change.site:
            sites.append({"id": stored.site_id, **stored.site, **entry.site})
            changed_sites.append(stored.site_id)
        texts = {kind: after for kind, (_, after) in change.terms.items()}
        terms.extend(term_rows(stored.customer_id, texts, change.terms_from, now, actor))
        withdrawn.extend(change.superseded)
        audit.record(session, now, actor, "customer_changed", stored.customer_no, change.told())
    session.execute(update(Customer), customers)
    if sites:
        session.execute(update(Site), sites)
        # Panels and battery decide which readings stand, from the first one on.
        mark_stale(session, dict.fromkeys(changed_sites, BEGINNING))
    withdraw_terms(session, withdrawn, now)
    add_terms(session, terms)


def _follow(session: Session, changes: Sequence[Change], registrar: Registrar) -> None:
    since = {
        change.stored.customer_id: change.terms_from
        for change in changes
        if change.stored is not None and change.terms
    }
    if since:
        act = Act(registrar.actor, registrar.now, registrar.now)
        rederive(session, list(since), min(since.values()), act)


def new_codes(
    session: Session, key: str, count: int, choose: Callable[[str], str] = secrets.choice
) -> list[tuple[bytes, str]]:
    """Return (index, code) of codes that no customer has; one that exists is drawn again."""
    found: dict[bytes, str] = {}
    while len(found) < count:
        drawn = [new_code(choose) for _ in range(count - len(found))]
        fresh = {code_index(key, code): code for code in drawn}
        for taken in _taken(session, fresh):
            del fresh[taken]
        found |= fresh
    return list(found.items())


def _taken(session: Session, indexes: Iterable[bytes]) -> set[bytes]:
    query = select(Customer.code_index)
    return {
        index
        for chunk in in_chunks(indexes, IN_MOST)
        for index in session.scalars(query.where(Customer.code_index.in_(chunk)))
    }


def reveal_code(session: Session, key: str, customer_no: str, now: int, actor: str) -> str:
    """Return a customer's auth code and leave an audit row.

    Raises NotFound, SealBroken and WasErased.
    """
    stored = get_stored(session, customer_no)
    stored.check_not_erased()
    sealed = session.get_one(Customer, stored.customer_id).code_sealed
    code = unseal(key, sealed, customer_no)
    audit.record(session, now, actor, "code_revealed", customer_no, {})
    return code
