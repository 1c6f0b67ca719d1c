"""Derived rows brought up to date: only sites that were touched, only from where they were."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared.db import copy_rows, in_chunks, merge_rows
from shared.energy.boundaries import Boundary, boundaries
from shared.energy.ledger import Judged, Ledger, SiteState, judge
from shared.energy.readings import Point, Reading
from shared.models import telemetry
from shared.months import Month, day_of, instant
from shared.telemetry.loading import (
    SiteChannels,
    find_readings,
    find_site_channels,
    find_states,
    write_state,
)

CHUNK = 200
BEGINNING = 0

BOUNDARY_COLUMNS = (
    "channel_id", "day", "wh", "ledger_wh", "meter_at", "how", "read_at", "until_at", "doubts",
)  # fmt: skip
SPAN_COLUMNS = (
    "channel_id", "first_at", "first_wh", "last_at", "last_wh", "newest_at", "doubts",
)  # fmt: skip


def mark_stale(session: Session, since: dict[int, int]) -> None:
    """Say that the derived rows of some sites no longer hold from an instant on."""
    stale = telemetry.StaleSite
    stored = dict(
        session.execute(select(stale.site_id, stale.since_at).where(stale.site_id.in_(since))).all()
    )
    rows = [(site_id, min(at, stored.get(site_id, at))) for site_id, at in since.items()]
    merge_rows(session, stale, ("site_id", "since_at"), rows, keep=False)


def refresh(
    session: Session,
    site_ids: Collection[int] | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> int:
    """Rebuild what is stale, of all sites or of some; return how many sites it was."""
    stale = telemetry.StaleSite
    wanted = select(stale.site_id, stale.since_at).order_by(stale.site_id)
    if site_ids is not None:
        wanted = wanted.where(stale.site_id.in_(site_ids))
    rows = session.execute(wanted.with_for_update()).all()
    for chunk in in_chunks(rows, CHUNK):
        by_month: dict[date, list[int]] = defaultdict(list)
        for site_id, since in chunk:
            by_month[day_of(since).replace(day=1)].append(site_id)
        for month, ids in by_month.items():
            _rebuild(session, ids, month)
        session.execute(delete(stale).where(stale.site_id.in_([row.site_id for row in chunk])))
        advance(len(chunk))
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Rebuilt:
    """One site judged anew: from where, with what state before, and what came out."""

    site: SiteChannels
    since: int
    before: SiteState | None
    judged: Judged
    newest_at: dict[int, int]


def _rebuild(session: Session, site_ids: Sequence[int], month: date) -> None:
    sites = find_site_channels(session, site_ids)
    states = find_states(session, site_ids, month)
    by_start: dict[int, list[int]] = defaultdict(list)
    for site_id in site_ids:
        found = states.get(site_id)
        by_start[instant(found[0]) if found else BEGINNING].append(site_id)
    for since, ids in by_start.items():
        channel_ids = [c for i in ids for c in sites[i].channel_ids.values()]
        readings = find_readings(session, channel_ids, since)
        rebuilt = []
        for site_id in ids:
            site, before = sites[site_id], states.get(site_id)
            newest = {
                c: max(
                    [r.at for r in readings.get(c, ())]
                    + [event.at for event in site.events[quantity]],
                    default=BEGINNING,
                )
                for quantity, c in site.channel_ids.items()
            }
            judged = judge(
                site.with_readings(readings),
                before[1] if before else None,
                _marks(since, _first_at(readings, site), max(newest.values(), default=0)),
            )
            rebuilt.append(_Rebuilt(site, since, before[1] if before else None, judged, newest))
        _write(session, rebuilt, channel_ids, since)


def _first_at(readings: dict[int, list[Reading]], site: SiteChannels) -> int:
    """Return the first instant of a site's loaded readings, 0 without any."""
    return min(
        (r.at for c in site.channel_ids.values() for r in readings.get(c, ())), default=BEGINNING
    )


def _marks(since: int, first: int, newest: int) -> list[int]:
    """Return the beginnings of the calendar months after the start up to the newest reading."""
    begin = max(since, first)
    if not newest or newest < begin:
        return []
    day = day_of(begin)
    month, marks = Month(day.year, day.month).next(), []
    while instant(month.first()) <= newest:
        marks.append(instant(month.first()))
        month = month.next()
    return marks


def _write(
    session: Session, rebuilt: Sequence[_Rebuilt], channel_ids: Sequence[int], since: int
) -> None:
    _write_refusals(session, rebuilt, channel_ids, since)
    _write_boundaries(session, rebuilt)
    _write_spans(session, rebuilt, channel_ids)
    close = telemetry.MeterClose
    session.execute(delete(close).where(close.channel_id.in_(channel_ids), close.at >= since))
    closes = [
        (c, at, point.wh, point.at, point.ledger)
        for r in rebuilt
        for quantity, c in r.site.channel_ids.items()
        for at, point in r.judged.ledgers[quantity].closes.items()
    ]
    columns = ("channel_id", "at", "wh", "read_at", "ledger_wh")
    merge_rows(session, close, columns, closes, keep=False)
    checkpoint = telemetry.Checkpoint
    site_ids = [r.site.site_id for r in rebuilt]
    month = day_of(since)
    session.execute(
        delete(checkpoint).where(checkpoint.site_id.in_(site_ids), checkpoint.month > month)
    )
    states = [
        (r.site.site_id, day_of(mark), write_state(state))
        for r in rebuilt
        for mark, state in r.judged.marks.items()
    ]
    copy_rows(session, checkpoint, ("site_id", "month", "state"), states)


def _write_refusals(
    session: Session, rebuilt: Sequence[_Rebuilt], channel_ids: Sequence[int], since: int
) -> None:
    aside = telemetry.SetAside
    session.execute(delete(aside).where(aside.channel_id.in_(channel_ids), aside.at >= since))
    refusals = [
        (c, refusal.at, refusal.source, refusal.wh, refusal.reason)
        for r in rebuilt
        for quantity, c in r.site.channel_ids.items()
        for refusal in r.judged.ledgers[quantity].refusals
    ]
    merge_rows(session, aside, ("channel_id", "at", "source", "wh", "reason"), refusals, keep=False)


def _write_boundaries(session: Session, rebuilt: Sequence[_Rebuilt]) -> None:
    stored = telemetry.Boundary
    by_day: dict[date, list[int]] = defaultdict(list)
    rows = []
    for r in rebuilt:
        for quantity, channel_id in r.site.channel_ids.items():
            last = r.before[quantity].last if r.before and quantity in r.before else None
            since = day_of(last.at - 1) + timedelta(days=1) if last else date.min
            by_day[since].append(channel_id)
            rows += [
                boundary_row(channel_id, known)
                for known in boundaries(r.judged.ledgers[quantity], since)
            ]
    for since, channel_ids in by_day.items():
        session.execute(
            delete(stored).where(stored.channel_id.in_(channel_ids), stored.day >= since)
        )
    copy_rows(session, stored, BOUNDARY_COLUMNS, rows)


def boundary_row(channel_id: int, known: Boundary) -> tuple[int | str | date, ...]:
    """Return a boundary as a row of its table."""
    return (
        channel_id, known.day, known.wh, known.ledger, known.meter_at, known.how.value,
        known.read_at, known.until_at, " ".join(known.doubts),
    )  # fmt: skip


def _write_spans(session: Session, rebuilt: Sequence[_Rebuilt], channel_ids: Sequence[int]) -> None:
    span = telemetry.ChannelSpan
    stored = {
        row.channel_id: row
        for row in session.scalars(select(span).where(span.channel_id.in_(channel_ids)))
    }
    rows = []
    for r in rebuilt:
        for quantity, channel_id in r.site.channel_ids.items():
            ledger = r.judged.ledgers[quantity]
            if ledger.first is None or ledger.last is None:
                continue
            resumed = bool(r.before and quantity in r.before and r.before[quantity].last)
            earlier = stored.get(channel_id) if resumed else None
            first = (earlier.first_at, earlier.first_wh) if earlier else ledger.first[:2]
            newest = max(r.newest_at[channel_id], ledger.last.at)
            last = ledger.last
            rows.append((channel_id, *first, last.at, last.wh, newest, _late(ledger, last)))
    session.expire_all()
    merge_rows(session, span, SPAN_COLUMNS, rows, keep=False)


def _late(ledger: Ledger, last: Point) -> str:
    """Return the doubts after the newest register that stands."""
    return " ".join(ledger.doubts_between(last.at, 2**62))
