"""Bills of homes whose export comes as finished days: where it begins, and beside what."""

from collections.abc import Mapping
from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.energy.boundaries import midnight_of
from shared.energy.quantities import Quantity, Source
from shared.invoices.documents import Document
from shared.invoices.own import find_bill_readings
from shared.models.customers import Customer
from shared.models.telemetry import Channel
from shared.months import instant
from shared.telemetry.coverage import find_day_coverage, find_days_covered
from shared.telemetry.intervals import DayRow, store_day_values
from shared.telemetry.storing import get_site
from tests.data.homes import NOW, a_home, at, billed, registers, the_bill
from tests.data.test_bills import JANUARY, every_evening

NUMBER = "1120220110"
LAST = date(2024, 2, 15)
WHOLE_PV = every_evening("2024-01-16", 33, 1000, 12.5)


def a_bill(engine: Engine, pv: list[tuple[str, str]], export: Mapping[date, int]) -> Document:
    """Bill a home of these registers and finished days; return its bill."""
    with Session(engine) as session, session.begin():
        home = a_home(session, NUMBER)
        channel = Channel(site_id=get_site(session, NUMBER), quantity="export", kind="days")
        session.add(channel)
        session.flush()
        source = int(Source.POLL)
        rows = [DayRow(channel.id, day, source, wh, 24) for day, wh in export.items()]
        store_day_values(session, rows, NOW)
        registers(session, home, {Quantity.PV: pv})
    billed(engine, "2024-01", "2024-02-20 09:00")
    return the_bill(engine, JANUARY)


def days_from(first: date, wh: int = 7_500) -> dict[date, int]:
    """Return finished days of the month from a day on, all alike."""
    return {date.fromordinal(n): wh for n in range(first.toordinal(), LAST.toordinal() + 1)}


def pv_from(time: str) -> list[tuple[str, str]]:
    """Return a meter that was first read at a time, and every evening from then on."""
    return [(time, "1000.00"), *[row for row in WHOLE_PV if row[0] > time]]


def test_both_begin_at_one_midnight_and_the_days_before_hold_nothing(engine: Engine) -> None:
    bill = a_bill(engine, pv_from("2024-01-20 00:10"), days_from(date(2024, 1, 20)))
    assert (bill["state"], bill["quality"], bill["export_wh"]) == ("closed", "A", 27 * 7_500)
    assert [day["export_wh"] for day in bill["days"][:5]] == [0, 0, 0, 0, 7_500]


@pytest.mark.parametrize(
    ("pv", "first_day"),
    [
        (WHOLE_PV, date(2024, 1, 20)),
        (pv_from("2024-01-20 14:00"), date(2024, 1, 20)),
        (pv_from("2024-01-20 14:00"), date(2024, 1, 21)),
        (pv_from("2024-01-20 14:00"), date(2024, 1, 10)),
        (pv_from("2024-01-20 00:10"), date(2024, 1, 10)),
    ],
)
def test_days_that_begin_elsewhere_than_the_meter_are_held(
    engine: Engine, pv: list[tuple[str, str]], first_day: date
) -> None:
    bill = a_bill(engine, pv, days_from(first_day))
    assert bill["state"] == "held"
    assert "coverage_unequal" in bill["holds"]


def test_days_that_counted_nothing_before_the_meter_came_are_no_case(engine: Engine) -> None:
    export = days_from(date(2024, 1, 10), 0) | days_from(date(2024, 1, 21))
    bill = a_bill(engine, pv_from("2024-01-20 14:00"), export)
    assert (bill["state"], bill["export_wh"]) == ("closed", 26 * 7_500)


def test_a_home_without_any_finished_day_is_held_as_unknown(engine: Engine) -> None:
    bill = a_bill(engine, WHOLE_PV, {})
    assert (bill["state"], bill["total_yen"], bill["holds"]) == ("held", None, ["boundary_unknown"])


def test_each_day_is_covered_whose_registers_and_finished_days_are_all_there(
    engine: Engine,
) -> None:
    told = days_from(date(2024, 1, 16))
    del told[date(2024, 1, 25)]
    a_bill(engine, WHOLE_PV, told)
    with Session(engine) as session:
        days = find_days_covered(session, date(2024, 1, 26), 3)
        lists = [find_day_coverage(session, day.day) for day in days]
    assert [(day.day.day, day.homes, day.known) for day in days] == [
        (24, 1, 1),
        (25, 1, 0),
        (26, 1, 1),
    ]
    assert [(one.homes, one.known) for one in lists] == [(1, 1), (1, 0), (1, 1)]


def test_a_reading_of_the_night_stands_for_its_midnight() -> None:
    told = [midnight_of(at(f"2024-01-{time}")) for time in
            ("20 19:59", "20 20:00", "21 00:00", "21 03:30", "21 03:31")]  # fmt: skip
    night = date(2024, 1, 21)
    assert told == [None, night, night, night, None]


@pytest.mark.parametrize(
    ("again", "state", "holds", "export_wh"),
    [
        (7_512, "closed", [], 31 * 7_500),
        (9_000, "held", ["reading_conflict"], 30 * 7_500 + 9_000),
    ],
)
def test_a_day_told_in_two_ways_is_held_unless_rounding_explains_it(
    engine: Engine, again: int, state: str, holds: list[str], export_wh: int
) -> None:
    a_bill(engine, WHOLE_PV, days_from(date(2024, 1, 10)))
    with Session(engine) as session, session.begin():
        channel_id = session.scalars(select(Channel.id).where(Channel.kind == "days")).one()
        row = DayRow(channel_id, date(2024, 2, 1), int(Source.BACKFILL), again, 24)
        store_day_values(session, [row], NOW + 60)
    billed(engine, "2024-01", "2024-02-20 09:00")
    bill = the_bill(engine, JANUARY)
    assert (bill["state"], bill["holds"], bill["export_wh"]) == (state, holds, export_wh)
    assert bill["total_yen"] is not None


def test_a_bill_leads_to_each_finished_day_as_it_was_told(engine: Engine) -> None:
    bill = a_bill(engine, WHOLE_PV, days_from(date(2024, 1, 10)))
    with Session(engine) as session:
        customer_id = session.scalars(select(Customer.id)).one()
        pv, export = find_bill_readings(session, bill["invoice_no"], customer_id)
    assert (pv.days, len(pv.opening)) == ([], 1)
    assert [(one.at, one.wh, one.source) for one in export.days] == [
        (instant(date(2024, 1, 16)) + n * 86_400, 7_500, "poll") for n in range(31)
    ]
