"""What the rail counts, on both databases: the same as the pages that it leads to."""

import re

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.db import make_engine
from shared.fleet.board import find_fleet
from shared.fleet.states import State
from shared.fleet.troubles import find_troubles, times
from shared.models.customers import Customer
from shared.models.gateways import Gateway, Poll
from shared.telemetry.facts import SILENT_S
from shared.waiting import COUNTS, Waiting, count_waiting
from tests.data.homes import NOW, a_home

OUTCOMES = ("ok", "unreachable", "busy", "meter_silent", "auth_failed", "bad_answer")
HEARD = (None, NOW - 60, NOW - SILENT_S - 1)


def test_nothing_waits_where_there_is_nothing(engine: Engine) -> None:
    with Session(engine) as session:
        assert count_waiting(session, NOW) == Waiting(0, 0, 0, 0)


def test_what_waits_is_counted_without_going_through_all_bills(sqlite_url: str) -> None:
    with Session(make_engine(sqlite_url)) as session:
        literally = {"literal_binds": True, "render_postcompile": True}
        asked = COUNTS.params(times(NOW)).compile(session.get_bind(), compile_kwargs=literally)
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")
        told = [row[-1] for row in plan]
    assert {line for line in told if re.search(r"\binvoice\b", line)} == {
        "SEARCH invoice USING INTEGER PRIMARY KEY (rowid=?)"
    }
    assert any("uq_proposal_open" in line for line in told)


def test_the_homes_counted_are_those_that_the_board_shows_as_needing_a_person(
    engine: Engine,
) -> None:
    with Session(engine) as session, session.begin():
        n = 0
        for outcome in OUTCOMES:
            for failures in (0, 2, 3):
                for heard in HEARD:
                    n += 1
                    a_device(session, n, outcome, failures, heard)
        a_device(session, n + 1, None, 0, None)
        a_device(session, n + 2, "auth_failed", 1, None)
        session.get_one(Customer, n + 2).archived_at = NOW
    with Session(engine) as session:
        fine = (State.GOOD, State.UNTRIED)
        needing = [home for home in find_fleet(session, NOW, 15) if home.state not in fine]
        assert 0 < len(needing) < n
        assert count_waiting(session, NOW).homes == len(needing) == len(find_troubles(session, NOW))


def a_device(
    session: Session, n: int, outcome: str | None, failures: int, heard: int | None
) -> None:
    """Store a home with a gateway whose newest poll ended so, after one that was good."""
    a_home(session, f"11202200{n:02d}")
    gateway = Gateway(
        site_id=n, driver="modbus", address="10.0.0.5:502", failures=failures, last_ok_at=heard
    )
    session.add(gateway)
    session.flush()
    told = [] if outcome is None else [(NOW - 3600, "ok"), (NOW - 1800, outcome)]
    for slot, ended in told:
        session.add(
            Poll(gateway_id=gateway.id, slot=slot, tries=1, tried_at=slot, settled=1, outcome=ended)
        )
