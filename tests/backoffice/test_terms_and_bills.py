"""What a change at a customer's does to bills of real registers, told before and true after."""

import re
from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.models.invoices import Invoice
from shared.months import Month
from tests.backoffice.conftest import Office
from tests.backoffice.months import EXPORT_A_DAY, PV_A_DAY, a_roof, an_office, december_issued
from tests.data.homes import billed
from tests.pages import Page

NO = "1120220301"
NEW = "1120240302"
JANUARY = "2401" + NO
USE_A_DAY = PV_A_DAY - EXPORT_A_DAY


@pytest.fixture
def desk(engine: Engine) -> Office:
    """Give an office in which December is issued and January is closed, of real registers."""
    a_roof(engine, NO, days=80)
    december_issued(engine)
    return an_office(engine)


def effects(page: Page) -> list[list[str]]:
    """Return the cells of the table of bills that come out otherwise."""
    return [row for row in page.rows() if row and re.fullmatch(r"\d{4}/\d\d", row[0])]


def total(engine: Engine, number: str) -> int | None:
    with Session(engine) as session:
        return session.scalar(select(Invoice.total_yen).where(Invoice.invoice_no == number))


def yen(days: int, sen: int) -> int:
    """Return the yen of some days' use, rounded half up once."""
    return (USE_A_DAY * days * sen + 50_000) // 100_000


def edited(desk: Office, **changes: str) -> Page:
    browser = desk.as_("billing")
    path = f"/office/customers/{NO}/edit"
    form = {
        str(one.get("name")): str(one.get("value", ""))
        for one in browser.get(path).all("input")
        if one.get("name") not in (None, "csrf_token", "q", "lang", "back")
    }
    return browser.post(path, form | changes)


def test_a_price_from_an_open_month_on_is_foreseen_to_the_yen_and_comes_true(desk: Office) -> None:
    before, after = yen(31, 2700), yen(31, 2850)
    assert total(desk.engine, JANUARY) == before
    change = {"use_price": "28.50", "terms_from": "2024-01-16"}
    page = edited(desk, **change, step="preview")
    (row,) = [one for one in effects(page) if one[1] == JANUARY]
    assert row[2:] == [f"{before:,}", f"{after:,}", "計算し直します"]
    assert total(desk.engine, JANUARY) == before, "nothing is saved yet"
    assert edited(desk, **change).status == 303
    assert total(desk.engine, JANUARY) == after


def test_a_price_of_an_issued_month_is_foreseen_as_a_proposal(desk: Office) -> None:
    december = "2312" + NO
    was = total(desk.engine, december)
    page = edited(desk, use_price="28.50", terms_from="2023-12-16", step="preview")
    (row,) = [one for one in effects(page) if one[1] == december]
    assert row[4] == "発行済。差額の候補になります"
    assert edited(desk, use_price="28.50", terms_from="2023-12-16").status == 303
    assert total(desk.engine, december) == was, "an issued bill never changes"


def test_a_house_handed_over_in_mid_month_bills_each_for_their_own_days(desk: Office) -> None:
    browser = desk.as_("billing")
    page = browser.get(f"/office/customers/{NO}/move")
    version = page.all("input", name="version")[0].get("value", "")
    form = {"version": version, "last_day": "2024-01-31", "customer_no": NEW[2:],
            "name": "顧客0302", "contract_from": "2024-02-01", "contract_to": "2034-01-15",
            "base_fee": "0", "export_price": "16.00", "use_price": "27.00"}  # fmt: skip
    preview = browser.post(f"/office/customers/{NO}/move", form | {"step": "preview"})
    assert preview.status == 200
    (row,) = [one for one in effects(preview) if one[1] == JANUARY]
    assert row[3] == f"{yen(16, 2700):,}"
    assert browser.post(f"/office/customers/{NO}/move", form).status == 303
    report = billed(desk.engine, "2024-01", "2024-02-20 10:00")
    assert report.failed == []
    assert total(desk.engine, JANUARY) == yen(16, 2700)
    assert total(desk.engine, "2401" + NEW) == yen(15, 2700)
    billed(desk.engine, "2024-02", "2024-03-01 10:00")
    with Session(desk.engine) as session:
        february = session.scalars(
            select(Invoice.invoice_no).where(Invoice.month == Month(2024, 2).first())
        ).all()
    assert february == ["2402" + NEW]


def test_an_end_in_mid_month_bills_the_days_before_it(desk: Office) -> None:
    browser = desk.as_("billing")
    page = browser.get(f"/office/customers/{NO}/leave")
    version = page.all("input", name="version")[0].get("value", "")
    form = {"version": version, "last_day": date(2024, 1, 25).isoformat(), "reason": "cancelled"}
    assert browser.post(f"/office/customers/{NO}/leave", form).status == 303
    assert total(desk.engine, JANUARY) == yen(10, 2700)
