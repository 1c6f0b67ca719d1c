"""Due work comes from the database and is done once, in this process or through Redis."""

import csv
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.drivers.profiles import shipped_profile
from ingest.simulator.images import MapDevice
from ingest.simulator.server import Manners
from shared.models.gateways import Gateway
from shared.months import JST_S
from shared.units import parse_kwh
from tests.data.homes import a_home, at, billed, registers, the_bill
from tests.ingest.fleets import LONG_AGO, Fleet
from tests.ingest.gateways import EXPORT, PV

MONTH = Path(__file__).parents[1] / "data" / "home-month.csv"
DZG = shipped_profile("dzg")
POLLED, IMPORTED, THIRD = "1120220110", "1120220111", "1120220112"
NIGHT, SECOND = "2016-08-16 00:05", "2016-08-16 02:30"


def month() -> list[dict[str, str]]:
    with MONTH.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def a_meter(name: str = "pv") -> MapDevice:
    """Return the meter of the home-month; all day it shows the registers of midnight."""
    rows = {at(row["time"]): row for row in month()}

    def shown(column: str, now: int) -> int:
        midnight = (now + JST_S) // 86_400 * 86_400 - JST_S
        return parse_kwh(rows[midnight][column])

    return MapDevice(
        DZG,
        {
            "export": lambda now: shown("pv_kwh", now),
            "import": lambda now: shown("export_kwh", now),
        },
    )


def test_a_month_polled_at_night_is_billed_as_if_it_had_been_imported(
    fleet: Fleet, engine: Engine
) -> None:
    fleet.home(POLLED, a_meter())
    with Session(engine) as session, session.begin():
        customer = a_home(session, IMPORTED, contract=LONG_AGO)
        read = {
            quantity: [(row["time"], row[f"{quantity}_kwh"]) for row in month()]
            for quantity in (PV, EXPORT)
        }
        registers(session, customer, read)
    for row in month():
        assert fleet.tick(f"{row['time'][:10]} 00:15") == 1
    report = billed(engine, "2016-08", "2016-09-20 09:00")
    polled, imported = the_bill(engine, f"1608{POLLED}"), the_bill(engine, f"1608{IMPORTED}")
    assert report.counts["closed"] == 2
    for name in ("state", "quality", "pv_wh", "export_wh", "use_wh", "export_yen", "use_yen",
                 "total_yen", "days"):  # fmt: skip
        assert polled[name] == imported[name]
    assert (polled["pv_wh"], polled["use_yen"], polled["quality"]) == (641810, 11784, "A")


def test_a_slot_is_done_once_and_the_next_one_is_due_again(fleet: Fleet) -> None:
    fleet.home(POLLED, a_meter())
    assert [fleet.tick(f"2016-08-16 {time}") for time in ("00:04", "00:15", "00:16", "02:29")] == [
        0,
        1,
        0,
        0,
    ]
    assert fleet.polls(NIGHT) == {1: ("ok", 1, 1)}
    assert [fleet.tick(f"2016-08-16 {time}") for time in ("02:40", "02:50", "03:30")] == [1, 0, 0]
    assert len(fleet.readings()) == 4
    assert [fleet.tick(f"2016-08-16 {time}") for time in ("04:12", "04:25", "04:42")] == [1, 0, 1]


def test_a_home_that_is_silent_at_night_is_asked_again_and_harms_nobody(fleet: Fleet) -> None:
    manners = Manners("close")
    fleet.home(POLLED, a_meter(), manners)
    fleet.home(IMPORTED, a_meter())
    fleet.tick("2016-08-16 02:40")
    silent, good = fleet.polls(SECOND)[1], fleet.polls(SECOND)[2]
    assert (silent[1:], good) == ((1, 0), ("ok", 1, 1))
    assert fleet.tick("2016-08-16 02:45") == 0
    manners.mode = ""
    assert fleet.tick("2016-08-16 02:50") == 1
    assert fleet.polls(SECOND) == {1: ("ok", 2, 1), 2: ("ok", 1, 1)}
    assert len(fleet.readings()) == 4


def test_by_day_one_try_is_enough_and_a_dead_home_is_asked_less_and_less(
    fleet: Fleet, engine: Engine
) -> None:
    manners = Manners("close")
    fleet.home(POLLED, a_meter(), manners)
    asked = [hour for hour in range(4, 14) if fleet.tick(f"2016-08-16 {hour:02}:12")]
    assert asked == [4, 5, 6, 7, 8, 9, 12]
    manners.mode = ""
    fleet.tick("2016-08-17 00:15")
    with Session(engine) as session:
        assert session.scalars(select(Gateway.failures)).one() == 0


def test_a_gateway_leased_by_another_is_left_alone_until_the_lease_runs_out(
    fleet: Fleet, engine: Engine
) -> None:
    fleet.home(POLLED, a_meter())
    with Session(engine) as session, session.begin():
        gateway = session.scalars(select(Gateway)).one()
        gateway.lease_until, gateway.lease_owner = at("2016-08-16 00:16"), "somebody else"
    assert fleet.tick("2016-08-16 00:15") == 0
    assert fleet.readings() == []
    assert fleet.tick("2016-08-16 00:16") == 1
    assert len(fleet.readings()) == 2
    assert fleet.leased() == []


def test_two_meters_behind_one_gateway_are_asked_one_after_the_other(fleet: Fleet) -> None:
    fleet.two_meters(POLLED, a_meter(), Manners(one_connection=True, latency_s=0.1))
    assert fleet.tick("2016-08-16 00:15") == 1
    assert fleet.polls(NIGHT) == {1: ("ok", 1, 1), 2: ("ok", 1, 1)}
    assert [channel for _, channel, _, _ in fleet.readings()] == ["export", "pv"]
