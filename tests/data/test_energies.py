"""A home's energy by day and half-hour: gaps stay gaps, and only the own days are read."""

from datetime import date

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity, Source
from shared.models.customers import Occupancy
from shared.models.telemetry import Channel
from shared.months import Period
from shared.telemetry.deriving import refresh
from shared.telemetry.energies import Energy, find_day_energies, find_first_day
from shared.telemetry.intervals import IntervalRow, store_intervals
from shared.telemetry.shapes import find_shape
from shared.telemetry.stays import find_site_on, find_stays
from shared.telemetry.storing import ensure_channels
from shared.telemetry.today import find_today
from tests.data.homes import a_home, at, registers

JANUARY = Period(date(2024, 1, 1), date(2024, 2, 1))
NOW = at("2024-01-20 12:00")


def daily(kwh_a_day: float, days: range, start: float = 100.0) -> list[tuple[str, str]]:
    """Return a register read at each midnight of some days of January."""
    return [(f"2024-01-{day:02d} 00:00", f"{start + kwh_a_day * day:.2f}") for day in days]


def a_measured_home(session: Session, customer_no: str = "1120220110") -> int:
    home = a_home(session, customer_no)
    whole = [*range(5, 11), *range(14, 21)]
    registers(
        session,
        home,
        {
            Quantity.PV: daily(10, range(5, 21)),
            Quantity.EXPORT: daily(6, range(5, 21)),
            Quantity.IMPORT: [(f"2024-01-{day:02d} 00:00", f"{50 + 3 * day}") for day in whole],
        },
    )
    return home


def test_days_hold_all_that_is_measured_and_what_the_home_consumed(session: Session) -> None:
    home = a_measured_home(session)
    found = find_day_energies(session, home, JANUARY, NOW)
    assert list(found.days) == [date(2024, 1, day) for day in range(5, 20)]
    day = found.days[date(2024, 1, 6)]
    assert (day.pv_wh, day.export_wh, day.use_wh, day.import_wh) == (10_000, 6_000, 4_000, 3_000)
    assert day.home_wh == 7_000
    assert found.total.use_wh == 15 * 4_000


def test_stale_and_rebuilt_rows_tell_the_same_days(session: Session) -> None:
    home = a_measured_home(session)
    stale = find_day_energies(session, home, JANUARY, NOW)
    refresh(session)
    assert find_day_energies(session, home, JANUARY, NOW) == stale
    registers(session, home, {Quantity.PV: [("2024-01-19 13:00", "295.00")]})
    assert find_day_energies(session, home, JANUARY, NOW).days == stale.days


def test_a_day_with_one_meter_silent_counts_in_no_total(session: Session) -> None:
    home = a_home(session)
    registers(
        session,
        home,
        {Quantity.PV: daily(10, range(5, 21)), Quantity.EXPORT: daily(6, range(5, 15))},
    )
    found = find_day_energies(session, home, JANUARY, NOW)
    assert found.days[date(2024, 1, 16)].use_wh is None
    assert found.days[date(2024, 1, 16)].pv_wh == 10_000
    assert (found.total.pv_wh, found.total.use_wh) == (9 * 10_000, 9 * 4_000)


def test_before_the_first_register_is_nothing_and_no_zero(session: Session) -> None:
    home = a_measured_home(session)
    assert find_first_day(session, home) is None, "not derived yet"
    refresh(session)
    assert find_first_day(session, home) == date(2024, 1, 5)
    early = find_day_energies(session, home, Period(date(2023, 12, 1), date(2024, 1, 5)), NOW)
    assert early.days == {}
    assert early.total == Energy()


def moved(session: Session, seller: int, buyer_no: str) -> int:
    """Let a home change hands on January 12th; return the buyer."""
    buyer = a_home(session, buyer_no)
    site = session.scalars(select(Occupancy.site_id).where(Occupancy.customer_id == seller)).one()
    session.execute(
        update(Occupancy).where(Occupancy.customer_id == seller).values(to_day=date(2024, 1, 11))
    )
    session.execute(
        update(Occupancy)
        .where(Occupancy.customer_id == buyer)
        .values(site_id=site, from_day=date(2024, 1, 12))
    )
    return buyer


def test_a_buyer_never_reads_the_sellers_days_nor_the_seller_the_buyers(session: Session) -> None:
    seller = a_measured_home(session)
    buyer = moved(session, seller, "1120220111")
    refresh(session)
    sold, bought = (find_day_energies(session, who, JANUARY, NOW) for who in (seller, buyer))
    assert max(sold.days) == date(2024, 1, 11)
    assert min(bought.days) == find_first_day(session, buyer) == date(2024, 1, 12)
    assert find_shape(session, buyer, date(2024, 1, 8), NOW).slots == ()
    assert find_shape(session, seller, date(2024, 1, 14), NOW).slots == ()
    assert find_site_on(session, seller, date(2024, 1, 12)) is None
    assert find_today(session, seller, NOW).heard_at is None
    assert find_today(session, buyer, NOW).heard_at is not None
    assert len(find_stays(session, buyer, Period(date(2024, 1, 1), date(2024, 1, 12)))) == 0


def half_hours(first: str, values: list[int]) -> list[tuple[str, str]]:
    """Return registers a half-hour apart on January 8th that rise by these Wh."""
    hour, minute = map(int, first.split(":"))
    register, rows = 500_000, []
    for n, wh in enumerate([0, *values]):
        register += wh
        minutes = hour * 60 + minute + 30 * n
        rows.append(
            (f"2024-01-08 {minutes // 60:02d}:{minutes % 60:02d}", f"{register / 1000:.3f}")
        )
    return rows


def test_a_day_has_a_shape_in_half_hours_and_a_gap_in_it_is_a_gap(session: Session) -> None:
    home = a_home(session)
    sun = half_hours("09:00", [100, 300, 500, 700, 900])
    registers(
        session,
        home,
        {
            Quantity.PV: [("2024-01-08 00:00", "500.000"), *sun, ("2024-01-08 14:00", "505.500")],
            Quantity.EXPORT: [("2024-01-08 00:00", "70.00"), ("2024-01-08 14:30", "70.10")],
        },
    )
    shape = find_shape(session, home, date(2024, 1, 8), NOW)
    assert (shape.minutes, len(shape.slots)) == (30, 48)
    pv = [slot.energy.pv_wh for slot in shape.slots]
    assert pv[:18] == [0] * 18
    assert pv[18:23] == [100, 300, 500, 700, 900]
    assert pv[23:28] == [None] * 5
    assert shape.is_known


def test_hours_of_a_device_make_a_shape_in_hours(session: Session) -> None:
    home = a_home(session)
    site = session.scalars(select(Occupancy.site_id)).one()
    ids = ensure_channels(session, [(site, Quantity.PV), (site, Quantity.EXPORT)])
    session.execute(update(Channel).values(kind="days"))
    begun = at("2024-01-08 00:00")
    rows = [
        IntervalRow(channel_id, begun + 3600 * hour, 60, wh * hour, int(Source.POLL))
        for (_, quantity), channel_id in ids.items()
        for wh in (100 if quantity is Quantity.PV else 60,)
        for hour in range(24)
        if hour != 5
    ]
    store_intervals(session, rows, NOW)
    shape = find_shape(session, home, date(2024, 1, 8), NOW)
    assert (shape.minutes, len(shape.slots)) == (60, 24)
    assert shape.slots[10].energy.use_wh == 400
    assert shape.slots[5].energy.use_wh is None


def test_the_seller_of_a_home_is_found_on_both_databases(engine: Engine) -> None:
    with Session(engine) as session:
        seller = a_measured_home(session)
        assert find_site_on(session, seller, date(2024, 1, 8)) is not None
