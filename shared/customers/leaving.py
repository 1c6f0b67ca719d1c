"""The end of a customer's stay: cancelled, run out, or handed over to a new owner of the house."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.billing.terms import FROM_THE_BEGINNING, TermKind, TermRow, terms_on
from shared.customers.entries import Entry
from shared.customers.planning import Verdict, plan_changes
from shared.customers.registering import Registrar, register_at_site
from shared.customers.stored import Stored, get_stored
from shared.customers.terms import (
    TermText,
    add_terms,
    contract,
    find_first_open_days,
    term_rows,
    withdraw_terms,
)
from shared.db import KEEPING_KEYS
from shared.errors import Refused
from shared.invoices.chaining import Act
from shared.invoices.rederiving import rederive
from shared.models.customers import Customer, Occupancy

REASONS = ("cancelled", "term_end", "moved")
ONE_DAY = timedelta(days=1)


class LeavingRefused(Refused):
    """A stay cannot end so; `kind` says why in a word, `day` is the day that is meant."""

    def __init__(self, kind: str, sentence: str, day: date | None = None) -> None:
        """Keep the word and the day, and be printed as the sentence."""
        super().__init__(sentence, kind)
        self.day = day


@dataclass(frozen=True, slots=True)
class Leaving:
    """The last day of a stay, included, and why it ends: one of REASONS."""

    last_day: date
    reason: str


def earliest_last_day(session: Session, stored: Stored) -> date:
    """Return the earliest last day that no issued bill goes beyond."""
    first_open = find_first_open_days(session, [stored.customer_id]).get(stored.customer_id)
    start = _contract_rows(stored)[-1].start_day if _contract_rows(stored) else None
    days = [first_open - ONE_DAY if first_open else None, start]
    return max((day for day in days if day is not None), default=FROM_THE_BEGINNING)


def _contract_rows(stored: Stored) -> list[TermRow]:
    """Return the contracts that count, in order of their days."""
    rows = [
        row for row in stored.terms if row.kind is TermKind.CONTRACT and row.withdrawn_at is None
    ]
    return sorted(rows, key=lambda row: (row.valid_from, row.recorded_at, row.order))


def end_stay(session: Session, customer_no: str, leaving: Leaving, now: int, actor: str) -> None:
    """End a customer's contract and stay on a day; open bills follow at once, audited.

    Raises LeavingRefused where the customer has left already, or an issued bill goes beyond.
    """
    stored = get_stored(session, customer_no)
    customer = session.get_one(Customer, stored.customer_id, with_for_update=KEEPING_KEYS)
    _check(session, stored, customer, leaving.last_day)
    _end_contract(session, stored, leaving.last_day, now, actor)
    for occupancy in session.scalars(
        select(Occupancy).where(
            Occupancy.customer_id == stored.customer_id, Occupancy.to_day.is_(None)
        )
    ):
        occupancy.to_day = leaving.last_day
    customer.left_on, customer.updated_at = leaving.last_day, now
    customer.version += 1
    told = {"last_day": leaving.last_day.isoformat(), "reason": leaving.reason}
    audit.record(session, now, actor, "customer_left", customer_no, told)
    session.flush()
    rederive(session, [stored.customer_id], leaving.last_day, Act(actor, now, now))


def _check(session: Session, stored: Stored, customer: Customer, last_day: date) -> None:
    number = stored.customer_no
    if customer.left_on is not None:
        raise LeavingRefused("left", f"customer {number} has left already", customer.left_on)
    if customer.archived_at is not None:
        raise LeavingRefused("archived", f"customer {number} is archived")
    earliest = earliest_last_day(session, stored)
    if last_day < earliest:
        sentence = f"customer {number} cannot leave before {earliest}"
        raise LeavingRefused("too_early", sentence, earliest)


def _end_contract(session: Session, stored: Stored, last_day: date, now: int, actor: str) -> None:
    """Let the contract of the last day end on it, and withdraw what is dated later."""
    rows = _contract_rows(stored)
    withdraw_terms(session, [row.order for row in rows if row.valid_from > last_day], now)
    held = terms_on(stored.terms, last_day)
    if held.start is None or (held.end is not None and held.end <= last_day):
        return
    since = max(row.valid_from for row in rows if row.valid_from <= last_day)
    ended = {TermKind.CONTRACT: contract(held.start, last_day)}
    add_terms(session, term_rows(stored.customer_id, ended, since, now, actor))


def resume_stay(session: Session, customer_no: str, now: int, actor: str) -> None:
    """Take the end of a stay back, as when its day was wrong; open bills follow, audited.

    Raises LeavingRefused where nobody left, the last bill is issued, or another lives there, and
    WasErased.
    """
    stored = get_stored(session, customer_no)
    stored.check_not_erased()
    customer = session.get_one(Customer, stored.customer_id, with_for_update=KEEPING_KEYS)
    last_day = customer.left_on
    if last_day is None:
        raise LeavingRefused("stays", f"customer {customer_no} has not left")
    first_open = find_first_open_days(session, [stored.customer_id]).get(stored.customer_id)
    if first_open is not None and first_open > last_day:
        raise LeavingRefused("billed", f"the last bill of {customer_no} is issued", last_day)
    others = select(Occupancy.id).where(
        Occupancy.site_id == stored.site_id, Occupancy.from_day > last_day
    )
    if session.scalar(others.limit(1)) is not None:
        raise LeavingRefused("house_taken", f"another customer lives where {customer_no} did")
    rows = [row for row in _contract_rows(stored) if row.end_day == last_day]
    if rows and sum(row.valid_from == rows[-1].valid_from for row in _contract_rows(stored)) > 1:
        withdraw_terms(session, [rows[-1].order], now)
    for occupancy in session.scalars(
        select(Occupancy).where(
            Occupancy.customer_id == stored.customer_id, Occupancy.to_day == last_day
        )
    ):
        occupancy.to_day = None
    customer.left_on, customer.updated_at = None, now
    customer.version += 1
    audit.record(
        session, now, actor, "customer_stays", customer_no, {"last_day": last_day.isoformat()}
    )
    session.flush()
    rederive(session, [stored.customer_id], last_day, Act(actor, now, now))


def hand_over(
    session: Session, customer_no: str, leaving: Leaving, newcomer: Entry, registrar: Registrar
) -> None:
    """End a customer's stay and let a new one begin the day after at the same site; audited.

    Meters and gateways stay with the house; what the newcomer's entry does not say of the gateway
    and of prices is taken over. Raises LeavingRefused also where the new number is taken.
    """
    stored = get_stored(session, customer_no)
    (change,) = plan_changes(session, [newcomer], registrar.now, lock=True)
    if change.verdict is not Verdict.NEW:
        raise LeavingRefused("number_taken", f"customer {newcomer.customer_no} is there already")
    end_stay(session, customer_no, leaving, registrar.now, registrar.actor)
    entry = _with_house(newcomer, stored, leaving.last_day)
    first_day = leaving.last_day + ONE_DAY
    register_at_site(session, replace(change, entry=entry), stored.site_id, first_day, registrar)
    told = {"from": customer_no, "first_day": first_day.isoformat()}
    audit.record(
        session, registrar.now, registrar.actor, "house_handed_over", entry.customer_no, told
    )


def _with_house(newcomer: Entry, stored: Stored, last_day: date) -> Entry:
    """Fill in what belongs to the house: gateway, and the prices where none are stated."""
    held = terms_on(stored.terms, last_day)
    figures: Mapping[TermKind, int | None] = {
        TermKind.BASE_FEE: held.base_yen,
        TermKind.EXPORT_PRICE: held.export_sen,
        TermKind.USE_PRICE: held.use_sen,
    }
    terms = {kind: TermText(figure=figure) for kind, figure in figures.items()}
    contact = {"serial": stored.contact["serial"], **newcomer.contact}
    return replace(newcomer, contact=contact, site={}, terms={**terms, **newcomer.terms})
