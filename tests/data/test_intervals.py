"""Half-hours, hours and finished days as they are kept, on both engines."""

from datetime import date

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity, Source
from shared.models.telemetry import DayValue, EnergyInterval
from shared.telemetry.intervals import (
    DayRow,
    IntervalRow,
    find_intervals,
    store_day_values,
    store_intervals,
)
from shared.telemetry.storing import ensure_channels, get_site
from tests.conftest import Ppa
from tests.data.homes import NOW, a_home, at

NUMBER = "1120220110"
NOON = at("2024-01-20 12:00")
POLL, BACKFILL = int(Source.POLL), int(Source.BACKFILL)


@pytest.fixture
def channel_id(session: Session) -> int:
    """Give the export channel of a home."""
    a_home(session, NUMBER)
    where = (get_site(session, NUMBER), Quantity.EXPORT)
    return ensure_channels(session, [where])[where]


def test_the_newest_answer_replaces_an_earlier_one_and_repetition_changes_nothing(
    session: Session, channel_id: int
) -> None:
    row = IntervalRow(channel_id, NOON, 60, 666, POLL)
    assert store_intervals(session, [row], NOW) == 1
    assert store_intervals(session, [row._replace(source=BACKFILL)], NOW + 9) == 0
    assert store_intervals(session, [row._replace(wh=667, source=BACKFILL)], NOW + 10) == 1
    kept = session.execute(
        select(EnergyInterval.wh, EnergyInterval.source, EnergyInterval.received_at)
    ).all()
    assert kept == [(667, BACKFILL, NOW + 10)]


def test_hours_and_half_hours_of_one_instant_stand_side_by_side(
    session: Session, channel_id: int
) -> None:
    rows = [
        IntervalRow(channel_id, NOON, 60, 900, POLL),
        IntervalRow(channel_id, NOON + 1800, 30, 500, BACKFILL),
        IntervalRow(channel_id, NOON, 30, 400, BACKFILL),
    ]
    assert store_intervals(session, rows, NOW) == 3
    found = find_intervals(session, [channel_id], NOON, NOON + 3600)[channel_id]
    assert [(row.at, row.minutes, row.wh) for row in found] == [
        (NOON, 30, 400),
        (NOON, 60, 900),
        (NOON + 1800, 30, 500),
    ]


def test_a_finished_day_is_kept_once_and_another_figure_beside_it(
    session: Session, channel_id: int
) -> None:
    row = DayRow(channel_id, date(2024, 1, 20), POLL, 7_500, 24)
    assert store_day_values(session, [row], NOW) == 1
    assert store_day_values(session, [row, row._replace(source=BACKFILL)], NOW) == 0
    assert store_day_values(session, [row._replace(wh=7_600)], NOW) == 1
    assert session.scalar(select(func.count()).select_from(DayValue)) == 2


def test_the_export_prints_intervals_beside_registers_and_the_csv_leaves_them_out(
    ppa: Ppa, engine: Engine
) -> None:
    with Session(engine) as session, session.begin():
        a_home(session, NUMBER)
        where = (get_site(session, NUMBER), Quantity.EXPORT)
        channel = ensure_channels(session, [where])[where]
        store_intervals(
            session,
            [
                IntervalRow(channel, NOON, 30, 400, BACKFILL),
                IntervalRow(channel, NOON - 3600, 60, 12, POLL),
            ],
            NOW,
        )
    told = ppa("readings", "export", NUMBER, "--from", "2024-01-20T12:00:00+09:00", "--json")
    assert told.json() == [
        {
            "customer_no": NUMBER,
            "channel": "export",
            "kind": "interval",
            "minutes": 30,
            "read_at": "2024-01-20T12:00:00+09:00",
            "wh": 400,
            "state": "used",
            "reason": None,
            "source": "backfill",
        }
    ]
    assert len(ppa("readings", "export", NUMBER, "--json").json()) == 2
    assert len(ppa("readings", "export").out.splitlines()) == 1
