"""A customer's dated terms laid out as a time line; nothing is computed that is billed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.models.customers import Term

KINDS = ("contract", "base_fee", "use_price", "export_price")
WIDTH = 800
LEFT = 88
_ROOM = WIDTH - LEFT - 8
_LABEL = 32
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Band:
    """One stretch of a term in the drawing; `when` is `past`, `now` or `next`."""

    term: Term
    last_day: date | None
    x: float
    width: float
    when: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """The bands of each kind, the years' ticks and today's place."""

    rows: list[tuple[str, list[Band]]]
    years: list[tuple[int, float]]
    today_x: float


@dataclass(frozen=True, slots=True)
class _Scale:
    start: date
    end: date

    def x(self, day: date) -> float:
        days = (min(max(day, self.start), self.end) - self.start).days
        return round(LEFT + _ROOM * days / max(1, (self.end - self.start).days), 1)


def time_line(recorded: Sequence[Term], today: date) -> TimeLine | None:
    """Return the drawing of terms in order of their days; None where there is nothing to draw."""
    if not recorded:
        return None
    scale = _scale(recorded, today)
    rows = [(kind, _bands(recorded, kind, today, scale)) for kind in KINDS]
    step = max(1, (scale.end.year - scale.start.year) // 8)
    ticks = range(scale.start.year + 1, scale.end.year + 1, step)
    places = [(year, scale.x(date(year, 1, 1))) for year in ticks]
    years = [(year, x) for year, x in places if x < WIDTH - _LABEL]
    return TimeLine([row for row in rows if row[1]], years, scale.x(today))


def _scale(recorded: Sequence[Term], today: date) -> _Scale:
    days = [today - timedelta(days=365), today + timedelta(days=365)]
    for term in recorded:
        days += [day for day in (term.valid_from, term.start_day, term.end_day) if day]
    real = [day for day in days if day.year > 1]
    return _Scale(min(real), max(real))


def _bands(recorded: Sequence[Term], kind: str, today: date, scale: _Scale) -> list[Band]:
    """Return a kind's stretches: each goes on until the next, a contract at most to its end."""
    last = {term.valid_from: term for term in recorded if term.kind == kind}
    terms = [last[day] for day in sorted(last)]
    bands = []
    for term, after in zip(terms, [*terms[1:], None], strict=True):
        until = after.valid_from - _ONE_DAY if after else None
        band = _band(term, until, today, scale)
        if band is not None:
            bands.append(band)
    return bands


def _band(term: Term, until: date | None, today: date, scale: _Scale) -> Band | None:
    first = max(term.valid_from, term.start_day or term.valid_from)
    if term.kind == "contract":
        if term.start_day is None:
            return None
        until = min((day for day in (until, term.end_day) if day), default=None)
    elif term.figure is None:
        return None
    if until is not None and until < first:
        return None
    x, end = scale.x(first), scale.x(until or scale.end)
    when = "next" if first > today else "past" if until and until < today else "now"
    return Band(term, until, x, max(2.0, round(end - x, 1)), when)


def last_days(recorded: Sequence[Term]) -> dict[int, date | None]:
    """Return by term the last day on which it holds; None where no other follows."""
    found: dict[int, date | None] = {}
    following: dict[str, date] = {}
    for term in reversed(recorded):
        after = following.get(term.kind)
        found[term.id] = after - _ONE_DAY if after else None
        following[term.kind] = term.valid_from
    return found
