"""A tariff step: the same terms for many customers from a day on, looked at before it is taken."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import update
from sqlalchemy.orm import Session

from shared import audit
from shared.billing.terms import TermKind, terms_on
from shared.customers.stored import Stored, walk_stored
from shared.customers.terms import (
    IN_MOST,
    TermText,
    TermTexts,
    add_terms,
    describe,
    term_rows,
    text_of,
)
from shared.db import in_chunks
from shared.models.customers import Customer


@dataclass(frozen=True, slots=True)
class Step:
    """One customer whose terms the step changes.

    `terms` gives (before, after) of each kind; `later` the days from which terms that are dated
    later take over, so that nobody thinks the step holds for good.
    """

    stored: Stored
    terms: Mapping[TermKind, tuple[TermText, TermText]]
    later: tuple[tuple[date, TermKind], ...]

    def told(self) -> dict[str, tuple[str, str]]:
        """Return before and after of each kind as people write them."""
        return {
            kind.value: (describe(kind, before), describe(kind, after))
            for kind, (before, after) in self.terms.items()
        }


def plan_step(
    session: Session, texts: TermTexts, since: date, having: TermTexts | None = None
) -> list[Step]:
    """Return the customers, by number, for whom the terms of a day would change.

    Archived customers are left out; with `having` also those who do not hold these terms that day.
    """
    planned = (_step(stored, texts, since, having or {}) for stored in walk_stored(session))
    return [step for step in planned if step is not None]


def _step(stored: Stored, texts: TermTexts, since: date, having: TermTexts) -> Step | None:
    held = terms_on(stored.terms, since)
    if any(text_of(held, kind) != text for kind, text in having.items()):
        return None
    changed = {
        kind: (text_of(held, kind), text)
        for kind, text in texts.items()
        if text_of(held, kind) != text
    }
    return Step(stored, changed, later_terms(stored, changed, since)) if changed else None


def later_terms(
    stored: Stored, kinds: Container[TermKind], since: date
) -> tuple[tuple[date, TermKind], ...]:
    """Return the days after one from which a customer's terms of some kinds are others."""
    later = {
        (row.valid_from, row.kind)
        for row in stored.terms
        if row.kind in kinds and row.valid_from > since and row.withdrawn_at is None
    }
    return tuple(sorted(later))


def take_step(session: Session, steps: Sequence[Step], since: date, now: int, actor: str) -> None:
    """Record the terms that were planned in the same transaction; audited for each customer."""
    add_terms(session, _rows(steps, since, now, actor))
    ids = [step.stored.customer_id for step in steps]
    for chunk in in_chunks(ids, IN_MOST):
        session.execute(
            update(Customer)
            .where(Customer.id.in_(chunk))
            .values(version=Customer.version + 1, updated_at=now)
            .execution_options(synchronize_session=False)
        )
    for step in steps:
        told = {"from": since.isoformat(), **step.told()}
        audit.record(session, now, actor, "terms_recorded", step.stored.customer_no, told)


def _rows(
    steps: Iterable[Step], since: date, now: int, actor: str
) -> Iterable[Sequence[int | str | bytes | date | None]]:
    for step in steps:
        texts = {kind: after for kind, (_, after) in step.terms.items()}
        yield from term_rows(step.stored.customer_id, texts, since, now, actor)
