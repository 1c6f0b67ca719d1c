"""Estimated registers where none is known: what stands, and the days between (domain.md 6.4)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from shared.energy.boundaries import Boundary, How
from shared.energy.readings import MeterEvent, in_place
from shared.months import Period, instant
from shared.units import take_down


def with_estimates(
    span: Period,
    estimates: Mapping[date, int],
    events: Sequence[MeterEvent],
    found: list[Boundary | None],
) -> list[Boundary | None]:
    """Put estimated registers where the span's edges are not known, and share the days out."""
    begin, end = estimates.get(span.start), estimates.get(span.end)
    if found[0] is None and begin is not None:
        at = instant(span.start)
        opening = Boundary(span.start, begin, 0, in_place(events, at), How.ESTIMATED, at, at)
        found = [opening, *found[1:]]
    known = [n for n, boundary in enumerate(found) if boundary is not None]
    last = found[known[-1]] if known else None
    if found[-1] is not None or last is None or end is None or end < last.wh:
        return found
    missing = range(known[-1] + 1, len(found))
    for n in missing:
        day = span.start + timedelta(days=n)
        wh = last.wh + (end - last.wh) * (n - known[-1]) // len(missing)
        ledger = last.ledger + take_down(wh) - take_down(last.wh)
        at = instant(day)
        found[n] = Boundary(day, wh, ledger, last.meter_at, How.ESTIMATED, at, at)
    return found
