"""What stating customers would change, before anything is changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from shared.billing.terms import FROM_THE_BEGINNING, TermKind, terms_on
from shared.customers.entries import Entry
from shared.customers.stored import Stored, find_stored
from shared.customers.terms import TermText, describe, find_first_open_days, text_of
from shared.months import day_of

Pair = tuple[object, object]
"""What was, and what is to be."""


class Verdict(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """One customer's row against what is stored; `superseded` are terms that no longer hold."""

    entry: Entry
    stored: Stored | None = None
    contact: Mapping[str, Pair] = field(default_factory=dict)
    site: Mapping[str, Pair] = field(default_factory=dict)
    terms: Mapping[TermKind, tuple[TermText, TermText]] = field(default_factory=dict)
    terms_from: date = FROM_THE_BEGINNING
    superseded: tuple[int, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Say whether the customer is new, changed or the same."""
        if self.stored is None:
            return Verdict.NEW
        return Verdict.CHANGED if self.contact or self.site or self.terms else Verdict.SAME

    def told(self) -> dict[str, object]:
        """Return before and after of all that changes, for the audit trail and a preview."""
        told: dict[str, object] = {**self.contact, **self.site}
        told |= {
            kind.value: (describe(kind, before), describe(kind, after))
            for kind, (before, after) in self.terms.items()
        }
        if self.terms:
            told["terms_from"] = self.terms_from.isoformat()
        return told


def plan_changes(
    session: Session, entries: Sequence[Entry], now: int, *, lock: bool = False
) -> list[Change]:
    """Compare entries, each customer once, with what is stored; in order, in a few queries.

    `lock` is for who goes on to apply them in the same transaction. Raises WasErased.
    """
    stored = find_stored(session, [entry.customer_no for entry in entries], lock=lock)
    first_open = find_first_open_days(session, [one.customer_id for one in stored.values()])
    today = day_of(now)
    changes = []
    for entry in entries:
        one = stored.get(entry.customer_no)
        if one is None:
            since = entry.terms_from or FROM_THE_BEGINNING
            changes.append(Change(entry, terms_from=since))
        else:
            one.check_not_erased()
            open_from = first_open.get(one.customer_id, FROM_THE_BEGINNING)
            changes.append(_compare(entry, one, today, open_from))
    return changes


def _compare(entry: Entry, stored: Stored, today: date, open_from: date) -> Change:
    since = entry.terms_from or open_from
    if entry.terms_from or since > today:
        settled = {since} if entry.terms_from else {today, since}
    else:
        settled = {today}
    terms = _changed_terms(entry, stored, settled)
    until = since if entry.terms_from else today
    return Change(
        entry,
        stored,
        contact=_changed(stored.contact, entry.contact),
        site=_changed(stored.site, entry.site),
        terms=terms,
        terms_from=since,
        superseded=_superseded(stored, terms, since, until),
    )


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, Pair]:
    return {key: (before[key], new) for key, new in after.items() if before[key] != new}


def _changed_terms(
    entry: Entry, stored: Stored, settled: Iterable[date]
) -> dict[TermKind, tuple[TermText, TermText]]:
    """Return terms that differ from what holds on every one of the days."""
    held = [terms_on(stored.terms, day) for day in sorted(settled)]
    return {
        kind: (text_of(held[0], kind), text)
        for kind, text in entry.terms.items()
        if all(text != text_of(terms, kind) for terms in held)
    }


def _superseded(
    stored: Stored, changed: Iterable[TermKind], since: date, until: date
) -> tuple[int, ...]:
    """Return terms after `since` up to `until`, which would otherwise hide the change at once."""
    kinds = set(changed)
    return tuple(
        row.order
        for row in stored.terms
        if row.kind in kinds and since < row.valid_from <= until and row.withdrawn_at is None
    )
