"""What a homeowner reads: the own bills, figure by figure, and nobody else's."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from portal import figures
from shared.invoices.documents import Document
from shared.invoices.payments import Word, pay
from tests.pages import words
from tests.portal.conftest import Portal

ALL_SEVEN = {
    "total_yen": 2327,
    "base_yen": 0,
    "use_yen": 2327,
    "export_yen": 4832,
    "pv_wh": 388_200,
    "export_wh": 302_000,
    "use_wh": 86_200,
}
LIVE: Document = {
    "invoice_no": "24021120220110",
    "month": "2024-02",
    "period": {"start": "2024-02-16", "end": "2024-03-16"},
    "total_yen": 1482,
    "use_wh": 54_900,
    "export_wh": 141_500,
    "days": [
        {"date": f"2024-02-{day}", "use_wh": None if day == 21 or day > 27 else 4_575}
        for day in range(16, 30)
    ],
}


def test_a_bill_carries_all_seven_figures(portal: Portal) -> None:
    page = portal.mine().get(f"/bills/{portal.my_bill}")
    assert {name: page.figure(portal.my_bill, name) for name in ALL_SEVEN} == ALL_SEVEN
    texts = {words(one) for one in page.all("data")}
    assert {"2,327円", "86.20 kWh", "302.00 kWh", "0円"} <= texts


def test_a_bill_explains_itself_in_one_line(portal: Portal) -> None:
    page = portal.mine().get(f"/bills/{portal.my_bill}")
    (formula,) = [one for one in page.all("div") if one.get("class") == "formula"]
    assert "86.20 kWh × 27.00円 = 2,327円" in words(formula)


def test_the_reasons_lead_from_the_yen_to_the_readings(portal: Portal) -> None:
    page = portal.mine().get(f"/bills/{portal.my_bill}/why")
    assert page.heading() == "この金額の根拠"
    assert page.figure(portal.my_bill, "total_yen") == 2327
    for told in ("2,327.40円", "12,457.112", "23370110", "388.20", "10 Wh 未満は切り捨て"):
        assert told in page.text


def test_days_that_were_not_received_are_no_zeros(portal: Portal) -> None:
    page = portal.mine().get(f"/bills/{portal.my_bill}")
    gaps = [row for row in page.all("tr") if row.get("class") == "gap"]
    assert [words(row) for row in gaps] == ["1/30(火) 未受信", "1/31(水) 未受信"]


def test_the_days_come_as_csv(portal: Portal) -> None:
    answer = portal.mine().get(f"/bills/{portal.my_bill}.csv").answer
    assert answer.content_type == "text/csv; charset=utf-8"
    lines = answer.data.decode("utf-8-sig").split("\r\n")
    assert lines[0].startswith("利用日,発電量(kWh)")
    assert lines[1] == "2024/01/16,12.52,9.74,2.78,155.84,75.06,実測"


def test_the_home_page_has_the_month_that_runs_and_the_newest_bill(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "live_bill", lambda *_: LIVE)
    page = portal.mine().get("/")
    assert page.figure("24021120220110", "total_yen") == 1482
    assert page.figure("24021120220110", "use_wh") == 54_900
    assert page.figure(portal.my_bill, "export_wh") == 302_000
    assert "速報" in page.text
    assert "2月21日の値は未受信です。" in page.text


def test_bills_list_only_what_is_issued(portal: Portal) -> None:
    page = portal.mine().get("/bills")
    assert page.figure(portal.my_bill, "total_yen") == 2327
    assert portal.my_held_bill not in page.text
    assert portal.their_bill not in page.text


@pytest.mark.parametrize("ending", ["", "/why", ".csv", ".pdf"])
def test_what_is_not_yours_looks_like_what_does_not_exist(portal: Portal, ending: str) -> None:
    browser = portal.mine()
    nothing = browser.get(f"/bills/99991120229999{ending}")
    for number in (portal.their_bill, portal.my_held_bill, "x" * 300):
        page = browser.get(f"/bills/{number}{ending}")
        assert page.status == nothing.status == 404
        assert page.text == nothing.text


def test_the_contract_shows_todays_terms(portal: Portal) -> None:
    text = portal.mine().get("/contract").text
    for told in ("顧客0170", "1120220110", "27.00", "16.00", "2022年1月16日"):
        assert told in text


def test_a_bill_tells_that_it_is_paid_on_its_page_and_in_the_list(portal: Portal) -> None:
    browser = portal.mine()
    assert "入金" not in browser.get(f"/bills/{portal.my_bill}").text
    with Session(portal.engine) as session, session.begin():
        word = Word(portal.clock(), "clerk@example.jp")
        pay(session, portal.my_bill, date(2024, 2, 27), word)
    page = browser.get(f"/bills/{portal.my_bill}")
    assert "2024年2月27日 に入金を確認しました" in page.text
    assert "入金済" in browser.get("/bills").text
