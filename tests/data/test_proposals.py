"""What becomes known after a bill was issued, on both engines."""

from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.errors import Refused
from shared.invoices.issuing import Act, release, void
from shared.invoices.proposing import find_proposals, refuse
from shared.invoices.recomputing import raise_it
from shared.invoices.rederiving import find_late, look_again
from shared.invoices.revising import Revised, revise
from shared.models.customers import Occupancy
from shared.telemetry.deriving import refresh
from shared.telemetry.storing import MeterChange, record_meter
from shared.verify import verify
from tests.data.homes import NOW, a_home, at, billed, issued, registers, terms, the_bill

JANUARY, FEBRUARY, MARCH = "24011120220110", "24021120220110", "24031120220110"
ACT = Act("test", NOW, NOW)
EDGES = ("2024-01-16", "2024-02-16", "2024-03-16", "2024-04-16")


def read(engine: Engine, customer: int, day: str, pv: str, export: str) -> None:
    """Keep the registers of a midnight."""
    with Session(engine) as session, session.begin():
        time = f"{day} 00:00"
        readings = {Quantity.PV: [(time, pv)], Quantity.EXPORT: [(time, export)]}
        registers(session, customer, readings)
        refresh(session)


def revised(engine: Engine, number: str, *, apply: bool = True) -> Revised:
    with Session(engine) as session, session.begin():
        return revise(session, number, "検針値の訂正", ACT, apply=apply)


def refused(engine: Engine, number: str) -> None:
    with Session(engine) as session, session.begin():
        refuse(session, number, "据え置き", ACT)


def proposed(engine: Engine) -> dict[str, tuple[int, int]]:
    with Session(engine) as session:
        return {
            one["invoice_no"]: (one["old"]["total_yen"], one["new"]["total_yen"])
            for one in find_proposals(session)
        }


def all_is_well(engine: Engine) -> bool:
    with Session(engine) as session:
        return verify(session) == []


@pytest.fixture
def home(engine: Engine) -> int:
    """Give a home whose January closed by a reading of 22:00, with February read at midnight."""
    with Session(engine) as session, session.begin():
        customer = a_home(session)
        night = [("2024-01-16 00:00", "100"), ("2024-02-15 22:00", "400")]
        export = [("2024-01-16 00:00", "50"), ("2024-02-15 22:00", "150")]
        registers(session, customer, {Quantity.PV: night, Quantity.EXPORT: export})
    read(engine, customer, "2024-03-16", "700", "250")
    billed(engine, "2024-01")
    issued(engine, "2024-01")
    return customer


def test_late_registers_propose_hold_the_next_month_and_are_revised(
    engine: Engine, home: int
) -> None:
    before = the_bill(engine, JANUARY)
    assert before["total_yen"] == 200 * 27
    read(engine, home, "2024-02-16", "410", "150")
    report = billed(engine, "2024-01")
    assert (report.counts["issued"], report.counts["proposed"]) == (1, 1)
    assert proposed(engine) == {JANUARY: (5400, 5670)}
    billed(engine, "2024-02")
    assert the_bill(engine, FEBRUARY)["holds"] == ["proposal_open"]
    with Session(engine) as session, pytest.raises(Refused, match="before it"):
        release(session, FEBRUARY, "x", ACT)
    shown = revised(engine, JANUARY, apply=False)
    assert (shown.invoice_no, shown.new["pv_wh"]) == (f"{JANUARY}-2", 310_000)
    assert shown.causes[0]["after"] == {"wh": 410_000, "read_at": 1_708_009_200, "how": "exact"}
    assert the_bill(engine, JANUARY) == before
    revised(engine, JANUARY)
    after, new = the_bill(engine, JANUARY), the_bill(engine, f"{JANUARY}-2")
    assert {key for key in after if after[key] != before.get(key)} == {"state", "void"}
    assert after["void"]["successor"] == new["invoice_no"]
    assert (new["state"], new["revision_of"], new["total_yen"]) == ("issued", JANUARY, 5670)
    assert proposed(engine) == {}
    billed(engine, "2024-02")
    february = the_bill(engine, FEBRUARY)
    assert (february["state"], february["pv_wh"]) == ("closed", 290_000)
    assert issued(engine, "2024-02") == [FEBRUARY]
    assert all_is_well(engine)


def test_the_run_of_the_next_month_alone_finds_the_difference(engine: Engine, home: int) -> None:
    read(engine, home, "2024-02-16", "410", "150")
    report = billed(engine, "2024-02")
    assert report.held[0].reasons == ["proposal_open"]
    assert list(proposed(engine)) == [JANUARY]


def test_what_reaches_into_an_issued_bill_is_found_before_any_run(
    engine: Engine, home: int
) -> None:
    with Session(engine) as session, session.begin():
        assert find_late(session) == {}
        registers(session, home, {Quantity.PV: [("2024-02-16 00:00", "401")]})
    with Session(engine) as session, session.begin():
        late = find_late(session)
        assert list(late) == [home]
        (effect,) = look_again(session, [home], late[home], ACT, raise_it)
        assert (effect.invoice_no, effect.after.state) == (JANUARY, "proposed")
    assert list(proposed(engine)) == [JANUARY]


def test_a_refusal_stands_for_the_figures_it_saw_and_no_others(engine: Engine, home: int) -> None:
    read(engine, home, "2024-02-16", "410", "150")
    billed(engine, "2024-01")
    refused(engine, JANUARY)
    assert billed(engine, "2024-01").counts["proposed"] == 0
    billed(engine, "2024-02")
    february = the_bill(engine, FEBRUARY)
    assert (february["state"], february["registers"][0]["opening_wh"]) == ("closed", 400_000)
    with Session(engine) as session, session.begin():
        terms(session, home, date(2024, 2, 1), use_price=3000)
    assert billed(engine, "2024-01").counts["proposed"] == 1
    assert billed(engine, "2024-02").held[0].reasons == ["proposal_open"]


def test_a_difference_that_goes_away_is_proposed_no_more(engine: Engine, home: int) -> None:
    with Session(engine) as session, session.begin():
        terms(session, home, date(2024, 1, 16), use_price=3000)
    billed(engine, "2024-01")
    assert list(proposed(engine)) == [JANUARY]
    with Session(engine) as session, session.begin():
        terms(session, home, date(2024, 1, 16), use_price=2700)
    assert billed(engine, "2024-01").counts["proposed"] == 0
    assert proposed(engine) == {}
    with pytest.raises(Refused, match="nothing to correct"):
        revised(engine, JANUARY)


def test_a_revision_asks_the_issued_bill_after_it_to_follow(engine: Engine, home: int) -> None:
    billed(engine, "2024-02")
    issued(engine, "2024-02")
    read(engine, home, "2024-04-16", "900", "300")
    billed(engine, "2024-03")
    read(engine, home, "2024-02-16", "410", "150")
    billed(engine, "2024-01")
    revised(engine, JANUARY)
    assert list(proposed(engine)) == [FEBRUARY]
    assert all_is_well(engine)
    with pytest.raises(Refused, match="has to be"):
        refused(engine, FEBRUARY)
    assert issued(engine, "2024-03") == []
    revised(engine, FEBRUARY)
    assert all_is_well(engine)
    assert issued(engine, "2024-03") == [MARCH]
    chain = [the_bill(engine, f"{number}-2") for number in (JANUARY, FEBRUARY)]
    chain.append(the_bill(engine, MARCH))
    assert sum(bill["pv_wh"] for bill in chain) == 800_000
    assert all_is_well(engine)


def test_a_closed_bill_whose_opening_was_revised_away_is_not_issued(
    engine: Engine, home: int
) -> None:
    billed(engine, "2024-02")
    read(engine, home, "2024-02-16", "410", "150")
    revised(engine, JANUARY)
    assert issued(engine, "2024-02") == []
    assert "opening_differs" in the_bill(engine, FEBRUARY)["holds"]
    billed(engine, "2024-02")
    assert issued(engine, "2024-02") == [FEBRUARY]
    assert all_is_well(engine)


def test_registers_of_two_meters_are_never_told_as_one_meters(engine: Engine, home: int) -> None:
    """A swap before the period is recorded late: the pinned opening is the old meter's."""
    change = MeterChange(at("2024-02-10 12:00"), "B1", 1_000, 395_000)
    with Session(engine) as session, session.begin():
        site = session.scalars(select(Occupancy.site_id)).one()
        record_meter(session, (site, Quantity.PV), change, now=NOW, actor="test")
        refresh(session)
    billed(engine, "2024-02")
    held = the_bill(engine, FEBRUARY)
    assert "opening_differs" in held["holds"]
    pv = [row for row in held["registers"] if row["channel"] == "pv"]
    assert [(row["serial"], row["energy_wh"]) for row in pv] == [("", None), ("B1", None)]
    assert (pv[0]["opening_wh"], pv[0]["closing_wh"]) == (400_000, None)
    assert all_is_well(engine)


def test_a_bill_made_void_takes_its_proposal_with_it(engine: Engine, home: int) -> None:
    read(engine, home, "2024-02-16", "410", "150")
    billed(engine, "2024-01")
    with Session(engine) as session, session.begin():
        void(session, JANUARY, "誤発行", ACT)
    assert proposed(engine) == {}
    billed(engine, "2024-01")
    assert issued(engine, "2024-01") == [f"{JANUARY}-2"]
    assert the_bill(engine, JANUARY)["void"]["successor"] == f"{JANUARY}-2"
    assert the_bill(engine, f"{JANUARY}-2")["total_yen"] == 5670
    assert all_is_well(engine)


def test_what_was_done_to_the_void_of_a_bill_is_found(engine: Engine, home: int) -> None:
    read(engine, home, "2024-02-16", "410", "150")
    revised(engine, JANUARY)
    with Session(engine) as session, session.begin():
        connection = session.connection()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER guard_invoice_update")
        else:
            connection.exec_driver_sql("ALTER TABLE invoice DISABLE TRIGGER USER")
        connection.exec_driver_sql(
            "UPDATE invoice SET void_reason = 'x' WHERE void_reason IS NOT NULL"
        )
    with Session(engine) as session:
        assert {finding.invariant for finding in verify(session)} == {"I6"}
