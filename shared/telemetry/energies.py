"""A home's energy day by day, of every quantity that is measured there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.energy.periods import ChannelDays, DayFacts, DayQuality, days, finished_days, worst
from shared.energy.quantities import Quantity
from shared.models import telemetry
from shared.months import Period, day_of
from shared.telemetry.facts import BILLED, SiteFacts, find_facts
from shared.telemetry.loading import find_site_channels
from shared.telemetry.stays import Stay, find_stays

FIELDS: Mapping[Quantity, str] = {
    Quantity.PV: "pv_wh",
    Quantity.EXPORT: "export_wh",
    Quantity.IMPORT: "import_wh",
    Quantity.BATTERY_CHARGE: "charge_wh",
    Quantity.BATTERY_DISCHARGE: "discharge_wh",
}


@dataclass(frozen=True, slots=True)
class Energy:
    """What a home did in some time, in Wh; None where it is not known, never 0 for that.

    `quality` is the worst of generation and export. `use_wh` is generation less export.
    """

    pv_wh: int | None = None
    export_wh: int | None = None
    use_wh: int | None = None
    import_wh: int | None = None
    charge_wh: int | None = None
    discharge_wh: int | None = None
    quality: DayQuality = DayQuality.MISSING

    @property
    def home_wh(self) -> int | None:
        """Return what the home consumed: own use, bought, and what the battery gave or took."""
        if self.use_wh is None or self.import_wh is None:
            return None
        return self.use_wh + self.import_wh + (self.discharge_wh or 0) - (self.charge_wh or 0)


ALL_TIME = Period(date(2000, 1, 1), date(2100, 1, 1))
_BILLED = tuple(FIELDS[quantity] for quantity in BILLED)
QUANTITIES = tuple(field.name for field in fields(Energy) if field.name != "quality")


def energy_of(measured: Mapping[str, int | None], quality: DayQuality) -> Energy:
    """Return energy with its own use, which is known where generation and export are."""
    pv, export = measured.get("pv_wh"), measured.get("export_wh")
    use = None if pv is None or export is None else pv - export
    return Energy(**measured, use_wh=use, quality=quality)


def total_of(parts: Iterable[Energy]) -> Energy:
    """Return the sum of what is known, of each quantity; None where nothing of it is.

    Generation and export count only where both are known, so that their difference is the use.
    """
    rows = list(parts)
    whole = [row for row in rows if row.use_wh is not None]
    sums = {
        name: _sum(getattr(row, name) for row in (whole if name in _BILLED else rows))
        for name in QUANTITIES
    }
    known = [row.quality for row in rows if row.quality is not DayQuality.MISSING]
    return Energy(**sums, quality=worst(*known) if known else DayQuality.MISSING)


def _sum(figures: Iterable[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class DayEnergies:
    """The days of a period that are over, and the energy of the whole by its registers.

    A `total` of registers holds what days without a reading hide; where registers do not reach
    from end to end it is the sum of the days that are known.
    """

    days: Mapping[date, Energy]
    total: Energy


def find_day_energies(session: Session, customer_id: int, period: Period, now: int) -> DayEnergies:
    """Return a customer's finished days of a period, of the sites and dates that were theirs."""
    over = Period(period.start, max(period.start, min(period.end, day_of(now))))
    found: dict[date, Energy] = {}
    totals: list[Energy] = []
    for stay in find_stays(session, customer_id, over):
        for piece in _pieces(session, stay):
            facts = find_facts(
                session, [piece.site_id], piece.period, now, quantities=tuple(Quantity)
            )
            channels = dict(_channels(facts[piece.site_id], piece.period))
            own = dict(_days(channels, piece.period, _first_days(facts[piece.site_id])))
            found |= own
            totals.append(_total(channels, total_of(own.values())))
    return DayEnergies(found, total_of(totals))


def _pieces(session: Session, stay: Stay) -> Iterator[Stay]:
    """Split a stay where derived rows begin to be stale, so that little is judged again."""
    since = find_site_channels(session, [stay.site_id])[stay.site_id].stale_at
    cut = None if since is None else day_of(since) - timedelta(days=1)
    if cut is None or not stay.period.start < cut < stay.period.end:
        yield stay
        return
    yield replace(stay, period=Period(stay.period.start, cut))
    yield replace(stay, period=Period(cut, stay.period.end))


def _channels(facts: SiteFacts, period: Period) -> Iterator[tuple[Quantity, ChannelDays]]:
    for quantity in Quantity:
        if quantity in (facts.site.day_channels or {}):
            yield quantity, finished_days(period, facts.days.get(quantity, DayFacts()))
        elif quantity in facts.registers:
            yield quantity, days(period, facts.registers[quantity])


def _first_days(facts: SiteFacts) -> dict[Quantity, date]:
    """Return the day of each channel's first register; before it nothing is known, nor is it 0.

    A channel of finished days has none: a day that was not told is missing.
    """
    read = {
        q: day_of(known.first.at) if known.first else date.max
        for q, known in facts.registers.items()
    }
    return read | dict.fromkeys(facts.days, date.min)


def _days(
    channels: Mapping[Quantity, ChannelDays], period: Period, firsts: Mapping[Quantity, date]
) -> Iterator[tuple[date, Energy]]:
    begun = min(firsts.values(), default=date.max)
    for n, day in enumerate(period.days()):
        if day < begun:
            continue
        measured = {
            FIELDS[q]: channel.day_wh[n] if firsts.get(q, day) <= day else None
            for q, channel in channels.items()
        }
        billed = [channels[q].qualities[n] for q in BILLED if q in channels]
        quality = worst(*billed) if len(billed) == len(BILLED) else DayQuality.MISSING
        yield day, energy_of(measured, quality)


def _total(channels: Mapping[Quantity, ChannelDays], summed: Energy) -> Energy:
    """Return the registers' totals; generation and export only as a pair (mission.md N2)."""
    reach = {q for q, channel in channels.items() if channel.total_wh is not None}
    if not set(BILLED) <= reach:
        reach -= set(BILLED)
    measured: dict[str, int | None] = {
        FIELDS[q]: channel.total_wh if q in reach else getattr(summed, FIELDS[q])
        for q, channel in channels.items()
    }
    return energy_of(measured, summed.quality)


def find_first_day(session: Session, customer_id: int) -> date | None:
    """Return the first day of which a customer has energy, or None before any."""
    channel, span, value = telemetry.Channel, telemetry.ChannelSpan, telemetry.DayValue
    found: list[date] = []
    for stay in find_stays(session, customer_id, ALL_TIME):
        of_site = select(channel.id).where(channel.site_id == stay.site_id)
        read = session.scalar(select(func.min(span.first_at)).where(span.channel_id.in_(of_site)))
        told = session.scalar(select(func.min(value.day)).where(value.channel_id.in_(of_site)))
        firsts = [day for day in (None if read is None else day_of(read), told) if day is not None]
        found += [max(stay.period.start, min(firsts))] if firsts else []
    return min(found, default=None)
