"""Eleven real homes' registers against what their bills must say.

The registers and the expected results lie beside the project and are not part of it; without them
only the home-month written below is tested.
"""

import csv
import gzip
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity, Source
from shared.invoices.documents import Document
from shared.models.operations import Setting
from shared.telemetry.storing import ensure_channels, store_readings
from shared.units import parse_kwh
from shared.verify import verify
from tests.data.homes import NOW, a_home, all_bills, billed, registers, the_bill

HOMES = Path(__file__).parents[3] / "shared" / "data"
LARGE = {"D03_ch_site_b": 170_000}
HOW_CLOSE_WH = 150
MONTH = Path(__file__).with_name("home-month.csv")

beside = pytest.mark.skipif(
    not HOMES.is_dir(), reason="the real homes' registers do not lie beside the project"
)


def customer_no(home: str) -> str:
    return f"11202400{int(home[1:3]):02d}"


def keep_all(session: Session, home: str) -> None:
    """Keep every register of a home's file."""
    contract = (date(2000, 1, 1), None)
    customer = a_home(session, customer_no(home), contract=contract, panel_w=LARGE.get(home))
    names = {"gen_kwh": Quantity.PV, "export_kwh": Quantity.EXPORT, "import_kwh": Quantity.IMPORT}
    channels = ensure_channels(session, [(customer, quantity) for quantity in names.values()])
    rows = []
    with gzip.open(HOMES / "homes" / f"{home}.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = int(datetime.fromisoformat(row["ts"]).timestamp())
            rows += [
                (channels[customer, quantity], at, int(Source.IMPORT), parse_kwh(row[name]))
                for name, quantity in names.items()
                if row[name]
            ]
    store_readings(session, rows, NOW)


def expected(cycle: str) -> dict[str, list[dict[str, str]]]:
    """Return the expected rows of a cycle by month."""
    found = defaultdict(list)
    with (HOMES / "homes-expected.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            start = date.fromisoformat(row["period_start"])
            if (start.day == 1) == (cycle == "calendar"):
                found[f"{start:%Y-%m}"].append(row)
    return found


def wh(row: dict[str, str], name: str) -> int:
    return round(1000 * float(row[name]))


def differs(bill: Document, row: dict[str, str]) -> str | None:
    """Say how a bill differs from what it must say, beyond a better boundary's share."""
    exact = True
    for name, column, prefix in (
        ("pv_wh", "generation_kwh", "gen"),
        ("export_wh", "export_kwh", "exp"),
    ):
        estimated = "1" in (row[f"{prefix}_est_start"], row[f"{prefix}_est_end"])
        exact = exact and not estimated
        allowed = abs(wh(row, column) - wh(row, f"{column}_locf")) + 20 if estimated else 0
        allowed = max(HOW_CLOSE_WH, allowed) if estimated else 0
        if abs(bill[name] - wh(row, column)) > allowed:
            return f"{name} {bill[name]} is not {wh(row, column)}"
    amounts = (str(bill["export_yen"]), str(bill["use_yen"]))
    if exact and amounts != (row["sell_yen"], row["use_yen"]):
        return f"{amounts} is not {row['sell_yen'], row['use_yen']}"
    return None


@beside
@pytest.mark.parametrize("cycle", ["calendar", "16th"])
def test_every_complete_month_of_every_home_is_billed_right(engine: Engine, cycle: str) -> None:
    months = expected(cycle)
    homes = sorted({row["home_id"] for rows in months.values() for row in rows})
    with Session(engine) as session, session.begin():
        if cycle == "calendar":
            session.add(
                Setting(key="closing_day", text="month-end", valid_from=date(1, 1, 1),
                        recorded_at=NOW, recorded_by="test")
            )  # fmt: skip
        for home in homes:
            keep_all(session, home)
    wrong, seen = [], 0
    for month, rows in sorted(months.items()):
        end = date.fromisoformat(rows[0]["period_end"]) + timedelta(days=11)
        report = billed(engine, month, f"{end} 09:00")
        assert report.failed == []
        bills = {bill["customer_no"]: bill for bill in all_bills(engine, month)}
        for row in rows:
            bill = bills[customer_no(row["home_id"])]
            if row["status"] != "complete":
                continue
            seen += 1
            problem = differs(bill, row)
            if problem:
                wrong.append((row["home_id"], month, problem))
    assert wrong == []
    assert seen == {"calendar": 135, "16th": 134}[cycle]
    with Session(engine) as session:
        assert verify(session) == []


def test_one_month_of_a_real_home_is_billed_right(engine: Engine) -> None:
    """16 August to 15 September 2016 of a home in Fontana, its registers at every midnight.

    The figures are of the CityLearn data set (MIT licence, J. R. Vazquez-Canteli, Intelligent
    Environments Laboratory), summed to cumulative registers.
    """
    with MONTH.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with Session(engine) as session, session.begin():
        customer = a_home(session, contract=(date(2016, 1, 1), None))
        read = {
            quantity: [(row["time"], row[f"{quantity}_kwh"]) for row in rows]
            for quantity in (Quantity.PV, Quantity.EXPORT)
        }
        registers(session, customer, read)
    report = billed(engine, "2016-08", "2016-09-20 09:00")
    bill = the_bill(engine, "16081120220110")
    assert (bill["state"], bill["quality"], report.counts["closed"]) == ("closed", "A", 1)
    energy = (bill["pv_wh"], bill["export_wh"], bill["use_wh"])
    assert energy == (641810, 205360, 436450)
    assert (bill["export_yen"], bill["use_yen"]) == (3286, 11784)
