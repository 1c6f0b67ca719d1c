"""Transactions and bulk writes, alike on both databases."""

import sqlite3
import threading
import time
from datetime import date, timedelta

import pytest
from psycopg import errors
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shared.db import copy_rows, in_chunks, make_engine, merge_rows, reader
from shared.models.customers import Site
from shared.models.telemetry import Boundary, Channel, Reading, SetAside

READING = ("channel_id", "at", "source", "wh", "received_at")
BOUNDARY = (
    "channel_id",
    "day",
    "wh",
    "ledger_wh",
    "meter_at",
    "how",
    "read_at",
    "until_at",
    "doubts",
)
NEW_YEAR = date(2024, 1, 1)


@pytest.fixture(autouse=True)
def channel(session: Session) -> None:
    """Store site 1 with channel 1."""
    session.add(Site(id=1))
    session.flush()
    session.add(Channel(id=1, site_id=1, quantity="pv"))
    session.commit()


def boundary(day: date, wh: int) -> tuple[int | str | date, ...]:
    """Return the row of a boundary."""
    return (1, day, wh, wh, 0, "exact", 0, 0, "")


def count(session: Session) -> int:
    """Return how many readings there are."""
    return session.scalar(select(func.count()).select_from(Reading)) or 0


def test_copied_days_come_back_as_days(session: Session) -> None:
    copy_rows(session, Boundary, BOUNDARY, [boundary(NEW_YEAR, 5)])
    session.commit()
    stored = session.scalars(select(Boundary).where(Boundary.day == NEW_YEAR)).one()
    assert (stored.day, stored.wh, stored.doubts) == (NEW_YEAR, 5, "")


def test_text_of_every_kind_is_copied_as_it_is(session: Session) -> None:
    words = 'tab\t line\n "quote" \\N \\. 𠮷'
    copy_rows(
        session, SetAside, ("channel_id", "at", "source", "wh", "reason"), [(1, 0, 1, 1, words)]
    )
    assert session.scalars(select(SetAside.reason)).one() == words


def test_copying_nothing_is_fine(session: Session) -> None:
    copy_rows(session, Reading, READING, [])
    assert merge_rows(session, Reading, READING, [], keep=True) == 0
    assert count(session) == 0


def test_copied_rows_belong_to_the_transaction(session: Session) -> None:
    copy_rows(session, Reading, READING, [(1, 0, 1, 5, 0)])
    session.rollback()
    assert count(session) == 0


def test_a_copied_key_that_exists_raises(session: Session) -> None:
    row = (1, 0, 1, 5, 0)
    with pytest.raises((sqlite3.IntegrityError, errors.UniqueViolation)):
        copy_rows(session, Reading, READING, [row, row])


def test_merging_keeps_what_is_there_and_counts_only_the_new(session: Session) -> None:
    copy_rows(session, Reading, READING, [(1, 0, 1, 5, 100)])
    rows = [(1, 0, 1, 5, 200), (1, 0, 1, 6, 200), (1, 60, 1, 5, 200), (1, 60, 1, 5, 300)]
    assert merge_rows(session, Reading, READING, rows, keep=True) == 2
    assert merge_rows(session, Reading, READING, rows, keep=True) == 0
    stored = session.execute(
        select(Reading.at, Reading.wh, Reading.received_at).order_by(Reading.at, Reading.wh)
    )
    assert [tuple(row) for row in stored] == [(0, 5, 100), (0, 6, 200), (60, 5, 200)]


def test_merging_replaces_and_the_last_of_one_key_wins(session: Session) -> None:
    copy_rows(session, Boundary, BOUNDARY, [boundary(NEW_YEAR, 1)])
    rows = [boundary(NEW_YEAR, 2), boundary(NEW_YEAR, 3)]
    assert merge_rows(session, Boundary, BOUNDARY, rows, keep=False) > 0
    assert session.scalars(select(Boundary.wh)).all() == [3]


def test_a_hundred_thousand_rows_take_seconds(session: Session) -> None:
    rows = [(1, n * 1800, 1, n, 0) for n in range(100_000)]
    started = time.perf_counter()
    copy_rows(session, Reading, READING, rows[:50_000])
    assert merge_rows(session, Reading, READING, rows, keep=True) == 50_000
    days = (boundary(NEW_YEAR + timedelta(days=n), n) for n in range(100_000))
    merge_rows(session, Boundary, BOUNDARY, days, keep=False)
    session.commit()
    assert count(session) == 100_000
    assert time.perf_counter() - started < 15


def test_chunks_hold_every_item_once_in_order() -> None:
    assert list(in_chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_chunks([], 2)) == []


def test_a_reader_may_not_write(engine: Engine) -> None:
    with reader(engine).connect() as connection, pytest.raises(DBAPIError, match=r"read-?only"):
        connection.execute(text("DELETE FROM site"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE site SET panel_w = 5000"))


def test_a_reader_reads_on_while_another_writes(engine: Engine) -> None:
    with engine.begin() as writer:
        writer.execute(text("UPDATE site SET panel_w = 5000"))
        with reader(engine).connect() as connection:
            assert connection.scalar(text("SELECT panel_w FROM site")) is None


def test_two_writers_that_read_first_both_get_through(engine: Engine) -> None:
    both_started = threading.Barrier(2, timeout=10)

    def add_a_watt() -> None:
        both_started.wait()
        with Session(engine) as own, own.begin():
            site = own.scalars(select(Site).with_for_update()).one()
            site.panel_w = (site.panel_w or 0) + 1

    threads = [threading.Thread(target=add_a_watt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT panel_w FROM site")) == 2


def test_sqlite_is_opened_as_the_product_needs_it(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:
        pragmas = ("journal_mode", "foreign_keys", "synchronous", "recursive_triggers")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    engine.dispose()
    assert found == ["wal", 1, 1, 1]


def test_whoever_only_reads_sees_one_instant(engine: Engine) -> None:
    count = select(func.count(Site.id))
    with Session(reader(engine)) as reads:
        before = reads.scalar(count) or 0
        with Session(engine) as writes, writes.begin():
            writes.add(Site(id=99))
        assert reads.scalar(count) == before
        reads.rollback()
        assert reads.scalar(count) == before + 1
