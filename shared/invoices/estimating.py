"""An estimate in place of a register that nobody read (decision 18, domain.md 6.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.energy.boundaries import MEASURED, Boundary, How
from shared.energy.periods import ChannelFacts
from shared.energy.quantities import Quantity
from shared.invoices.loading import Live, find_pins
from shared.models import invoices, telemetry
from shared.months import Period
from shared.telemetry.facts import SiteFacts
from shared.units import take_down

MEAN_DAYS = 30
Pins = Mapping[Quantity, Mapping[date, Boundary]]


@dataclass(frozen=True, slots=True)
class Gap:
    """The days of a channel from its last known boundary to the end of a bill."""

    channel_id: int
    last: Boundary
    end: date

    @property
    def days(self) -> int:
        """Return how many days are not known."""
        return (self.end - self.last.day).days


def find_gap(span: Period, channel_id: int, facts: ChannelFacts) -> Gap | None:
    """Return the days that are not known up to the end of a span, None where all is known.

    `facts` carry the pins; without any boundary in the span there is nothing to go on from.
    """
    if facts.at(span.end) is not None:
        return None
    for day in reversed(list(span.days())):
        known = facts.at(day)
        if known is not None:
            return Gap(channel_id, known, span.end)
    return None


def guesses(session: Session, gap: Gap) -> list[int]:
    """Return the Wh of a gap by last year's same days, and by the 30 days before; as known."""
    last_year = _between(session, gap.channel_id, (_year_before(gap.last.day), gap.days))
    table = telemetry.Boundary
    newest = session.scalar(
        select(table.day)
        .where(
            table.channel_id == gap.channel_id,
            table.day <= gap.last.day,
            table.how.in_([how.value for how in MEASURED]),
        )
        .order_by(table.day.desc())
        .limit(1)
    )
    found = [] if last_year is None else [last_year]
    if newest is not None:
        before = newest - timedelta(days=MEAN_DAYS)
        mean = _between(session, gap.channel_id, (before, MEAN_DAYS))
        found += [] if mean is None else [take_down(mean * gap.days // MEAN_DAYS)]
    return found


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _between(session: Session, channel_id: int, stretch: tuple[date, int]) -> int | None:
    """Return the Wh of a stretch of days, None where an edge of it is not known."""
    begin, days = stretch
    table = telemetry.Boundary
    rows = session.execute(
        select(table.day, table.ledger_wh).where(
            table.channel_id == channel_id, table.day.in_([begin, begin + timedelta(days=days)])
        )
    ).all()
    edges = {row.day: row.ledger_wh for row in rows}
    return edges[begin + timedelta(days=days)] - edges[begin] if len(edges) > 1 else None


def choose(by_channel: Mapping[Quantity, Sequence[int]]) -> dict[Quantity, int]:
    """Return the Wh that each channel is estimated at, in the homeowner's favour.

    That is the lower of two guesses for generation. For export it is the higher, because less
    export would be more use to pay for, but never more than the generation of the same days.
    """
    chosen: dict[Quantity, int] = {
        q: min(found) for q, found in by_channel.items() if q is not Quantity.EXPORT
    }
    if Quantity.EXPORT in by_channel:
        export = max(by_channel[Quantity.EXPORT])
        chosen[Quantity.EXPORT] = min(export, chosen.get(Quantity.PV, export))
    return chosen


def keep_estimates(
    session: Session, row: invoices.Invoice, facts: SiteFacts, pins: Pins
) -> dict[Quantity, dict[date, Boundary]]:
    """Add to the pins the estimated closings of an issued bill that nothing measured contradicts.

    A register read later that is not below the estimate trues the next bill up by itself; one
    below it, or a reading of the very night, lets the bill come out otherwise (decision 18).
    """
    own = find_pins(session, [Live.of(row)])[row.customer_id]
    kept = {quantity: dict(of_channel) for quantity, of_channel in pins.items()}
    for quantity, of_channel in own.items():
        pin = of_channel.get(row.period_end)
        if pin is None or pin.how is not How.ESTIMATED or quantity not in facts.registers:
            continue
        known = facts.registers[quantity].boundaries.get(row.period_end)
        if known is None or known.how is not How.INTERPOLATED or known.meter_at != pin.meter_at:
            continue  # still silent: the estimate itself stands; or measured: that decides
        if _read(session, facts.site.channel_ids[quantity], known.until_at) >= pin.wh:
            kept.setdefault(quantity, {})[row.period_end] = pin
    return kept


def _read(session: Session, channel_id: int, at: int) -> int:
    """Return the lowest register kept of an instant."""
    reading, manual = telemetry.Reading, telemetry.ManualRegister
    found = [
        *session.scalars(
            select(reading.wh).where(reading.channel_id == channel_id, reading.at == at)
        ),
        *session.scalars(select(manual.wh).where(manual.channel_id == channel_id, manual.at == at)),
    ]
    return min(found, default=0)
