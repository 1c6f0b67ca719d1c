"""Runs on record: claimed by one worker at a time, finished by the next, months in order."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.errors import Refused
from shared.invoices import running
from shared.invoices.chunk import run_chunk
from shared.invoices.planning import find_months_due, forget_dry_runs, request_months
from shared.invoices.running import Worker, work_on
from shared.invoices.runs import (
    LEASE_S,
    Asked,
    Claim,
    ClaimLost,
    Kind,
    RunState,
    RunView,
    claim_run,
    find_due_runs,
    find_items,
    find_run,
    find_runs,
    keep_alive,
    request_run,
)
from shared.models.invoices import BillItem, BillRun, Invoice
from shared.months import DAY_S, Month
from shared.settings import set_setting
from shared.verify import verify
from tests.data.homes import a_home, at, billed, issued, opener, registers

JANUARY, FEBRUARY = Month(2024, 1), Month(2024, 2)
NOW = at("2024-03-01 10:00")


def a_fleet(engine: Engine, homes: int = 5) -> None:
    """Store homes with registers of every midnight of a month; the last has no contract dates."""
    midnights = [(f"{date(2024, 1, 16) + timedelta(days=n)} 00:00", n) for n in range(32)]
    with Session(engine) as session, session.begin():
        for n in range(homes):
            blank = {"contract": (None, None)} if n == homes - 1 else {}
            customer = a_home(session, f"11202301{n:02d}", **blank)  # type: ignore[arg-type]
            read = {
                Quantity.PV: [(time_, f"{100 + 12 * n}") for time_, n in midnights],
                Quantity.EXPORT: [(time_, f"{50 + 7 * n}") for time_, n in midnights],
            }
            registers(session, customer, read)


def requested(engine: Engine, kind: Kind, month: Month = JANUARY, now: int = NOW) -> int:
    with Session(engine) as session, session.begin():
        return request_run(session, Asked(kind, month, now, "someone@example.jp", now))


def claimed(engine: Engine, run_id: int, now: int = NOW) -> Claim | None:
    with Session(engine) as session, session.begin():
        return claim_run(session, run_id, now)


def due(engine: Engine, now: int = NOW) -> list[int]:
    with Session(engine) as session:
        return find_due_runs(session, now)


def worked(engine: Engine, run_id: int, now: int = NOW) -> RunView:
    assert work_on(Worker(opener(engine), lambda: now), run_id)
    return the_run(engine, run_id)


def the_run(engine: Engine, run_id: int) -> RunView:
    with Session(engine) as session:
        return find_run(session, run_id)


def states(engine: Engine) -> dict[str, int]:
    with Session(engine) as session:
        query = select(Invoice.state, func.count()).group_by(Invoice.state)
        return dict(session.execute(query).all())


def test_a_dry_run_keeps_what_it_found_and_writes_no_bill(engine: Engine) -> None:
    a_fleet(engine)
    run_id = requested(engine, Kind.DRY)
    assert the_run(engine, run_id).state is RunState.WAITING
    run = worked(engine, run_id)
    assert (run.state, run.done, run.total, run.actor) == (
        RunState.DONE, 5, 5, "someone@example.jp",
    )  # fmt: skip
    assert run.report["counts"] == {"closed": 4, "held": 1, "proposed": 0}
    assert run.report["totals"]["pv_wh"] == 5 * 31 * 12_000
    with Session(engine) as session:
        items, count = find_items(session, run_id, ["held", "failed"], 10)
    assert count == 1
    assert (items[0].customer_no, items[0].detail) == ("1120230104", ["contract_missing"])
    assert states(engine) == {}
    with Session(engine) as session:
        assert [f.invariant for f in verify(session)] == []


def test_run_and_issue_are_worked_on_in_the_order_of_their_months(engine: Engine) -> None:
    a_fleet(engine)
    february = requested(engine, Kind.RUN, FEBRUARY)
    january = requested(engine, Kind.RUN)
    issue = requested(engine, Kind.ISSUE)
    assert due(engine) == [january]
    assert worked(engine, january).report["counts"]["closed"] == 4
    assert due(engine) == [issue]
    assert worked(engine, issue).report["counts"] == {"issued": 4, "held": 1}
    assert due(engine) == [february]
    assert states(engine) == {"issued": 4, "held": 1}


def test_a_run_that_waits_is_asked_for_once(engine: Engine) -> None:
    first = requested(engine, Kind.RUN)
    assert requested(engine, Kind.RUN) == first
    assert requested(engine, Kind.DRY) != first
    claimed(engine, first)
    assert requested(engine, Kind.RUN) > first


def test_a_month_that_has_not_begun_is_not_put_on_record(engine: Engine) -> None:
    with pytest.raises(Refused, match="begins on 2024-04-16"):
        requested(engine, Kind.DRY, Month(2024, 4))
    with Session(engine) as session:
        assert find_runs(session, 10) == []


def test_a_run_has_one_worker_until_nothing_is_heard_of_it(engine: Engine) -> None:
    a_fleet(engine)
    run_id = requested(engine, Kind.RUN)
    first = claimed(engine, run_id)
    assert first is not None
    assert claimed(engine, run_id) is None
    assert not work_on(Worker(opener(engine), lambda: NOW), run_id)
    assert due(engine, NOW + LEASE_S - 1) == []
    assert due(engine, NOW + LEASE_S) == [run_id]
    second = claimed(engine, run_id, NOW + LEASE_S)
    assert second is not None
    with Session(engine) as session, pytest.raises(ClaimLost):
        keep_alive(session, first, NOW + LEASE_S)


def dies_after(chunks: int) -> Callable[[int, int], None]:
    """Return a progress that stops the worker as a kill would, after some chunks."""
    left = chunks

    def tell(_done: int, _total: int) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise SystemExit

    return tell


def test_a_worker_that_dies_is_followed_by_one_that_goes_on_where_it_was(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_fleet(engine)
    monkeypatch.setattr(running, "CHUNK", 2)
    run_id = requested(engine, Kind.RUN)
    with pytest.raises(SystemExit):
        work_on(Worker(opener(engine), lambda: NOW, dies_after(1)), run_id)
    left = the_run(engine, run_id)
    assert (left.state, left.done, left.total) == (RunState.RUNNING, 2, 5)
    assert states(engine) == {"closed": 2}
    run = worked(engine, run_id, NOW + LEASE_S)
    assert (run.state, run.done, run.total) == (RunState.DONE, 5, 5)
    assert run.report["counts"] == {"closed": 4, "held": 1, "proposed": 0}
    issue = requested(engine, Kind.ISSUE)
    with pytest.raises(SystemExit):
        work_on(Worker(opener(engine), lambda: NOW, dies_after(1)), issue)
    assert states(engine) == {"issued": 2, "closed": 2, "held": 1}
    assert worked(engine, issue, NOW + LEASE_S).report["counts"] == {"issued": 4, "held": 1}
    with Session(engine) as session:
        assert verify(session) == []


def test_a_worker_that_lost_its_claim_writes_nothing_more(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_fleet(engine)
    monkeypatch.setattr(running, "CHUNK", 2)
    run_id = requested(engine, Kind.RUN)

    def somebody_else_takes_it(done: int, _total: int) -> None:
        if done == 2:
            assert claimed(engine, run_id, NOW + LEASE_S) is not None

    assert work_on(Worker(opener(engine), lambda: NOW, somebody_else_takes_it), run_id)
    assert states(engine) == {"closed": 2}
    assert the_run(engine, run_id).state is RunState.RUNNING


def test_what_cannot_be_written_fails_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_fleet(engine)
    write = run_chunk

    def fails_for_one(session: Session, ids: list[int], *rest: object) -> object:
        report = write(session, ids, *rest)  # type: ignore[arg-type]
        numbers = session.scalars(select(Invoice.invoice_no)).all()
        if any("1120230102" in number for number in numbers):
            raise ValueError("no such luck")
        return report

    monkeypatch.setattr(running, "run_chunk", fails_for_one)
    run_id = requested(engine, Kind.RUN)
    run = worked(engine, run_id)
    assert run.report["counts"]["failed"] == 1
    assert states(engine) == {"closed": 3, "held": 1}
    with Session(engine) as session:
        items, _ = find_items(session, run_id, ["failed"], 10)
    assert (items[0].customer_no, items[0].detail) == ("1120230102", "ValueError: no such luck")


def test_a_run_that_something_stops_again_and_again_is_given_up_with_the_reason(
    engine: Engine,
) -> None:
    a_fleet(engine)

    run_id, now = requested(engine, Kind.RUN), NOW
    for _ in range(5):
        assert due(engine, now) == [run_id]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(running, "find_customer_ids", None)
            assert work_on(Worker(opener(engine), lambda: now), run_id)  # noqa: B023
        now += LEASE_S
    run = the_run(engine, run_id)
    assert run.state is RunState.STOPPED
    assert run.error.startswith("TypeError")
    assert due(engine, now + DAY_S) == []


def test_the_largest_changes_against_the_month_before_are_told(engine: Engine) -> None:
    a_fleet(engine, 2)
    with Session(engine) as session, session.begin():
        customer = session.scalars(select(Invoice.customer_id)).first() or 1
        read = {
            q: [(f"{date(2024, 2, 16) + timedelta(days=n)} 00:00", f"{first + n * step}")
                for n in range(1, 30)]
            for q, first, step in ((Quantity.PV, 472, 20), (Quantity.EXPORT, 267, 7))
        }  # fmt: skip
        registers(session, customer, read)
    billed(engine, "2024-01", "2024-03-20 10:00")
    issued(engine, "2024-01", "2024-03-20 10:00")
    run = worked(engine, requested(engine, Kind.DRY, FEBRUARY, at("2024-03-21 10:00")))
    (change,) = run.report["changes"]
    assert change["customer_no"] == "1120230100"
    assert change["total_yen"] > change["before_yen"] > 0


def first_month(engine: Engine, text: str) -> None:
    with Session(engine) as session, session.begin():
        set_setting(
            session, "first_month", text, valid_from=date(2024, 1, 1), now=NOW, actor="test"
        )


def planned(engine: Engine, time_: str) -> list[str]:
    with Session(engine) as session:
        return [str(month) for month in find_months_due(session, at(time_))]


def test_months_are_run_by_themselves_only_from_the_first_one_set(engine: Engine) -> None:
    assert planned(engine, "2024-05-01 10:00") == []
    first_month(engine, "2024-02")
    assert planned(engine, "2024-03-16 03:59") == []
    assert planned(engine, "2024-03-16 04:00") == ["2024-02"]
    assert planned(engine, "2024-05-01 10:00") == ["2024-02", "2024-03"]


def test_a_month_is_run_again_every_morning_while_a_bill_of_it_waits(engine: Engine) -> None:
    first_month(engine, "2024-01")
    a_fleet(engine, 2)
    morning = at("2024-02-16 04:00")
    with Session(engine) as session, session.begin():
        (run_id,) = request_months(session, morning, "scheduler")
        assert request_months(session, morning, "scheduler") == []
    worked(engine, run_id, morning)
    assert planned(engine, "2024-02-16 23:00") == []
    assert planned(engine, "2024-02-17 03:59") == []
    assert planned(engine, "2024-02-17 04:00") == ["2024-01"]


def test_dry_runs_are_forgotten_after_two_months(engine: Engine) -> None:
    a_fleet(engine)
    worked(engine, requested(engine, Kind.DRY))
    worked(engine, requested(engine, Kind.RUN))
    with Session(engine) as session, session.begin():
        assert forget_dry_runs(session, NOW + 60 * DAY_S) == 0
        assert forget_dry_runs(session, NOW + 60 * DAY_S + 1) == 1
        assert session.scalars(select(BillRun.kind)).all() == ["run"]
        assert len(session.scalars(select(BillItem.run_id)).all()) == 1
