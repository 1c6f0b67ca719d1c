"""Proposals on the desk: what changed and why, accepted as a correction or refused."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.verify import verify
from tests.backoffice.conftest import Office
from tests.backoffice.months import a_roof, an_office, december_issued
from tests.data.homes import billed, terms, the_bill
from tests.pages import Page, words

HOME = "1120230001"
BILL, REVISED = f"2312{HOME}", f"2312{HOME}-2"


@pytest.fixture
def desk(engine: Engine) -> Office:
    """Give a home whose use price of December was recorded too late."""
    customer = a_roof(engine, HOME)
    december_issued(engine)
    with Session(engine) as session, session.begin():
        terms(session, customer, date(2023, 12, 16), use_price=2800)
    billed(engine, "2024-01", "2024-02-20 10:00")
    return an_office(engine)


def filled(page: Page, **fields: str) -> dict[str, str]:
    return {"digest": page.all("input", name="digest")[0].get("value", "")} | fields


def test_old_stands_beside_new_with_what_caused_it(desk: Office) -> None:
    page = desk.as_("viewer").get("/office/proposals")
    (section,) = page.all("section", id=f"p-{BILL}")
    text = words(section)
    assert "2,327 → 2,413 円 (+86)" in text
    assert "利用単価 27.00" in text
    assert "利用単価 28.00" in text
    assert not page.all("form", action=f"/office/proposals/{BILL}/accept"), "a viewer only looks"


def test_accepted_it_issues_a_correction_that_names_the_bill(desk: Office) -> None:
    browser = desk.as_("billing")
    form = filled(browser.get("/office/proposals"), reason="単価の登録漏れ")
    assert browser.post(f"/office/proposals/{BILL}/accept", form).status == 303
    old, new = the_bill(desk.engine, BILL), the_bill(desk.engine, REVISED)
    assert (old["state"], old["void"]["successor"]) == ("void", REVISED)
    assert (new["state"], new["revision_of"], new["total_yen"]) == ("issued", BILL, 2413)
    for number, other in ((BILL, REVISED), (REVISED, BILL)):
        assert f"/office/invoices/{other}" in browser.get(f"/office/invoices/{number}").links()
    with Session(desk.engine) as session:
        assert verify(session) == []


def test_refused_it_keeps_the_bill_and_the_reason(desk: Office) -> None:
    browser = desk.as_("billing")
    form = filled(browser.get("/office/proposals"), reason="覚書により据え置き")
    assert browser.post(f"/office/proposals/{BILL}/refuse", form).status == 303
    assert the_bill(desk.engine, BILL)["state"] == "issued"
    assert "全 0 件" in browser.get("/office/proposals").text
    assert "覚書により据え置き" in browser.get(f"/office/invoices/{BILL}").text


def test_without_a_reason_nothing_is_decided(desk: Office) -> None:
    browser = desk.as_("billing")
    for act in ("accept", "refuse"):
        page = browser.post(
            f"/office/proposals/{BILL}/{act}", filled(browser.get("/office/proposals"))
        )
        assert page.status == 422
        assert "理由を" in page.text
    assert the_bill(desk.engine, BILL)["state"] == "issued"


def test_figures_that_changed_since_are_not_accepted_unseen(desk: Office) -> None:
    browser = desk.as_("billing")
    form = filled(browser.get("/office/proposals"), reason="単価の登録漏れ")
    with Session(desk.engine) as session, session.begin():
        terms(session, 1, date(2023, 12, 16), use_price=2900)
    assert browser.post(f"/office/proposals/{BILL}/accept", form).status == 409
    assert the_bill(desk.engine, BILL)["state"] == "issued"
    billed(desk.engine, "2024-01", "2024-02-20 10:00")
    assert browser.post(f"/office/proposals/{BILL}/accept", form).status == 409


def test_a_held_bill_leads_to_the_proposal_that_holds_it(desk: Office) -> None:
    page = desk.as_("billing").get(f"/office/invoices/2401{HOME}")
    assert f"/office/proposals#p-{BILL}" in page.links()
