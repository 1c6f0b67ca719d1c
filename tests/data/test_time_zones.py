"""The machine's own time zone has no say in a bill."""

import shutil
import time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from shared.db import make_engine
from shared.energy.quantities import Quantity
from tests.data.homes import a_home, billed, issued, registers, the_bill

ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati")


def test_a_bill_is_the_same_in_every_time_zone(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bills = []
    for n, zone in enumerate(ZONES):
        path = tmp_path / f"{n}.sqlite3"
        shutil.copyfile(sqlite_template, path)
        engine = make_engine(f"sqlite:///{path}")
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            with Session(engine) as session, session.begin():
                home = a_home(session)
                pv = [("2024-01-15 23:30", "100"), ("2024-02-15 22:00", "400.05")]
                export = [("2024-01-16 00:30", "50"), ("2024-02-16 00:00", "150")]
                registers(session, home, {Quantity.PV: pv, Quantity.EXPORT: export})
            billed(engine, "2024-01", "2024-02-20 09:00")
            issued(engine, "2024-01")
            bills.append(the_bill(engine, "24011120220110"))
        time.tzset()
        engine.dispose()
    assert (bills[0]["state"], bills[0]["pv_wh"]) == ("issued", 300_050)
    assert all(bill == bills[0] for bill in bills[1:])
