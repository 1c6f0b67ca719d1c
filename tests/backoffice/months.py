"""Months billed from real registers, for tests of the pages that decide about bills."""

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

import app
from shared.energy.quantities import Quantity
from shared.invoices.reporting import RunReport
from shared.web.request import Start
from tests.backoffice.conftest import ROLES, Office
from tests.data.homes import TEN_YEARS, a_home, billed, issued, registers, terms
from tests.people import Clock, a_config, an_operator

BLANK: tuple[None, None] = (None, None)
PV_A_DAY, EXPORT_A_DAY = 12_520, 9_740


def kwh(wh: int) -> str:
    """Return Wh as kWh with three decimals."""
    return f"{wh // 1000}.{wh % 1000:03d}"


def an_office(engine: Engine, start: Start | None = None) -> Office:
    """Return the back office of what is billed already, with an operator of each role."""
    for role in ROLES:
        an_operator(engine, role)
    clock = Clock()
    made = app.create_app(a_config(), "backoffice", engine=engine, clock=clock, start=start)
    return Office(made, engine, clock, 0, "", "")


def a_roof(
    engine: Engine,
    customer_no: str,
    *,
    days: int = 62,
    contract: tuple[date | None, date | None] = TEN_YEARS,
    skip: Callable[[date], bool] = lambda _day: False,
) -> int:
    """Store a home whose meters were read at midnight from 2023-12-16 on, and return its id."""
    with Session(engine) as session, session.begin():
        customer = a_home(session, customer_no, contract=contract)
        pv, export = [], []
        for n in range(days + 1):
            day = date(2023, 12, 16) + timedelta(days=n)
            if not skip(day):
                pv.append((f"{day} 00:00", kwh(100_000 + PV_A_DAY * n)))
                export.append((f"{day} 00:00", kwh(50_000 + EXPORT_A_DAY * n)))
        registers(session, customer, {Quantity.PV: pv, Quantity.EXPORT: export})
        return customer


READ, UNDATED, SILENT = "1120230001", "1120230002", "1120230003"


def three_homes(engine: Engine) -> None:
    """Store a home, one undated and one that falls silent; of READ a price came after December."""
    own = a_roof(engine, READ)
    a_roof(engine, UNDATED, contract=BLANK)
    a_roof(engine, SILENT, days=58)
    billed(engine, "2023-12", "2024-01-20 10:00")
    issued(engine, "2023-12", "2024-01-20 10:00")
    with Session(engine) as session, session.begin():
        terms(session, own, date(2023, 12, 16), use_price=2800)


def december_issued(engine: Engine) -> RunReport:
    """Run December, issue what is closed, and run January."""
    billed(engine, "2023-12", "2024-01-20 10:00")
    issued(engine, "2023-12", "2024-01-20 10:00")
    return billed(engine, "2024-01", "2024-02-20 10:00")
