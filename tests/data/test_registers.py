"""What homes' registers do, from the readings to the bill, on both engines."""

import random
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity, Source
from shared.invoices.documents import Document
from shared.models.telemetry import Channel, DayValue
from shared.telemetry.storing import MeterChange, get_site, record_meter
from tests.data.homes import NOW, a_home, at, billed, registers, the_bill
from tests.data.test_bills import JANUARY, every_evening, keep

NUMBER = "1120220110"
PV = every_evening("2024-01-16", 33, 1000, 12.5)
EXPORT = every_evening("2024-01-16", 33, 500, 7.5)
FULL = (387_500, 232_500, 4185)


@pytest.fixture
def home(engine: Engine) -> int:
    """Give a home under contract."""
    with Session(engine) as session, session.begin():
        return a_home(session, NUMBER)


def january(engine: Engine) -> Document:
    """Bill the month and return its bill."""
    billed(engine, "2024-01", "2024-02-20 09:00")
    return the_bill(engine, JANUARY)


def told(bill: Document) -> tuple[str, int | None, int | None, int | None]:
    """Return state, generation, export and total."""
    return bill["state"], bill["pv_wh"], bill["export_wh"], bill["total_yen"]


def test_one_reading_a_day_at_23_00_is_enough(engine: Engine, home: int) -> None:
    late = [(time.replace("23:30", "23:00"), kwh) for time, kwh in PV]
    keep(engine, home, late, EXPORT)
    bill = january(engine)
    assert told(bill) == ("closed", *FULL)
    assert {r["how"] for r in bill["registers"]} == {"night"}


def test_a_home_that_logs_only_changes_closes_with_the_standing_register(
    engine: Engine, home: int
) -> None:
    by_day = [
        (time.replace("23:30", "14:00"), kwh)
        for time, kwh in every_evening("2024-01-17", 33, 1000, 12.5)
    ]
    first = [("2024-01-15 14:00", "1000.00")]
    still = [("2024-02-16 09:00", by_day[30][1])]
    keep(engine, home, first + by_day[:31] + still, EXPORT)
    bill = january(engine)
    assert bill["registers"][0]["closing_how"] == "still"
    assert bill["state"] == "closed"


def test_shuffled_and_repeated_rows_give_the_same_bill(engine: Engine, home: int) -> None:
    mixed = [*PV, *PV[::2]]
    random.Random(1).shuffle(mixed)  # noqa: S311 - an order, no secret
    keep(engine, home, mixed[:20], EXPORT[::-1])
    keep(engine, home, mixed[20:], EXPORT)
    assert told(january(engine)) == ("closed", *FULL)


@pytest.mark.parametrize("glitch", ["0", "0.00"])
def test_zeros_between_real_registers_bill_nothing(engine: Engine, home: int, glitch: str) -> None:
    keep(engine, home, [*PV, ("2024-01-30 12:00", glitch), ("2024-02-16 00:00", glitch)], EXPORT)
    assert told(january(engine)) == ("closed", *FULL)


def test_a_spike_that_passes_is_forgotten(engine: Engine, home: int) -> None:
    keep(engine, home, [*PV, ("2024-01-30 12:00", "99999.99")], EXPORT)
    assert told(january(engine)) == ("closed", *FULL)


def test_a_spike_that_stays_waits_for_a_meter_event(engine: Engine, home: int) -> None:
    risen = [(t, kwh if n < 20 else f"{float(kwh) + 50_000:.2f}") for n, (t, kwh) in enumerate(PV)]
    keep(engine, home, risen, EXPORT)
    bill = january(engine)
    assert told(bill) == ("held", None, 232_500, None)
    assert bill["holds"] == ["boundary_unknown", "over_capacity"]


def test_an_unrecorded_swap_is_held_and_never_a_rollover(engine: Engine, home: int) -> None:
    """5,000 kWh, a week of silence, then 3 kWh."""
    old = every_evening("2024-01-16", 15, 4_825, 12.5)
    new = every_evening("2024-02-06", 12, 3, 12.5)
    keep(engine, home, old + new, EXPORT)
    bill = january(engine)
    assert bill["state"] == "held"
    assert bill["total_yen"] is None
    assert {"boundary_unknown", "register_back"} <= set(bill["holds"])


def test_a_swap_recorded_late_mends_the_month(engine: Engine, home: int) -> None:
    old = every_evening("2024-01-16", 15, 1000, 12.5)
    new = every_evening("2024-01-31", 18, 0.2, 12.5)
    keep(engine, home, old + new, EXPORT)
    assert january(engine)["state"] == "held"
    with Session(engine) as session, session.begin():
        change = MeterChange(at("2024-01-30 12:00"), "B2", 200, 1_180_000)
        where = (get_site(session, NUMBER), Quantity.PV)
        record_meter(session, where, change, now=NOW, actor="test")
    bill = january(engine)
    assert bill["state"] == "closed"
    assert [r["serial"] for r in bill["registers"] if r["channel"] == "pv"] == ["", "B2"]


def test_a_removal_register_typed_too_low_holds_the_bill_and_takes_no_energy_away(
    engine: Engine, home: int
) -> None:
    """Less export would be more to pay; what was last read stands until the register is mended."""
    old = every_evening("2024-01-16", 15, 500, 7.5)
    new = every_evening("2024-01-31", 18, 0.2, 7.5)
    keep(engine, home, PV, old + new)
    where_and_when = at("2024-01-30 12:00")
    for removed, state, total in ((60_000, "held", 4_388), (612_500, "closed", 4_185)):
        with Session(engine) as session, session.begin():
            change = MeterChange(where_and_when, "B2", 200, removed)
            where = (get_site(session, NUMBER), Quantity.EXPORT)
            record_meter(session, where, change, now=NOW, actor="test")
        bill = january(engine)
        assert (bill["state"], bill["total_yen"]) == (state, total)
        assert bill["holds"] == (["register_back"] if state == "held" else [])


def test_a_rollover_inside_the_month_counts_on(engine: Engine, home: int) -> None:
    rolled = [(t, f"{(float(kwh) + 98_800) % 100_000:.2f}") for t, kwh in PV]
    keep(engine, home, rolled, EXPORT)
    bill = january(engine)
    assert told(bill) == ("closed", *FULL)
    (row,) = [r for r in bill["registers"] if r["channel"] == "pv"]
    assert row["closing_wh"] < row["opening_wh"]


def test_differing_rows_at_the_closing_midnight_hold_the_bill(engine: Engine, home: int) -> None:
    both = [("2024-02-16 00:00", "1387.50"), ("2024-02-16 00:00", "1391.00")]
    keep(engine, home, [*PV, *both], EXPORT)
    bill = january(engine)
    assert (bill["state"], bill["holds"]) == ("held", ["reading_conflict"])


@pytest.mark.parametrize(
    ("contract", "covered"),
    [
        ((date(2024, 1, 26), None), 21),
        ((date(2023, 12, 16), date(2024, 1, 25)), 10),
        ((date(2024, 1, 20), date(2024, 1, 24)), 5),
    ],
)
def test_only_the_contracts_days_are_charged_and_the_base_fee_in_full(
    engine: Engine, contract: tuple[date, date | None], covered: int
) -> None:
    with Session(engine) as session, session.begin():
        home = a_home(session, NUMBER, contract=contract, base_fee=980)
    keep(engine, home, PV, EXPORT)
    bill = january(engine)
    assert bill["use_yen"] == covered * 5 * 27
    assert bill["total_yen"] == 980 + covered * 5 * 27
    assert bill["export_yen"] == 31 * 7.5 * 16


def test_a_contract_that_covers_no_day_gives_no_bill(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        home = a_home(session, NUMBER, contract=(date(2025, 1, 1), None))
    keep(engine, home, PV, EXPORT)
    assert sum(billed(engine, "2024-01", "2024-02-20 09:00").counts.values()) == 0


@pytest.mark.parametrize("missing", [False, True])
def test_finished_days_bill_by_their_sum_and_a_missing_one_is_held(
    engine: Engine, home: int, *, missing: bool
) -> None:
    with Session(engine) as session, session.begin():
        channel = Channel(site_id=get_site(session, NUMBER), quantity="export", kind="days")
        session.add(channel)
        session.flush()
        first = date(2024, 1, 16).toordinal()
        for n in range(31):
            hours = 20 if missing and n == 7 else 24
            session.add(
                DayValue(
                    channel_id=channel.id,
                    day=date.fromordinal(first + n),
                    source=int(Source.BACKFILL),
                    wh=7_500,
                    hours=hours,
                    received_at=NOW,
                )
            )
        registers(session, home, {Quantity.PV: PV})
    bill = january(engine)
    if missing:
        assert told(bill) == ("held", 387_500, None, None)
        assert bill["holds"] == ["boundary_unknown"]
    else:
        assert told(bill) == ("closed", *FULL)
