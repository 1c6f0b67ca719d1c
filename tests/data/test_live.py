"""The live bill is the issued bill's own function: at the closing both say the same (N8)."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.db import make_engine
from shared.energy.quantities import Quantity
from shared.invoices.live import live_bill
from tests.data.homes import a_home, at, billed, issued, registers, the_bill

MONTH = "2024-01"
FIRST, DAYS = date(2024, 1, 15), 32
FIGURES = (
    "base_yen", "pv_wh", "export_wh", "use_wh", "export_yen", "use_yen", "total_yen", "tax_yen",
    "quality", "period", "days", "registers", "explanation",
)  # fmt: skip
_numbers = count(1)

day = st.fixed_dictionaries(
    {
        "pv": st.integers(0, 25_000),
        "sold_percent": st.integers(0, 100),
        "is_read": st.booleans(),
        "hour": st.sampled_from(["20:15", "22:40", "23:30"]),
    }
)
homes = st.fixed_dictionaries(
    {
        "base_fee": st.sampled_from([0, 980]),
        "price": st.integers(1_000, 4_000),
        "days": st.lists(day, min_size=DAYS, max_size=DAYS),
    }
)


def measured(home: dict[str, object]) -> dict[Quantity, list[tuple[str, str]]]:
    """Return registers read on some evenings; the first and the last evening are always read."""
    found: dict[Quantity, list[tuple[str, str]]] = {Quantity.PV: [], Quantity.EXPORT: []}
    pv, sold = 1_000_000, 500_000
    days = home["days"]
    assert isinstance(days, list)
    for n, told in enumerate(days):
        pv += told["pv"]
        sold += told["pv"] * told["sold_percent"] // 100
        if told["is_read"] or n in (0, DAYS - 1):
            when = f"{FIRST + timedelta(days=n)} {told['hour']}"
            found[Quantity.PV].append((when, f"{pv / 1000:.3f}"))
            found[Quantity.EXPORT].append((when, f"{sold / 1000:.3f}"))
    return found


@contextmanager
def a_database(template: Path, folder: Path) -> Iterator[Engine]:
    path = folder / f"live-{next(_numbers)}.sqlite3"
    shutil.copyfile(template, path)
    engine = make_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()
    path.unlink()


@settings(
    max_examples=12,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large,
    ],
)  # fmt: skip
@given(home=homes)
def test_the_live_bill_at_the_closing_is_the_bill_that_is_issued(
    sqlite_template: Path, tmp_path: Path, home: dict[str, object]
) -> None:
    with a_database(sqlite_template, tmp_path) as engine:
        with Session(engine) as session, session.begin():
            base_fee, price = home["base_fee"], home["price"]
            assert isinstance(base_fee, int)
            assert isinstance(price, int)
            owner = a_home(session, base_fee=base_fee, prices=(price, 1600))
            registers(session, owner, measured(home))
        with Session(engine) as session:
            live = live_bill(session, owner, at("2024-02-15 23:59"))
        billed(engine, MONTH)
        (number,) = issued(engine, MONTH) or ["24011120220110"]
        final = the_bill(engine, number)
        assert live is not None
        assert {name: live[name] for name in FIGURES} == {name: final[name] for name in FIGURES}
        assert live["invoice_no"] == number
