"""Dated terms in the database: found in bulk, recorded, withdrawn, never written over."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from shared import audit
from shared.billing.terms import FROM_THE_BEGINNING, DayTerms, TermKind, TermRow, terms_on
from shared.db import KEEPING_KEYS, Row, copy_rows, in_chunks, once, rows_of
from shared.errors import ValueRefused
from shared.models.customers import Customer, Term
from shared.models.invoices import Invoice
from shared.units import price_text

IN_MOST: Final = 5_000
"""The most keys in one query."""
_COLUMNS: Final = (
    "customer_id", "kind", "valid_from", "figure", "start_day", "end_day",
    "recorded_at", "recorded_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TermText:
    """One term's new content: yen or sen in `figure`, or the contract's first and last day."""

    figure: int | None = None
    start_day: date | None = None
    end_day: date | None = None


TermTexts = Mapping[TermKind, TermText]


def contract(start: date | None, end: date | None) -> TermText:
    """Return a contract of these days; a start alone is open, both blank are no contract.

    Raises ValueRefused for an end alone or before the start (domain.md A5).
    """
    if end is not None and start is None:
        raise ValueRefused("an end of the contract needs a start")
    if start is not None and end is not None and end < start:
        raise ValueRefused(f"the contract ends on {end}, before it starts on {start}")
    return TermText(start_day=start, end_day=end)


def text_of(terms: DayTerms, kind: TermKind) -> TermText:
    """Return what holds of one kind."""
    figures = {
        TermKind.BASE_FEE: terms.base_yen,
        TermKind.USE_PRICE: terms.use_sen,
        TermKind.EXPORT_PRICE: terms.export_sen,
    }
    if kind is TermKind.CONTRACT:
        return TermText(start_day=terms.start, end_day=terms.end)
    return TermText(figure=figures[kind])


def describe(kind: TermKind, text: TermText) -> str:
    """Return a term for the audit trail and the command line; blank where nothing is set."""
    if kind is TermKind.CONTRACT:
        return f"{text.start_day} ~ {text.end_day or ''}".strip() if text.start_day else ""
    if text.figure is None:
        return ""
    return str(text.figure) if kind is TermKind.BASE_FEE else price_text(text.figure)


_TERMS: Final = (
    select(
        Term.customer_id, Term.kind, Term.valid_from, Term.recorded_at, Term.id, Term.figure,
        Term.start_day, Term.end_day, Term.withdrawn_at,
    )
    .where(Term.customer_id.in_(bindparam("customer_ids", expanding=True)))
    .order_by(Term.id)
)  # fmt: skip


def find_terms(session: Session, customer_ids: Iterable[int]) -> dict[int, tuple[TermRow, ...]]:
    """Return every term ever recorded of some customers, withdrawn ones included."""
    found: dict[int, list[TermRow]] = {}
    for chunk in in_chunks(customer_ids, IN_MOST):
        for row in rows_of(session, _TERMS, {"customer_ids": chunk}):
            found.setdefault(row[0], []).append(TermRow(TermKind(row[1]), *row[2:]))
    return {owner: tuple(rows) for owner, rows in found.items()}


def find_own_terms(session: Session, customer_id: int) -> tuple[TermRow, ...]:
    """Return every term ever recorded of one customer; asked once by what only reads."""
    found = once(session, ("terms", customer_id), lambda: find_terms(session, [customer_id]))
    return found.get(customer_id, ())


def find_first_open_days(session: Session, customer_ids: Iterable[int]) -> dict[int, date]:
    """Return the first day after the newest issued bill; customers without one are left out."""
    found: dict[int, date] = {}
    for chunk in in_chunks(customer_ids, IN_MOST):
        rows = session.execute(
            select(Invoice.customer_id, func.max(Invoice.period_end))
            .where(Invoice.customer_id.in_(chunk), Invoice.state == "issued")
            .group_by(Invoice.customer_id)
        )
        found.update((owner, day) for owner, day in rows)
    return found


def term_rows(
    customer_id: int, changes: TermTexts, valid_from: date, now: int, actor: str
) -> Iterable[Row]:
    """Yield the rows to add for new terms."""
    for kind, text in changes.items():
        yield (
            customer_id, kind.value, valid_from, text.figure, text.start_day, text.end_day,
            now, actor,
        )  # fmt: skip


def add_terms(session: Session, rows: Iterable[Row]) -> None:
    """Add rows of `term_rows`, many at once."""
    copy_rows(session, Term, _COLUMNS, rows)


def withdraw_terms(session: Session, term_ids: Collection[int], now: int) -> None:
    """Mark terms as no longer true; that they were thought so stays known (decision 25)."""
    for chunk in in_chunks(term_ids, IN_MOST):
        session.execute(update(Term).where(Term.id.in_(chunk)).values(withdrawn_at=now))


def record_terms(  # noqa: PLR0913 - what, since when, and who told it when
    session: Session,
    customer_id: int,
    changes: TermTexts,
    *,
    valid_from: date = FROM_THE_BEGINNING,
    now: int,
    actor: str,
) -> dict[TermKind, tuple[str, str]]:
    """Record terms that hold from a day on until the next that is dated later.

    Returns what changes, as (before, after) of each kind; what holds already is not written again.
    """
    customer = session.get_one(Customer, customer_id, with_for_update=KEEPING_KEYS)
    held = terms_on(find_terms(session, [customer_id]).get(customer_id, ()), valid_from)
    fresh = {kind: text for kind, text in changes.items() if text != text_of(held, kind)}
    if not fresh:
        return {}
    add_terms(session, term_rows(customer_id, fresh, valid_from, now, actor))
    customer.version += 1
    customer.updated_at = now
    told = {
        kind: (describe(kind, text_of(held, kind)), describe(kind, text))
        for kind, text in fresh.items()
    }
    detail = {"from": valid_from.isoformat(), **{kind.value: pair for kind, pair in told.items()}}
    audit.record(session, now, actor, "terms_recorded", customer.customer_no, detail)
    return told
