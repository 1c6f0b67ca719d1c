"""The inbox of held bills: why each is held, and many settled by one word."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.backoffice.conftest import Office
from tests.backoffice.months import BLANK, a_roof, an_office, december_issued
from tests.data.homes import TEN_YEARS, billed, terms, the_bill
from tests.pages import Page, words

UNDATED = [f"112023000{n}" for n in (1, 2, 3)]
SILENT = "1120230004"


@pytest.fixture
def desk(engine: Engine) -> Office:
    """Give three homes without contract dates and one that is silent at the closing."""
    for number in UNDATED:
        a_roof(engine, number, contract=BLANK)
    a_roof(engine, SILENT, days=58)
    december_issued(engine)
    return an_office(engine)


def ticks(page: Page) -> list[str]:
    return [one.get("value", "") for one in page.all("input", name="tick")]


def states(desk: Office, month: str = "2401") -> list[str]:
    return [str(the_bill(desk.engine, f"{month}{number}")["state"]) for number in UNDATED]


def test_each_row_says_why_in_a_sentence_and_offers_what_settles_it(desk: Office) -> None:
    page = desk.as_("billing").get("/office/holds")
    rows = {words(row)[:7]: words(row) for row in page.all("tr") if SILENT in words(row)}
    (silent,) = rows.values()
    assert "期首または期末の積算値がわからないため" in silent
    assert "(発電、売電)" in silent
    assert f"/office/invoices/2401{SILENT}/edit" in page.links()
    assert f"/office/customers/{UNDATED[0]}/edit" in page.links()
    assert "検定の期限が不明" not in words(page.all("table")[0]), "a warning holds nothing"


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 7), ("month=2024-01", 4), ("reason=contract_missing", 6), ("reason=boundary_unknown", 1)],
)
def test_chips_narrow_the_inbox(desk: Office, query: str, count: int) -> None:
    assert f"全 {count} 件" in desk.as_("viewer").get(f"/office/holds?{query}").text


def test_ticked_bills_are_released_by_one_word_and_each_row_tells(desk: Office) -> None:
    browser = desk.as_("billing")
    page = browser.get("/office/holds?month=2024-01&reason=contract_missing")
    chosen = [*ticks(page)[:2], f"2401{SILENT} x"]
    form = {"tick": chosen, "reason": "契約書の作成待ち"}
    result = browser.post("/office/holds/release", form)
    assert "3 件のうち 2 件をしました" in result.text
    assert states(desk) == ["closed", "closed", "held"]
    assert "画面を開いたあとで" in result.text


def test_what_a_word_does_not_settle_stays_and_says_so(desk: Office) -> None:
    browser = desk.as_("billing")
    page = browser.get("/office/holds?month=2024-01")
    form = {"tick": ticks(page), "reason": "まとめて確認"}
    result = browser.post("/office/holds/release", form)
    assert "4 件のうち 3 件をしました" in result.text
    assert "金額がまだ出ていません" in result.text
    assert the_bill(desk.engine, f"2401{SILENT}")["state"] == "held"


def test_all_that_the_filter_finds_are_released_if_they_are_as_shown(desk: Office) -> None:
    browser = desk.as_("billing")
    path = "?month=2024-01&reason=contract_missing"
    page = browser.get(f"/office/holds{path}")
    seen = page.all("input", name="seen")[0].get("value", "")
    form = {"every": "1", "seen": seen, "reason": "契約書の作成待ち"}
    assert browser.post(f"/office/holds/release{path}", form | {"seen": "x"}).status == 409
    assert states(desk) == ["held"] * 3
    assert "3 件のうち 3 件をしました" in browser.post(f"/office/holds/release{path}", form).text
    assert states(desk) == ["closed"] * 3
    assert states(desk, "2312") == ["held"] * 3, "another month is another matter"


def test_without_a_reason_nothing_is_released(desk: Office) -> None:
    browser = desk.as_("billing")
    page = browser.get("/office/holds")
    form = {"tick": ticks(page), "reason": "  "}
    result = browser.post("/office/holds/release", form)
    assert (result.status, states(desk)) == (422, ["held"] * 3)
    assert result.all("input", aria_invalid="true")


def test_silent_bills_are_estimated_together(desk: Office) -> None:
    browser = desk.as_("billing")
    page = browser.get("/office/holds?reason=boundary_unknown")
    form = {"tick": ticks(page), "reason": "回線の工事中"}
    result = browser.post("/office/holds/estimate", form)
    assert "1 件のうち 1 件をしました" in result.text
    assert the_bill(desk.engine, f"2401{SILENT}")["quality"] == "C"


def test_nothing_ticked_is_told(desk: Office) -> None:
    result = desk.as_("billing").post("/office/holds/release", {"reason": "うっかり"})
    assert "1件も選ばれていません" in result.text


def test_a_viewer_looks_and_is_offered_nothing(desk: Office) -> None:
    page = desk.as_("viewer").get("/office/holds")
    assert page.all("input", name="tick") == []
    assert page.all("form", id="picks") == []


def test_dates_entered_since_let_the_row_tell_that_it_is_stale(desk: Office) -> None:
    browser = desk.as_("billing")
    chosen = ticks(browser.get("/office/holds?month=2024-01&reason=contract_missing"))[:1]
    with Session(desk.engine) as session, session.begin():
        terms(session, 1, date(2023, 12, 16), contract=TEN_YEARS)
    billed(desk.engine, "2024-01", "2024-02-20 10:00")
    form = {"tick": chosen, "reason": "契約書の作成待ち"}
    result = browser.post("/office/holds/release", form)
    assert "1 件のうち 0 件" in result.text
