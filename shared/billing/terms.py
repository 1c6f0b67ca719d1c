"""Which contract, base fee and prices hold on a day, as known at an instant (decision 25)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.months import Period

FROM_THE_BEGINNING = date(1, 1, 1)
"""The first day of terms that nobody dated."""


class TermKind(StrEnum):
    """A kind of dated term; each has a history of its own."""

    CONTRACT = "contract"
    BASE_FEE = "base_fee"
    USE_PRICE = "use_price"
    EXPORT_PRICE = "export_price"


@dataclass(frozen=True, slots=True)
class TermRow:
    """One recorded term: yen or sen in `figure`, or the contract's two days, both inclusive."""

    kind: TermKind
    valid_from: date
    recorded_at: int
    order: int
    figure: int | None = None
    start_day: date | None = None
    end_day: date | None = None
    withdrawn_at: int | None = None


@dataclass(frozen=True, slots=True)
class DayTerms:
    """What holds on a day; a figure is None where it was left blank or never given."""

    contract_given: bool = False
    start: date | None = None
    end: date | None = None
    base_yen: int | None = None
    use_sen: int | None = None
    export_sen: int | None = None

    @property
    def contract_missing(self) -> bool:
        """Say whether a contract is on record with both dates blank."""
        return self.contract_given and self.start is None

    def covers(self, day: date) -> bool:
        """Say whether the contract's days, first and last included, hold a day."""
        return (
            self.start is not None and self.start <= day and (self.end is None or day <= self.end)
        )


Schedule = Sequence[tuple[date, DayTerms]]
"""The terms of a period: from each of these days on, until the next."""


def terms_on(rows: Iterable[TermRow], day: date, known_at: int | None = None) -> DayTerms:
    """Return what holds on a day: of each kind the newest start, then the newest record.

    `known_at` leaves out what was recorded later and keeps what was withdrawn later.
    """
    chosen: dict[TermKind, TermRow] = {}
    for row in rows:
        if row.valid_from > day or not _known(row, known_at):
            continue
        held = chosen.get(row.kind)
        if held is None or _rank(row) > _rank(held):
            chosen[row.kind] = row
    contract = chosen.get(TermKind.CONTRACT)
    return DayTerms(
        contract_given=contract is not None,
        start=contract.start_day if contract else None,
        end=contract.end_day if contract else None,
        base_yen=_figure(chosen.get(TermKind.BASE_FEE)),
        use_sen=_figure(chosen.get(TermKind.USE_PRICE)),
        export_sen=_figure(chosen.get(TermKind.EXPORT_PRICE)),
    )


def _known(row: TermRow, known_at: int | None) -> bool:
    if known_at is None:
        return row.withdrawn_at is None
    withdrawn = row.withdrawn_at is not None and row.withdrawn_at <= known_at
    return row.recorded_at <= known_at and not withdrawn


def _rank(row: TermRow) -> tuple[date, int, int]:
    return row.valid_from, row.recorded_at, row.order


def _figure(row: TermRow | None) -> int | None:
    return row.figure if row else None


def schedule(rows: Sequence[TermRow], period: Period, known_at: int | None = None) -> Schedule:
    """Return the terms of a period as (first day, terms), one entry for each stretch."""
    starts = {period.start} | {row.valid_from for row in rows if row.valid_from in period}
    stretches: list[tuple[date, DayTerms]] = []
    for day in sorted(starts):
        terms = terms_on(rows, day, known_at)
        if not stretches or stretches[-1][1] != terms:
            stretches.append((day, terms))
    return tuple(stretches)
