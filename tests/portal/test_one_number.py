"""One number everywhere: home, list, bill, reasons, files and `bill show` of 200 homes agree."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import app
from shared.doors.sessions import open_homeowner_session
from shared.energy.quantities import Quantity
from shared.months import instant
from shared.units import kwh_text
from tests.conftest import Ppa
from tests.data.homes import a_home, billed, issued, registers
from tests.people import Clock, a_config

HOMES = 200
NOW = instant(date(2024, 2, 20)) + 9 * 3600
FIGURES = ("base_yen", "pv_wh", "export_wh", "use_wh", "export_yen", "use_yen", "total_yen")
SHOWN = re.compile(r'<data data-invoice="([^"]+)" data-field="(\w+)" value="(-?\d+)">(.*?)</data>')
TAG = re.compile(r"<[^>]+>")
DAYS = [date(2024, 1, 16 + n) if n < 16 else date(2024, 2, n - 15) for n in range(35)]


@dataclass(frozen=True, slots=True)
class Owner:
    """A homeowner's number, and the id of the signed-in session."""

    customer_no: str
    token: str

    @property
    def bill(self) -> str:
        """Return the number of the bill of January."""
        return f"2401{self.customer_no}"


@pytest.fixture
def engine(sqlite_url: str) -> Engine:
    from shared.db import make_engine

    return make_engine(sqlite_url)


def measured(n: int) -> dict[Quantity, list[tuple[str, str]]]:
    """Return a home's registers of each midnight, other than its neighbours'."""
    pv = accumulate((3_000 + (n * 37 + d * 1_913) % 17_000 for d in range(34)), initial=1_000_000)
    sold = accumulate((1_000 + (n * 53 + d * 977) % 1_900 for d in range(34)), initial=500_000)
    return {
        quantity: [(f"{day} 00:00", f"{wh / 1000:.3f}") for day, wh in zip(DAYS, line, strict=True)]
        for quantity, line in ((Quantity.PV, list(pv)), (Quantity.EXPORT, list(sold)))
    }


@pytest.fixture
def owners(engine: Engine) -> list[Owner]:
    """Bill 200 homes; every third has a base fee, every seventh another price."""
    found = []
    with Session(engine) as session, session.begin():
        for n in range(HOMES):
            number = f"112022{n:04d}"
            prices = (2850 if n % 7 == 0 else 2700, 1600)
            home = a_home(session, number, base_fee=980 if n % 3 == 0 else 0, prices=prices)
            registers(session, home, measured(n))
            found.append(Owner(number, open_homeowner_session(session, home, "", NOW)))
    assert billed(engine, "2024-01", "2024-02-18 09:00").counts["closed"] == HOMES
    assert len(issued(engine, "2024-01", "2024-02-18 09:00")) == HOMES
    return found


def test_one_number_stands_everywhere(engine: Engine, owners: list[Owner], ppa: Ppa) -> None:
    flask = app.create_app(a_config(), "portal", engine=engine, clock=Clock(NOW))
    for owner in owners:
        told = ppa("bill", "show", owner.bill, "--json").json()
        client = signed_in(flask, owner)
        home, listed, bill, why = (
            shown(client, path, owner.bill)
            for path in ("/", "/bills", f"/bills/{owner.bill}", f"/bills/{owner.bill}/why")
        )
        assert bill == {name: told[name] for name in FIGURES}
        assert home == {name: told[name] for name in ("total_yen", "use_wh", "export_wh")}
        assert listed == {"total_yen": told["total_yen"]}
        assert why.items() <= bill.items()
        assert {"total_yen", "base_yen", "use_yen", "use_wh", "pv_wh", "export_wh"} <= why.keys()
        (line,) = rows(client, "/bills.csv")
        assert line["利用料金合計(円)"] == str(told["total_yen"])
        assert line["利用量(kWh)"] == kwh_text(told["use_wh"])
        adds_up(rows(client, f"/bills/{owner.bill}.csv"), told)


def adds_up(days: list[dict[str, str]], told: dict[str, Any]) -> None:
    """Find the days' sums in the bill: energy exactly, yen after the one rounding."""
    assert len(days) == 31
    for column, field in (("発電量(kWh)", "pv_wh"), ("売電量(kWh)", "export_wh")):
        assert sum(Decimal(day[column]) for day in days) * 1000 == told[field]
    assert sum(Decimal(day["利用量(kWh)"]) for day in days) * 1000 == told["use_wh"]
    price = Decimal("28.50") if told["customer_no"][-4:].lstrip("0") in SEVENTHS else Decimal(27)
    exact = sum(Decimal(day["利用量(kWh)"]) for day in days) * price
    assert exact.quantize(Decimal(1), ROUND_HALF_UP) == told["use_yen"]


SEVENTHS = {str(n) if n else "" for n in range(0, HOMES, 7)}


def signed_in(flask: Flask, owner: Owner) -> FlaskClient:
    client = flask.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = owner.token
    return client


def shown(client: FlaskClient, path: str, invoice_no: str) -> dict[str, int]:
    """Return a bill's figures on a page; each stands with one value and the text for it."""
    answer = client.get(path)
    assert answer.status_code == 200
    found: dict[str, int] = {}
    for number, field, value, text in SHOWN.findall(answer.get_data(as_text=True)):
        if number != invoice_no:
            continue
        assert found.setdefault(field, int(value)) == int(value)
        assert as_read(text) == as_said(field, int(value)), path
    return found


def as_read(text: str) -> str:
    return TAG.sub("", text).replace(" ", "")


def as_said(field: str, value: int) -> str:
    if field.endswith("_yen"):
        return f"{value:,}円"
    return f"{float(kwh_text(value)):,.2f}kWh"


def rows(client: FlaskClient, path: str) -> list[dict[str, str]]:
    return list(_read(client.get(path).data.decode("utf-8-sig")))


def _read(text: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(text))
