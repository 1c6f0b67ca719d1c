"""Twelve months of one roof, with nearly all that can happen to it, and the chain of registers."""

from datetime import date, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.invoices.chaining import Act
from shared.invoices.closing import estimate_bill
from shared.invoices.revising import revise
from shared.models.customers import Occupancy
from shared.months import Month
from shared.telemetry.deriving import refresh
from shared.telemetry.storing import MeterChange, record_meter
from shared.verify import verify
from tests.data.homes import NOW, a_home, at, billed, issued, registers, terms, the_bill

NO, BUYER = "1120220110", "1120240007"
ACT = Act("test", NOW, NOW)
FIRST = date(2024, 1, 16)
SWAP = date(2024, 4, 10)
SILENT = (date(2024, 9, 10), date(2024, 10, 20))
SOLD = date(2024, 12, 31)


def pv_kwh(day: date) -> int:
    """Return the generation register: 10 kWh a day, and a new meter from the swap on."""
    return 10 * (day - SWAP).days if day >= SWAP else 5_000 + 10 * (day - FIRST).days


def export_kwh(day: date) -> int:
    """Return the export register: 6 kWh a day, and it wraps at 10,000 in July."""
    return (8_900 + 6 * (day - FIRST).days) % 10_000


def read(engine: Engine, customer: int, first: date, until: date) -> None:
    """Keep the registers of every midnight of a stretch, the silent weeks left out."""
    days = [first + timedelta(days=n) for n in range((until - first).days)]
    heard = [day for day in days if not SILENT[0] <= day < SILENT[1]]
    with Session(engine) as session, session.begin():
        pv = [(f"{day} 00:00", str(pv_kwh(day))) for day in heard]
        export = [(f"{day} 00:00", str(export_kwh(day))) for day in heard]
        registers(session, customer, {Quantity.PV: pv, Quantity.EXPORT: export})
        refresh(session)


def all_is_well(engine: Engine) -> bool:
    with Session(engine) as session, session.begin():
        refresh(session)
        return verify(session) == []


def test_a_year_of_a_roof(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        seller = a_home(session, NO)
        session.get_one(Occupancy, 1).to_day = SOLD
        terms(session, seller, date(2024, 6, 1), use_price=3000)
    read(engine, seller, FIRST, SILENT[0])
    month = Month(2024, 1)
    for _ in range(3):
        billed(engine, str(month))
        issued(engine, str(month))
        month = month.next()
    march = the_bill(engine, f"2403{NO}")
    assert (march["state"], "register_back" in march["holds"]) == ("held", True)
    with Session(engine) as session, session.begin():  # the swap is recorded late
        change = MeterChange(at(f"{SWAP} 00:00"), "B2", 0, 5_850_000)
        record_meter(session, (1, Quantity.PV), change, now=NOW, actor="test")
    billed(engine, "2024-03")
    march = the_bill(engine, f"2403{NO}")
    assert (march["state"], march["pv_wh"]) == ("closed", 310_000)
    assert [r["serial"] for r in march["registers"]] == ["", "B2", ""]
    for name in ("2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08"):
        billed(engine, name)
        issued(engine, name)
    july = the_bill(engine, f"2407{NO}")
    assert (july["state"], july["export_wh"]) == ("issued", 186_000)
    may = the_bill(engine, f"2405{NO}")
    assert may["use_yen"] == 16 * 4 * 27 + 15 * 4 * 30
    billed(engine, "2024-08")
    with Session(engine) as session, session.begin():  # nobody can read: an estimate
        estimate_bill(session, f"2408{NO}", "通信断", ACT)
    assert issued(engine, "2024-08") == [f"2408{NO}"]
    with Session(engine) as session, session.begin():  # it proves 5 kWh too high
        low = {Quantity.PV: [("2024-09-16 00:00", str(pv_kwh(date(2024, 9, 16)) - 5))]}
        registers(session, seller, low)
        refresh(session)
        revise(session, f"2408{NO}", "推定が過大", ACT, apply=True)
    assert the_bill(engine, f"2408{NO}-2")["pv_wh"] == 305_000
    assert all_is_well(engine)
    with Session(engine) as session, session.begin():  # the house is sold
        a_home(session, BUYER)
        moved = session.get_one(Occupancy, 2)
        moved.site_id, moved.from_day = 1, SOLD + timedelta(days=1)
    read(engine, seller, SILENT[1], date(2025, 1, 20))
    for name in ("2024-09", "2024-10", "2024-11", "2024-12"):
        billed(engine, name)
        issued(engine, name)
    last, next_ = the_bill(engine, f"2412{NO}"), the_bill(engine, f"2412{BUYER}")
    assert (last["pv_wh"], next_["pv_wh"]) == (16 * 10_000, 15 * 10_000)
    assert last["registers"][0]["closing_wh"] == next_["registers"][0]["opening_wh"]
    assert all_is_well(engine)
