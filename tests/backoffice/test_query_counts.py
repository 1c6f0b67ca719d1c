"""How often each page of bills asks the database: as often for many homes as for few."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from shared.db import make_engine
from tests.backoffice.conftest import Office
from tests.backoffice.months import BLANK, a_roof, an_office, december_issued
from tests.data.homes import billed, terms

FEW, MANY = 2, 7
READ = "1120230001"
BUDGET = {
    "/office/": 22,
    "/office/invoices": 10,
    "/office/invoices?state=held&reason=contract_missing&min=0&q=顧客": 11,
    "/office/invoices.csv": 7,
    f"/office/invoices/2401{READ}": 18,
    f"/office/customers/{READ}/invoices": 9,
    "/office/holds": 11,
    "/office/proposals": 6,
    "/office/runs": 11,
    "/office/runs/2024-01": 35,
    "/office/books?month=2023-12": 6,
    f"/office/issue?picked=2401{READ}": 6,
    f"/office/resend?picked=2312{READ}": 6,
}
"""The most statements for a page, the session's own and the rail's one count among them."""


def an_office_of(folder: Path, template: Path, homes: int) -> Office:
    """Return an office of some homes without contract dates, and as many with a late price."""
    path = folder / f"{homes}.sqlite3"
    path.write_bytes(template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    priced = [a_roof(engine, f"11202300{n:02d}") for n in range(1, homes + 1)]
    for n in range(homes):
        a_roof(engine, f"11202301{n:02d}", contract=BLANK)
    december_issued(engine)
    with Session(engine) as session, session.begin():
        for customer in priced:
            terms(session, customer, date(2023, 12, 16), use_price=2800)
    billed(engine, "2024-01", "2024-02-20 10:00")
    return an_office(engine)


@pytest.fixture(scope="module")
def offices(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> tuple[Office, Office]:
    """Give an office of few homes and one of many."""
    folder = tmp_path_factory.mktemp("counts")
    few, many = (an_office_of(folder, sqlite_template, homes) for homes in (FEW, MANY))
    return few, many


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that are sent."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", BUDGET)
def test_a_page_asks_no_more_for_many_homes_than_for_few(
    offices: tuple[Office, Office], path: str
) -> None:
    counts = []
    for office in offices:
        browser = office.as_("billing")
        with counted(office.engine) as sent:
            assert browser.get(path).status == 200
        counts.append(len(sent))
    few, many = counts
    assert many <= few <= BUDGET[path], f"{few} for few, {many} for many"
