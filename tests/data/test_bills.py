"""A month's bills from readings to the issued row, on both engines."""

from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.errors import Refused
from shared.invoices.documents import Document
from shared.invoices.drafting import draft
from shared.invoices.issuing import Act, issue_month, release, void
from shared.invoices.live import live_bill
from shared.invoices.proposing import refuse
from shared.models.telemetry import Boundary
from shared.months import Month
from shared.telemetry.deriving import mark_stale, refresh
from shared.verify import verify
from tests.data.homes import NOW, a_home, at, billed, opener, registers, terms, the_bill

JANUARY = "24011120220110"
FEBRUARY = "24021120220110"
ACT = Act("test", NOW, NOW)

Pairs = list[tuple[str, str]]


def every_evening(
    first: str, days: int, kwh: float, a_day: float, *, but: range = range(0)
) -> Pairs:
    """Return a register at 23:30 of each day from the evening before a day on, some days silent."""
    start = date.fromisoformat(first).toordinal() - 1
    return [
        (f"{date.fromordinal(start + n)} 23:30", f"{kwh + n * a_day:.2f}")
        for n in range(days)
        if n not in but
    ]


def keep(engine: Engine, customer: int, pv: Pairs, export: Pairs) -> None:
    with Session(engine) as session, session.begin():
        registers(session, customer, {Quantity.PV: pv, Quantity.EXPORT: export})


@pytest.fixture
def home(engine: Engine) -> int:
    with Session(engine) as session, session.begin():
        return a_home(session)


def figures(bill: Document) -> tuple[int | None, int | None, int | None]:
    return bill["pv_wh"], bill["export_wh"], bill["total_yen"]


def test_a_gateway_offline_at_the_closing_waits_and_then_reaches_the_true_yen(
    engine: Engine, home: int
) -> None:
    """Case A of mission.md."""
    pv = every_evening("2024-01-16", 40, 100, 12.5)
    export = every_evening("2024-01-16", 40, 50, 7.5)
    keep(engine, home, pv[:30], export[:30])
    billed(engine, "2024-01", "2024-02-17 09:00")
    bill = the_bill(engine, JANUARY)
    assert (bill["state"], bill["holds"]) == ("open", ["waiting"])
    billed(engine, "2024-01", "2024-02-20 09:00")
    bill = the_bill(engine, JANUARY)
    assert (bill["state"], bill["holds"]) == ("held", ["boundary_unknown"])
    assert figures(bill) == (None, None, None)
    keep(engine, home, pv[30:], export[30:])
    billed(engine, "2024-01", "2024-02-21 09:00")
    bill = the_bill(engine, JANUARY)
    assert (bill["state"], bill["quality"]) == ("closed", "A")
    assert figures(bill) == (387_500, 232_500, 4185)


@pytest.mark.parametrize("silent", ["both", "export"])
def test_five_silent_days_inside_a_month_still_give_the_true_yen(
    engine: Engine, home: int, silent: str
) -> None:
    """Cases B and C of mission.md."""
    gap = range(10, 15)
    keep(
        engine,
        home,
        every_evening("2024-01-16", 40, 100, 12.5, but=gap if silent == "both" else range(0)),
        every_evening("2024-01-16", 40, 50, 7.5, but=gap),
    )
    billed(engine, "2024-01", "2024-02-20 09:00")
    bill = the_bill(engine, JANUARY)
    assert (bill["state"], bill["quality"], bill["holds"]) == ("closed", "B", [])
    assert figures(bill) == (387_500, 232_500, 4185)
    assert sum(day["quality"] == "allocated" for day in bill["days"]) == 6


def test_export_silent_over_the_closing_is_held_and_never_overcharged(
    engine: Engine, home: int
) -> None:
    keep(
        engine,
        home,
        every_evening("2024-01-16", 60, 100, 12.5),
        every_evening("2024-01-16", 60, 50, 7.5, but=range(29, 34)),
    )
    billed(engine, "2024-01", "2024-03-01 09:00")
    bill = the_bill(engine, JANUARY)
    assert (bill["state"], bill["quality"]) == ("held", "C")
    assert bill["holds"] == ["boundary_estimated"]
    assert bill["total_yen"] == 4181  # true: 4185; the line between the readings is short of it


def test_a_month_in_progress_is_open_and_goes_as_far_as_its_days(engine: Engine, home: int) -> None:
    keep(
        engine,
        home,
        every_evening("2024-01-16", 60, 100, 12.5),
        every_evening("2024-01-16", 60, 50, 7.5),
    )
    report = billed(engine, "2024-01", "2024-01-28 09:00")
    bill = the_bill(engine, JANUARY)
    assert (bill["state"], bill["holds"], report.counts["open"]) == ("open", [], 1)
    assert figures(bill) == (12 * 12_500, 12 * 7_500, 12 * 5 * 27)


def test_as_of_bills_the_past_with_the_readings_of_the_past(engine: Engine, home: int) -> None:
    """The closing is interpolated as long as only later knowledge would say otherwise."""
    pv, export = (
        every_evening("2024-01-16", 28, 100, 12.5),
        every_evening("2024-01-16", 28, 50, 7.5),
    )
    late_pv, late_export = [("2024-02-16 00:00", "480")], [("2024-02-16 00:00", "280")]
    keep(engine, home, pv + late_pv, export + late_export)
    billed(engine, "2024-01", "2024-02-15 22:00")
    assert the_bill(engine, JANUARY)["state"] == "open"
    assert figures(the_bill(engine, JANUARY))[0] == 27 * 12_500
    billed(engine, "2024-01", "2024-02-16 00:00")
    assert figures(the_bill(engine, JANUARY))[:2] == (480_000 - 100_000, 230_000)


def test_late_rows_in_any_order_rebuild_only_to_the_same_boundaries(
    engine: Engine, home: int
) -> None:
    pv, export = (
        every_evening("2024-01-16", 90, 100, 12.5),
        every_evening("2024-01-16", 90, 50, 7.5),
    )
    for part in (pv[::3], pv[1::3], pv[2::3]):
        keep(engine, home, part, export[40:])
        with Session(engine) as session, session.begin():
            refresh(session)
    keep(engine, home, pv, export)
    with Session(engine) as session, session.begin():
        refresh(session)
        kept = session.execute(select(Boundary.__table__).order_by("channel_id", "day")).all()
        assert verify(session) == []
    with Session(engine) as session, session.begin():
        mark_stale(session, {1: 0})
        refresh(session)
        anew = session.execute(select(Boundary.__table__).order_by("channel_id", "day")).all()
    assert kept == anew


def test_a_doubt_before_a_checkpoint_stays_when_a_late_reading_resumes_from_there(
    engine: Engine, home: int
) -> None:
    silent = [("2024-01-20 00:00", "150"), ("2024-01-27 12:00", "90")]
    keep(engine, home, [("2024-01-16 00:00", "100"), *silent, ("2024-02-20 00:00", "300")], [])
    with opener(engine)() as session:
        refresh(session)
    keep(engine, home, [("2024-02-18 00:00", "290")], [])
    with opener(engine)() as session:
        refresh(session)
        assert verify(session) == []


def test_a_release_stands_until_what_the_bill_rests_on_changes(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        customer = a_home(session, contract=(None, None), base_fee=980)
    pv, export = (
        every_evening("2024-01-16", 33, 100, 12.5),
        every_evening("2024-01-16", 33, 50, 7.5),
    )
    keep(engine, customer, pv, export)
    billed(engine, "2024-01")
    assert the_bill(engine, JANUARY)["holds"] == ["contract_missing"]
    with Session(engine) as session, session.begin():
        release(session, JANUARY, "契約書を確認", ACT)
    billed(engine, "2024-01")
    bill = the_bill(engine, JANUARY)
    assert (bill["state"], bill["holds"], bill["settled"]) == ("closed", [], ["contract_missing"])
    with Session(engine) as session, session.begin():
        terms(session, customer, date(2024, 1, 16), base_fee=1000)
    billed(engine, "2024-01")
    assert the_bill(engine, JANUARY)["holds"] == ["contract_missing"]


def test_only_a_held_bill_with_an_amount_can_be_released(engine: Engine, home: int) -> None:
    keep(engine, home, every_evening("2024-01-16", 20, 100, 12.5), [])
    billed(engine, "2024-01")
    with Session(engine) as session, pytest.raises(Refused, match="boundary_unknown"):
        release(session, JANUARY, "x", ACT)


def issued(engine: Engine, month: str) -> list[str]:
    with Session(engine) as session, session.begin():
        return issue_month(session, Month.parse(month), ACT, apply=True).issued


def test_months_are_issued_in_order_and_open_where_the_last_one_closed(
    engine: Engine, home: int
) -> None:
    pv, export = (
        every_evening("2024-01-16", 70, 100, 12.5),
        every_evening("2024-01-16", 70, 50, 7.5),
    )
    keep(engine, home, pv, export)
    for month in ("2024-01", "2024-02"):
        billed(engine, month)
    assert issued(engine, "2024-02") == []
    assert issued(engine, "2024-01") == [JANUARY]
    keep(engine, home, [("2024-02-16 00:00", "487.51")], [])
    billed(engine, "2024-02")
    assert the_bill(engine, FEBRUARY)["holds"] == ["proposal_open"]
    with Session(engine) as session, session.begin():
        refuse(session, JANUARY, "据え置き", ACT)
    billed(engine, "2024-02")
    january, february = the_bill(engine, JANUARY), the_bill(engine, FEBRUARY)
    assert january["registers"][0]["closing_wh"] == february["registers"][0]["opening_wh"]
    assert issued(engine, "2024-02") == [FEBRUARY]
    with Session(engine) as session:
        assert verify(session) == []


def test_a_void_bill_keeps_its_row_and_the_next_run_bills_anew(engine: Engine, home: int) -> None:
    pv, export = (
        every_evening("2024-01-16", 33, 100, 12.5),
        every_evening("2024-01-16", 33, 50, 7.5),
    )
    keep(engine, home, pv, export)
    billed(engine, "2024-01")
    issued(engine, "2024-01")
    before = the_bill(engine, JANUARY)
    with Session(engine) as session, session.begin():
        void(session, JANUARY, "誤発行", ACT)
    billed(engine, "2024-01")
    after = the_bill(engine, JANUARY)
    assert {k for k in after if after[k] != before.get(k)} == {"state", "void"}
    assert the_bill(engine, f"{JANUARY}-2")["state"] == "closed"
    assert issued(engine, "2024-01") == [f"{JANUARY}-2"]
    with Session(engine) as session:
        assert verify(session) == []


def test_running_again_changes_nothing_and_one_failing_home_stops_nobody(
    engine: Engine, home: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(engine) as session, session.begin():
        other = a_home(session, "1120220111")
    for customer in (home, other):
        pv = every_evening("2024-01-16", 33, 100, 12.5)
        keep(engine, customer, pv, every_evening("2024-01-16", 33, 50, 7.5))

    def fails_for_one(of, *rest):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN002, ANN202
        if of.customer_no == "1120220111":
            raise ValueError("no such luck")
        return draft(of, *rest)

    with monkeypatch.context() as patch:
        patch.setattr("shared.invoices.chunk.draft", fails_for_one)
        report = billed(engine, "2024-01")
    assert (report.counts["closed"], report.counts["failed"]) == (1, 1)
    assert report.failed[0].error == "ValueError: no such luck"
    billed(engine, "2024-01")
    first = the_bill(engine, JANUARY)
    report = billed(engine, "2024-01")
    assert report.counts["closed"] == 2
    assert the_bill(engine, JANUARY) == first


def test_a_tampered_issued_bill_is_found(engine: Engine, home: int) -> None:
    pv, export = (
        every_evening("2024-01-16", 33, 100, 12.5),
        every_evening("2024-01-16", 33, 50, 7.5),
    )
    keep(engine, home, pv, export)
    billed(engine, "2024-01")
    issued(engine, "2024-01")
    with opener(engine)() as session:
        connection = session.connection()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER guard_invoice_update")
        else:
            connection.exec_driver_sql("ALTER TABLE invoice DISABLE TRIGGER USER")
        connection.exec_driver_sql("UPDATE invoice SET total_yen = total_yen - 1000")
    with Session(engine) as session:
        assert {finding.invariant for finding in verify(session)} == {"I3", "I6"}


def test_the_time_of_a_reading_decides_its_day_in_japan() -> None:
    assert at("2024-01-16 00:00") == 1_705_330_800


def test_the_live_bill_at_the_closing_is_the_bill_that_is_closed(engine: Engine, home: int) -> None:
    pv, export = (
        every_evening("2024-01-16", 60, 100, 12.5),
        every_evening("2024-01-16", 60, 50, 7.5),
    )
    keep(engine, home, pv, export)
    with opener(engine)() as session:
        inside = live_bill(session, home, at("2024-01-28 09:00"))
        at_the_end = live_bill(session, home, at("2024-02-15 23:59"))
    billed(engine, "2024-01", "2024-02-16 00:00")
    closed = the_bill(engine, JANUARY)
    assert inside is not None
    assert at_the_end is not None
    assert (inside["until"], inside["use_wh"]) == ("2024-01-28", 12 * 5_000)
    same = set(at_the_end) & set(closed) - {"state", "warnings"}
    assert {key: at_the_end[key] for key in same} == {key: closed[key] for key in same}
