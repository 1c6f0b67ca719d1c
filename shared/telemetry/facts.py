"""What bills are made from, a chunk of sites at a time: boundaries as they stood at an instant."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import Session

from shared.db import rows_of
from shared.energy.boundaries import Boundary, How, boundaries
from shared.energy.ledger import judge
from shared.energy.periods import ChannelFacts, DayFacts, stand
from shared.energy.quantities import Quantity
from shared.energy.readings import METER, MeterEvent, Point
from shared.models import invoices, telemetry
from shared.months import DAY_S, Period, day_of, instant
from shared.telemetry.intervals import HOURS
from shared.telemetry.loading import (
    SiteChannels,
    find_readings,
    find_site_channels,
    find_states,
)

BILLED = (Quantity.PV, Quantity.EXPORT)
SILENT_S = DAY_S + 2 * 3600
"""Without a good reading or a finished day for longer than this a source is silent, to the
homeowner and to the operator alike (gateways.md §5 rule 9)."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One site's channels as a period's bill reads them: of registers, or of finished days."""

    site: SiteChannels
    registers: Mapping[Quantity, ChannelFacts] = field(default_factory=dict)
    days: Mapping[Quantity, DayFacts] = field(default_factory=dict)


class _Span(NamedTuple):
    """What is derived of a channel as a whole."""

    first_at: int
    first_wh: int
    newest_at: int
    doubts: str


@dataclass(frozen=True, slots=True)
class _Stored:
    """Derived rows of some channels over a period."""

    boundaries: Mapping[int, dict[date, Boundary]]
    spans: Mapping[int, "_Span"]
    closes: Mapping[int, dict[int, Point]]


def find_facts(  # noqa: PLR0913 - of whom and when, as known when, and of what
    session: Session,
    site_ids: Collection[int],
    period: Period,
    as_of: int,
    known_at: int | None = None,
    *,
    quantities: Collection[Quantity] = BILLED,
) -> dict[int, SiteFacts]:
    """Return what each site's bill of a period rests on, from readings taken by `as_of`.

    Stored boundaries serve where no later reading had a say in them; other sites are judged again
    from their checkpoint with the readings of the time. With `known_at` all are, from their first
    reading on, with what was on record then.
    """
    sites = find_site_channels(session, site_ids, known_at)
    channel_ids = [
        site.channel_ids[q] for site in sites.values() for q in quantities if q in site.channel_ids
    ]
    seen = Seen(as_of, known_at, quantities)
    if known_at is not None:
        found = _judged_then(session, sites, _Stored({}, {}, {}), (period, period.start), seen)
    else:
        stored = _find_stored(session, channel_ids, period)
        stale = _stale(sites, period)
        early = {
            i for i, site in sites.items() if i in stale or not _stands(site, stored, period, seen)
        }
        found = {
            i: SiteFacts(site, _as_stored(site, stored, seen))
            for i, site in sites.items()
            if i not in early
        }
        for since in sorted({stale.get(i, period.start) for i in early}):
            group = {i: sites[i] for i in early if stale.get(i, period.start) == since}
            found |= _judged_then(session, group, stored, (period, since), seen)
    found = _with_estimates(session, found, period, seen)
    return _with_day_values(session, found, period, seen)


@dataclass(frozen=True, slots=True)
class Seen:
    """Up to when readings were taken, up to when they had to be on record, and of what."""

    as_of: int
    known_at: int | None = None
    quantities: Collection[Quantity] = BILLED


_CHANNEL_IDS: Final[BindParameter[Any]] = bindparam("channel_ids", expanding=True)
_ESTIMATES: Final = (
    select(invoices.Estimate.channel_id, invoices.Estimate.day, invoices.Estimate.wh)
    .where(
        invoices.Estimate.channel_id.in_(_CHANNEL_IDS),
        invoices.Estimate.day.between(bindparam("start"), bindparam("end")),
    )
    .order_by(invoices.Estimate.id)
)


def _with_estimates(
    session: Session, found: dict[int, SiteFacts], period: Period, seen: Seen
) -> dict[int, SiteFacts]:
    """Add the registers that a person put where none is known; of a day the newest counts."""
    owners = {
        facts.site.channel_ids[quantity]: (i, quantity)
        for i, facts in found.items()
        for quantity in seen.quantities
        if quantity in facts.site.channel_ids
    }
    wanted = _ESTIMATES
    if seen.known_at is not None:
        wanted = wanted.where(invoices.Estimate.recorded_at <= seen.known_at)
    asked = {"channel_ids": list(owners), "start": period.start, "end": period.end}
    estimates: dict[tuple[int, Quantity], dict[date, int]] = defaultdict(dict)
    for channel_id, day, wh in rows_of(session, wanted, asked):
        estimates[owners[channel_id]][day] = wh
    for (i, quantity), of_channel in estimates.items():
        facts = found[i]
        known = facts.registers.get(quantity, ChannelFacts({}))
        registers = {**facts.registers, quantity: replace(known, estimates=of_channel)}
        found[i] = replace(facts, registers=registers)
    return found


def _stale(sites: Mapping[int, SiteChannels], period: Period) -> dict[int, date]:
    """Return the sites whose derived rows wait to be rebuilt, and the day to judge them from."""
    soon = instant(period.end) + DAY_S
    return {
        i: min(period.start, day_of(site.stale_at))
        for i, site in sites.items()
        if site.stale_at is not None and site.stale_at < soon
    }


_HOW: Final[Mapping[str, How]] = {how.value: how for how in How}
_BOUNDARIES: Final = select(
    telemetry.Boundary.channel_id, telemetry.Boundary.day, telemetry.Boundary.wh,
    telemetry.Boundary.ledger_wh, telemetry.Boundary.meter_at, telemetry.Boundary.how,
    telemetry.Boundary.read_at, telemetry.Boundary.until_at, telemetry.Boundary.doubts,
).where(
    telemetry.Boundary.channel_id.in_(_CHANNEL_IDS),
    telemetry.Boundary.day.between(bindparam("start"), bindparam("end")),
)  # fmt: skip
_SPANS: Final = select(
    telemetry.ChannelSpan.channel_id,
    *(getattr(telemetry.ChannelSpan, name) for name in _Span._fields),
).where(telemetry.ChannelSpan.channel_id.in_(_CHANNEL_IDS))
_CLOSES: Final = select(telemetry.MeterClose.__table__).where(
    telemetry.MeterClose.channel_id.in_(_CHANNEL_IDS)
)


def _find_stored(session: Session, channel_ids: Sequence[int], period: Period) -> _Stored:
    asked = {"channel_ids": channel_ids, "start": period.start, "end": period.end}
    known: dict[int, dict[date, Boundary]] = defaultdict(dict)
    rows = rows_of(session, _BOUNDARIES, asked)  # 64 of a home's month: nothing asked by name
    for channel_id, day, wh, ledger, meter_at, how, read_at, until_at, doubts in rows:
        known[channel_id][day] = Boundary(
            day, wh, ledger, meter_at, _HOW[how], read_at, until_at,
            tuple(doubts.split()) if doubts else (),
        )  # fmt: skip
    spans = {channel_id: _Span(*cells) for channel_id, *cells in rows_of(session, _SPANS, asked)}
    closes: dict[int, dict[int, Point]] = defaultdict(dict)
    for c in rows_of(session, _CLOSES, asked):
        closes[c.channel_id][c.at] = Point(c.read_at, c.wh, c.ledger_wh, 0, METER)
    return _Stored(known, spans, closes)


def _stands(site: SiteChannels, stored: _Stored, period: Period, seen: Seen) -> bool:
    """Say whether the stored boundaries of a site are what `as_of` would have seen."""
    for quantity in seen.quantities:
        channel_id = site.channel_ids.get(quantity)
        span = stored.spans.get(channel_id or 0)
        if channel_id is None or span is None or span.newest_at <= seen.as_of:
            continue
        known = stored.boundaries.get(channel_id, {})
        if period.end not in known or any(b.until_at > seen.as_of for b in known.values()):
            return False
    return True


def _as_stored(site: SiteChannels, stored: _Stored, seen: Seen) -> dict[Quantity, ChannelFacts]:
    found = {}
    for quantity in seen.quantities:
        channel_id = site.channel_ids.get(quantity)
        if channel_id is None:
            continue
        span = stored.spans.get(channel_id)
        events = [event for event in site.events[quantity] if event.at <= seen.as_of]
        found[quantity] = ChannelFacts(
            boundaries=stored.boundaries.get(channel_id, {}),
            first=_first(span, events),
            events=events,
            closes=stored.closes.get(channel_id, {}),
            late_doubts=tuple(span.doubts.split()) if span else (),
        )
    return found


def _first(span: _Span | None, events: Sequence[MeterEvent]) -> Point | None:
    if span is None:
        return None
    installed = any(event.at == span.first_at for event in events)
    return Point(span.first_at, span.first_wh, 0, span.first_at if installed else 0, 0)


def _judged_then(
    session: Session,
    sites: Mapping[int, SiteChannels],
    stored: _Stored,
    asked: tuple[Period, date],
    seen: Seen,
) -> dict[int, SiteFacts]:
    """Judge sites with the readings of the time, from the checkpoint before a day."""
    period, since_day = asked
    begins = since_day.replace(day=1)
    states = {} if seen.known_at is not None else find_states(session, list(sites), begins)
    since = {i: instant(states[i][0]) if i in states else 0 for i in sites}
    found = {}
    for start in sorted(set(since.values())):
        group = [i for i in sites if since[i] == start]
        channel_ids = [c for i in group for c in sites[i].channel_ids.values()]
        readings = find_readings(session, channel_ids, start, seen.as_of, seen.known_at)
        for i in group:
            site = sites[i].with_readings(readings, seen.as_of)
            judged = judge(site, states[i][1] if i in states else None)
            registers = {}
            for quantity in seen.quantities:
                if quantity not in judged.ledgers:
                    continue
                ledger = judged.ledgers[quantity]
                channel_id = sites[i].channel_ids[quantity]
                span = stored.spans.get(channel_id)
                resumed = i in states and states[i][1].get(quantity)
                first = _first(span, ledger.events) if resumed and resumed.last else ledger.first
                registers[quantity] = ChannelFacts(
                    boundaries={b.day: b for b in boundaries(ledger, period.start)},
                    first=first,
                    events=ledger.events,
                    closes={**stored.closes.get(channel_id, {}), **ledger.closes},
                    late_doubts=ledger.doubts_between(ledger.last.at, 2**62) if ledger.last else (),
                )
            found[i] = SiteFacts(sites[i], registers)
    return found


def _with_day_values(
    session: Session, found: dict[int, SiteFacts], period: Period, seen: Seen
) -> dict[int, SiteFacts]:
    """Add the finished days of channels that give those."""
    owners = {
        channel_id: (i, quantity)
        for i, facts in found.items()
        for quantity, channel_id in (facts.site.day_channels or {}).items()
        if quantity in seen.quantities
    }
    if not owners:
        return found
    table = telemetry.DayValue
    wanted = (
        select(table.channel_id, table.day, table.wh)
        .where(
            table.channel_id.in_(owners),
            table.day >= period.start,
            table.day < period.end,
            table.hours == HOURS,
        )
        .order_by(table.received_at, table.source, table.wh)
    )
    if seen.known_at is not None:
        wanted = wanted.where(table.received_at <= seen.known_at)
    told: dict[tuple[int, Quantity], dict[date, list[int]]] = defaultdict(dict)
    for channel_id, day, wh in session.execute(wanted):
        if instant(day) + DAY_S <= seen.as_of:
            told[owners[channel_id]].setdefault(day, []).append(wh)
    firsts = _find_first_days(session, owners, seen.known_at)
    of_site: dict[int, dict[Quantity, DayFacts]] = defaultdict(dict)
    for site_id, quantity in owners.values():
        key = site_id, quantity
        stood = {day: stand(tellings) for day, tellings in told[key].items()}
        of_site[site_id][quantity] = DayFacts(
            {day: wh for day, (wh, _) in stood.items()},
            firsts.get(key),
            {day for day, (_, disputed) in stood.items() if disputed},
        )
    return found | {i: replace(found[i], days=days) for i, days in of_site.items()}


def _find_first_days(
    session: Session, owners: Mapping[int, tuple[int, Quantity]], known_at: int | None
) -> dict[tuple[int, Quantity], date]:
    """Return the first finished day of some channels, asked one by one: the start of each key."""
    channel, value = telemetry.Channel, telemetry.DayValue
    first = select(func.min(value.day)).where(value.channel_id == channel.id, value.hours == HOURS)
    if known_at is not None:
        first = first.where(value.received_at <= known_at)
    found: dict[int, date | None] = dict(
        session.execute(
            select(channel.id, first.scalar_subquery()).where(channel.id.in_(owners))
        ).all()
    )
    return {owners[channel_id]: day for channel_id, day in found.items() if day is not None}
