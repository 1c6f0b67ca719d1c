"""What a homeowner sees of the day that runs."""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity, Source
from shared.models.telemetry import Channel
from shared.telemetry.deriving import refresh
from shared.telemetry.intervals import IntervalRow, store_intervals
from shared.telemetry.today import find_today
from tests.data.homes import a_home, at, registers


def test_the_day_so_far_counts_from_midnight_and_silence_is_told(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        home = a_home(session)
        pv = [("2024-01-27 23:30", "100"), ("2024-01-28 10:00", "103.5")]
        export = [("2024-01-27 23:30", "50"), ("2024-01-28 10:00", "51.25")]
        registers(session, home, {Quantity.PV: pv, Quantity.EXPORT: export})
        for _ in range(2):  # before the day's boundary is on record, and after
            today = find_today(session, home, at("2024-01-28 10:05"))
            assert (today.pv_wh, today.export_wh, today.use_wh) == (3_500, 1_250, 2_250)
            assert (today.heard_at, today.silent) == (at("2024-01-28 10:00"), ())
            refresh(session)
        late = find_today(session, home, at("2024-01-30 10:00"))
        assert (late.use_wh, late.silent) == (None, (Quantity.PV, Quantity.EXPORT))


def test_a_channel_of_finished_days_is_silent_as_one_of_registers(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        home = a_home(session)
        registers(session, home, {Quantity.PV: [("2024-01-27 23:30", "100")]})
        channel = Channel(site_id=home, quantity="export", kind="days")
        session.add(channel)
        session.flush()
        last_hour = IntervalRow(channel.id, at("2024-01-27 23:00"), 60, 0, int(Source.POLL))
        store_intervals(session, [last_hour], at("2024-01-28 00:25"))
        refresh(session)
        today = find_today(session, home, at("2024-01-29 01:31"))
        assert (today.heard_at, today.silent) == (at("2024-01-28 00:00"), (Quantity.PV,))
        assert find_today(session, home, at("2024-01-29 02:00")).silent == (Quantity.PV,)
        later = find_today(session, home, at("2024-01-29 02:01"))
        assert later.silent == (Quantity.PV, Quantity.EXPORT)
