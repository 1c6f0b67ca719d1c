"""Energy by the half-hour or the hour, for charts, and the finished days that a device tells."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import in_chunks, merge_rows
from shared.models import telemetry

INTERVAL_COLUMNS = ("channel_id", "at", "minutes", "wh", "source", "received_at")
DAY_COLUMNS = ("channel_id", "day", "source", "wh", "hours", "received_at")
CHUNK = 20_000
HOURS = 24
"""The hours that a finished day has told (decision 3)."""


class IntervalRow(NamedTuple):
    """What a channel counted from `at` (UTC) on for 30 or 60 `minutes`; `source` as of readings."""

    channel_id: int
    at: int
    minutes: int
    wh: int
    source: int


class DayRow(NamedTuple):
    """A finished day's energy as a device told it, and how many of its hours were there."""

    channel_id: int
    day: date
    source: int
    wh: int
    hours: int


def store_intervals(session: Session, rows: Iterable[IntervalRow], now: int) -> int:
    """Keep intervals, the newest answer in place of an earlier one; return how many said more.

    A row that says what is kept already changes nothing, not even its source; a hole that is not
    among the rows takes nothing away.
    """
    said = 0
    for chunk in in_chunks(rows, CHUNK):
        known = _known(session, chunk)
        news = [row for row in chunk if known.get(row[:3]) != row.wh]
        merge_rows(
            session,
            telemetry.EnergyInterval,
            INTERVAL_COLUMNS,
            ((*row, now) for row in news),
            keep=False,
        )
        said += len(news)
    return said


def _known(session: Session, rows: Collection[IntervalRow]) -> dict[tuple[int, int, int], int]:
    ids = {row.channel_id for row in rows}
    since, until = min(row.at for row in rows), max(row.at for row in rows)
    found = find_intervals(session, ids, since, until)
    return {row[:3]: row.wh for of_channel in found.values() for row in of_channel}


def find_intervals(
    session: Session, channel_ids: Collection[int], since: int, until: int | None = None
) -> dict[int, list[IntervalRow]]:
    """Return the intervals of some channels that begin from `since` to `until`, in order."""
    table = telemetry.EnergyInterval
    wanted = (
        select(table.channel_id, table.at, table.minutes, table.wh, table.source)
        .where(table.channel_id.in_(channel_ids), table.at >= since)
        .order_by(table.channel_id, table.at, table.minutes)
    )
    if until is not None:
        wanted = wanted.where(table.at <= until)
    found: dict[int, list[IntervalRow]] = defaultdict(list)
    for row in session.execute(wanted):
        found[row.channel_id].append(IntervalRow(*row))
    return found


def store_day_values(session: Session, rows: Iterable[DayRow], now: int) -> int:
    """Keep finished days for good; return how many were new (decision 3).

    A day that is told again with the same energy, from wherever, is no news; one with another
    energy is kept beside the first.
    """
    new = 0
    for chunk in in_chunks(rows, CHUNK):
        table = telemetry.DayValue
        known = {
            (row.channel_id, row.day, row.wh, row.hours)
            for row in session.execute(
                select(table.channel_id, table.day, table.wh, table.hours).where(
                    table.channel_id.in_({row.channel_id for row in chunk}),
                    table.day.in_({row.day for row in chunk}),
                )
            )
        }
        news = [(*row, now) for row in chunk if (row[0], row[1], row.wh, row.hours) not in known]
        new += merge_rows(session, table, DAY_COLUMNS, news, keep=True)
    return new


def find_known_days(
    session: Session, channel_ids: Collection[int], since: date
) -> dict[int, set[date]]:
    """Return the finished days on record of some channels from a day on (all 24 hours told)."""
    table = telemetry.DayValue
    rows = session.execute(
        select(table.channel_id, table.day).where(
            table.channel_id.in_(channel_ids), table.day >= since, table.hours == HOURS
        )
    )
    found: dict[int, set[date]] = defaultdict(set)
    for channel_id, day in rows:
        found[channel_id].add(day)
    return found
