"""Estimates where nobody could read, and bills as they were known at an instant."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.errors import Refused
from shared.invoices.chaining import Act
from shared.invoices.closing import estimate_bill
from shared.invoices.proposing import find_proposals
from shared.invoices.revising import revise
from shared.telemetry.deriving import refresh
from shared.verify import verify
from tests.conftest import Ppa
from tests.data.homes import NOW, a_home, billed, issued, registers, the_bill

NO = "1120220110"
ACT = Act("test", NOW, NOW)


def read(engine: Engine, customer: int, *rows: tuple[str, str, str]) -> None:
    """Keep (time, generation, export) registers."""
    with Session(engine) as session, session.begin():
        pairs = {
            Quantity.PV: [(time, pv) for time, pv, _ in rows],
            Quantity.EXPORT: [(time, export) for time, _, export in rows],
        }
        registers(session, customer, pairs)
        refresh(session)


def estimated(engine: Engine, number: str) -> dict[str, int]:
    with Session(engine) as session, session.begin():
        made = estimate_bill(session, number, "通信断", ACT)
    return {one.channel: one.energy_wh for one in made}


@pytest.fixture
def home(engine: Engine) -> int:
    """Give a home read daily from December to the end of January, then silent."""
    with Session(engine) as session, session.begin():
        customer = a_home(session)
    days = [("2023-12", n) for n in range(16, 32)] + [("2024-01", n) for n in range(1, 32)]
    rows = [
        (f"{month}-{n:02d} 00:00", f"{100 + 10 * k}.00", f"{50 + 6 * k}.00")
        for k, (month, n) in enumerate(days)
    ]
    read(engine, customer, *rows)
    for month in ("2023-12", "2024-01"):
        billed(engine, month)
        issued(engine, month)
    return customer


def test_an_estimate_closes_a_bill_and_the_next_registers_true_it_up(
    engine: Engine, home: int
) -> None:
    assert the_bill(engine, f"2401{NO}")["holds"] == ["boundary_unknown"]
    assert estimated(engine, f"2401{NO}") == {"pv": 160_000, "export": 96_000}
    bill = the_bill(engine, f"2401{NO}")
    assert (bill["state"], bill["quality"], bill["pv_wh"]) == ("closed", "C", 310_000)
    assert {register["how"] for register in bill["registers"]} == {"estimated"}
    assert sum(day["quality"] == "estimated" for day in bill["days"]) == 16
    assert issued(engine, "2024-01") == [f"2401{NO}"]
    read(engine, home, ("2024-03-16 00:00", "1020", "602"))
    assert billed(engine, "2024-01").counts["proposed"] == 0
    billed(engine, "2024-02")
    february = the_bill(engine, f"2402{NO}")
    assert (february["state"], february["holds"]) == ("closed", [])
    assert bill["registers"][0]["closing_wh"] == february["registers"][0]["opening_wh"]
    assert february["pv_wh"] == 1_020_000 - bill["registers"][0]["closing_wh"]
    with Session(engine) as session:
        assert verify(session) == []


def test_an_estimate_that_proves_too_high_proposes_a_revision(engine: Engine, home: int) -> None:
    estimated(engine, f"2401{NO}")
    assert issued(engine, "2024-01") == [f"2401{NO}"]
    read(engine, home, ("2024-03-16 00:00", "600", "350"))
    assert billed(engine, "2024-02").held[0].reasons == ["use_negative", "proposal_open"]
    with Session(engine) as session, session.begin():
        (proposal,) = find_proposals(session)
        assert proposal["invoice_no"] == f"2401{NO}"
        assert proposal["causes"][0]["before"]["how"] == "estimated"
        revise(session, f"2401{NO}", "推定が過大", ACT, apply=True)
    billed(engine, "2024-02")
    february = the_bill(engine, f"2402{NO}")
    assert (february["holds"], february["pv_wh"]) == (["boundary_estimated"], 25_780)
    with Session(engine) as session:
        assert verify(session) == []


def test_two_estimates_in_a_row_go_out_and_the_third_is_held(engine: Engine, home: int) -> None:
    estimated(engine, f"2401{NO}")
    issued(engine, "2024-01")
    billed(engine, "2024-02")
    estimated(engine, f"2402{NO}")
    assert issued(engine, "2024-02") == [f"2402{NO}"]
    billed(engine, "2024-03")
    estimated(engine, f"2403{NO}")
    assert the_bill(engine, f"2403{NO}")["holds"] == ["estimate_third"]
    with Session(engine) as session:
        assert verify(session) == []


def test_what_can_be_read_is_not_estimated(engine: Engine, home: int) -> None:
    with pytest.raises(Refused, match="issued"):
        estimated(engine, f"2312{NO}")


@pytest.mark.usefixtures("engine")
def test_a_bill_is_shown_as_it_was_known_at_any_time(ppa: Ppa, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        a_home(session)
    first = "2026-01-06T09:00:00+09:00"
    late = "2026-02-01T09:00:00+09:00"
    for channel, opening, closing in (("pv", "100", "400"), ("export", "50", "150")):
        for at, kwh in (("2024-01-16T00:00", opening), ("2024-02-15T22:00", closing)):
            ppa(
                "readings", "set", NO, channel, "--at", f"{at}:00+09:00", "--kwh", kwh,
                "--reason", "検針", now=first,
            )  # fmt: skip
    ppa("bill", "run", "2024-01", "--apply", now=first)
    ppa("bill", "issue", "2024-01", "--apply", now=first)
    number = f"2401{NO}"
    ppa(
        "readings", "set", NO, "pv", "--at", "2024-02-16T00:00:00+09:00", "--kwh", "410",
        "--reason", "検針", now=late,
    )  # fmt: skip
    ppa(
        "customers", "terms", NO, "--from", "2024-01-16", "--use", "30", now=late,
    )  # fmt: skip
    shown = ppa("bill", "show", number, "--json", now=late).json()
    then = ppa("bill", "show", number, "--json", "--known-at", first, now=late).json()
    today = ppa("bill", "show", number, "--json", "--known-at", "now", now=late).json()
    assert (then["pv_wh"], then["total_yen"]) == (300_000, 200 * 27)
    assert shown["pv_wh"] == 300_000
    assert (today["pv_wh"], today["total_yen"]) == (310_000, 210 * 30)
