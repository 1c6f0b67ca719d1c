"""Bills follow a change of terms at once, for one customer and for all (domain.md A8)."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.billing.terms import TermKind
from shared.customers.tariff import plan_step, take_step
from shared.customers.terms import TermText, record_terms
from shared.energy.quantities import Quantity
from shared.invoices.chaining import Act
from shared.invoices.proposing import find_proposals
from shared.invoices.rederiving import Effect, Standing, foresee, rederive
from shared.models.customers import Customer
from shared.verify import verify
from tests.conftest import Ppa
from tests.data.homes import NOW, a_home, all_bills, billed, issued, registers, terms, the_bill

JANUARY, FEBRUARY = "24011120220110", "24021120220110"
ACT = Act("test", NOW, NOW)
STEP = {TermKind.USE_PRICE: TermText(figure=2850)}
SINCE = date(2024, 2, 1)


@pytest.fixture
def home(engine: Engine) -> int:
    """Give a home of which January is issued and February closed: 200 and 200 kWh used."""
    with Session(engine) as session, session.begin():
        customer = a_home(session)
        edges = ("2024-01-16 00:00", "2024-02-01 00:00", "2024-02-16 00:00", "2024-03-16 00:00")
        pv = list(zip(edges, ("100", "250", "400", "700"), strict=True))
        export = list(zip(edges, ("50", "100", "150", "250"), strict=True))
        registers(session, customer, {Quantity.PV: pv, Quantity.EXPORT: export})
    billed(engine, "2024-01")
    issued(engine, "2024-01")
    billed(engine, "2024-02")
    return customer


def changed(engine: Engine, customer: int, since: date, price: int) -> list[Effect]:
    with Session(engine) as session, session.begin():
        new = {TermKind.USE_PRICE: TermText(figure=price)}
        record_terms(session, customer, new, valid_from=since, now=NOW, actor="test")
        return rederive(session, [customer], since, ACT)


def test_a_closed_bill_follows_and_an_issued_one_before_is_left_alone(
    engine: Engine, home: int
) -> None:
    (effect,) = changed(engine, home, date(2024, 2, 16), 3000)
    assert (effect.invoice_no, effect.before, effect.after) == (
        FEBRUARY, Standing("closed", 5400), Standing("closed", 6000),
    )  # fmt: skip
    assert the_bill(engine, FEBRUARY)["total_yen"] == 6000
    with Session(engine) as session:
        assert find_proposals(session) == []
        assert verify(session) == []


def test_an_issued_bill_gets_a_proposal_and_the_next_one_waits_for_it(
    engine: Engine, home: int
) -> None:
    before = the_bill(engine, JANUARY)
    effects = changed(engine, home, SINCE, 3000)
    assert [(e.invoice_no, e.before, e.after) for e in effects] == [
        (JANUARY, Standing("issued", 5400), Standing("proposed", 5700)),
        (FEBRUARY, Standing("closed", 5400), Standing("held", 6000)),
    ]
    assert the_bill(engine, JANUARY) == before
    assert the_bill(engine, FEBRUARY)["holds"] == ["proposal_open"]


def test_what_a_change_would_do_is_told_and_nothing_is_changed(engine: Engine, home: int) -> None:
    before = all_bills(engine, "2024-01") + all_bills(engine, "2024-02")
    with Session(engine) as session, session.begin():
        version = session.get_one(Customer, home).version
        steps = plan_step(session, STEP, SINCE)
        told = foresee(
            session, [home], SINCE, ACT, lambda: take_step(session, steps, SINCE, NOW, "test")
        )
        assert session.get_one(Customer, home).version == version
    assert [effect.after for effect in told] == [Standing("proposed", 5550), Standing("held", 5700)]
    assert all_bills(engine, "2024-01") + all_bills(engine, "2024-02") == before
    with Session(engine) as session:
        assert find_proposals(session) == []
        assert plan_step(session, STEP, SINCE) == steps


def test_a_step_is_for_those_who_do_not_hold_it_yet(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        a_home(session, "1120220001", prices=(2700, 1600))
        dear = a_home(session, "1120220002", prices=(2900, 1600))
        a_home(session, "1120220003", prices=(2850, 1600))
        gone = a_home(session, "1120220004", prices=(2700, 1600))
        session.get_one(Customer, gone).archived_at = NOW
        terms(session, dear, date(2025, 1, 16), use_price=3100)
    with Session(engine) as session:
        steps = plan_step(session, STEP, SINCE)
        assert [step.stored.customer_no for step in steps] == ["1120220001", "1120220002"]
        assert [step.later for step in steps] == [(), ((date(2025, 1, 16), TermKind.USE_PRICE),)]
        of_27 = plan_step(session, STEP, SINCE, {TermKind.USE_PRICE: TermText(figure=2700)})
        assert [step.stored.customer_no for step in of_27] == ["1120220001"]


def test_the_command_shows_a_step_before_it_takes_it(engine: Engine, home: int, ppa: Ppa) -> None:
    words = ("customers", "tariff", "--from", "2024-02-01", "--use", "28.50", "--json")
    dry = ppa(*words).json()
    assert dry["applied"] is False
    assert dry["customers"] == [
        {"customer_no": "1120220110", "terms": {"use_price": ["27.00", "28.50"]}, "until": []}
    ]
    assert [bill["total_yen"] for bill in dry["bills"]] == [
        {"before": 5400, "after": 5550}, {"before": 5400, "after": 5700},
    ]  # fmt: skip
    assert the_bill(engine, FEBRUARY)["total_yen"] == 5400
    taken = ppa(*words, "--apply").json()
    assert taken == dry | {"applied": True}
    assert the_bill(engine, FEBRUARY)["total_yen"] == 5700
    again = ppa(*words, "--apply").json()
    assert (again["customers"], again["bills"]) == ([], [])


def test_the_command_names_what_is_wrong(engine: Engine, home: int, ppa: Ppa) -> None:
    since = ("customers", "tariff", "--from", "2024-02-01")
    for extra, named in (
        ((), "--base, --use or --sell"),
        (("--use", "x"), "--use"),
        (("--use", "30", "--having-use", "cheap"), "--having-use"),
    ):
        result = ppa(*since, *extra)
        assert result.code == 2
        assert named in result.err
    nothing = ppa(*since, "--use", "27.00")
    assert nothing.code == 0
    assert "already" in nothing.err


def test_one_customers_terms_tell_which_bills_follow(engine: Engine, home: int, ppa: Ppa) -> None:
    result = ppa("customers", "terms", "1120220110", "--from", "2024-02-16", "--use", "30.00")
    assert result.code == 0
    assert f"{FEBRUARY}: closed 5400 yen -> closed 6000 yen" in result.err
