"""One bill on the desk: corrected by its register, released, estimated, taken back."""

from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.models.invoices import InvoiceEvent
from shared.models.operations import Audit
from shared.models.telemetry import ManualRegister
from shared.verify import verify
from tests.backoffice.conftest import Office
from tests.backoffice.months import BLANK, a_roof, an_office, december_issued
from tests.data.homes import the_bill
from tests.pages import Page, words
from tests.people import PASSWORD

READ, SILENT, UNDATED = "1120230001", "1120230002", "1120230003"
BILL = f"2401{READ}"
SILENT_BILL, UNDATED_BILL = f"2401{SILENT}", f"2401{UNDATED}"


@pytest.fixture
def desk(engine: Engine) -> Office:
    """Give three homes: one read daily, one silent at the closing, one without contract dates."""
    a_roof(engine, READ)
    a_roof(engine, SILENT, days=58)
    a_roof(engine, UNDATED, contract=BLANK)
    december_issued(engine)
    return an_office(engine)


def version(page: Page) -> str:
    return page.all("input", name="version")[0].get("value", "")


def form(desk: Office, bill: str, **filled: str) -> dict[str, str]:
    page = desk.as_("billing").get(f"/office/invoices/{bill}/edit")
    return {"version": version(page), "reason": "現地で確かめた"} | filled


def state(desk: Office, bill: str) -> str:
    return str(the_bill(desk.engine, bill)["state"])


def test_a_day_is_shown_as_its_register_before_anything_is_saved(desk: Office) -> None:
    filled = form(desk, BILL, what="day", channel="export", day="2024-02-15", kwh="8.00")
    page = desk.as_("billing").post(f"/office/invoices/{BILL}/edit", filled)
    assert page.status == 200
    assert "2024/02/16 0:00 売電 652.140 kWh" in words(page.tree())
    assert the_bill(desk.engine, BILL)["export_wh"] == 31 * 9_740
    with Session(desk.engine) as session:
        assert session.scalars(select(ManualRegister)).all() == []


def test_a_saved_day_moves_the_bill_by_its_register_alone(desk: Office) -> None:
    filled = form(desk, BILL, what="day", channel="export", day="2024-02-15", kwh="8.00", save="1")
    page = desk.as_("billing").post(f"/office/invoices/{BILL}/edit", filled)
    assert page.status == 303
    bill = the_bill(desk.engine, BILL)
    assert bill["export_wh"] == 30 * 9_740 + 8_000
    assert bill["days"][-1]["export_wh"] == 8_000
    assert bill["registers"][1]["closing_how"] == "manual"
    with Session(desk.engine) as session:
        (trail,) = session.scalars(select(Audit).where(Audit.action == "register.set"))
        assert "現地で確かめた" in trail.detail
        assert verify(session) == []


def test_a_day_inside_moves_energy_to_the_next_day_and_the_total_stays(desk: Office) -> None:
    filled = form(desk, BILL, what="day", channel="export", day="2024-01-20", kwh="9.00", save="1")
    assert desk.as_("billing").post(f"/office/invoices/{BILL}/edit", filled).status == 303
    bill = the_bill(desk.engine, BILL)
    assert bill["export_wh"] == 31 * 9_740
    assert [day["export_wh"] for day in bill["days"][4:6]] == [9_000, 10_480]


def test_a_correction_of_an_issued_bill_is_proposed_and_the_bill_stays(desk: Office) -> None:
    number = f"2312{READ}"
    filled = form(
        desk, number, what="day", channel="export", day="2024-01-15", kwh="9.00", save="1"
    )
    page = desk.as_("billing").post(f"/office/invoices/{number}/edit", filled)
    assert page.answer.headers["Location"] == "/office/proposals"
    assert the_bill(desk.engine, number)["export_wh"] == 31 * 9_740
    shown = desk.as_("viewer").get(f"/office/invoices/{number}")
    assert "見直し" in shown.text


def test_the_register_at_the_end_settles_a_bill_that_waits_for_it(desk: Office) -> None:
    assert state(desk, SILENT_BILL) == "held"
    browser = desk.as_("billing")
    for channel, kwh in (("pv", "876.24"), ("export", "653.88")):
        filled = form(desk, SILENT_BILL, what="register", channel=channel, day="2024-02-16",
                      kwh=kwh, save="1")  # fmt: skip
        assert browser.post(f"/office/invoices/{SILENT_BILL}/edit", filled).status == 303
    assert state(desk, SILENT_BILL) == "closed"
    assert the_bill(desk.engine, SILENT_BILL)["use_wh"] == 31 * 2_780


def test_a_register_that_nothing_agrees_with_is_told_before_it_is_saved(desk: Office) -> None:
    filled = form(desk, BILL, what="register", channel="pv", day="2024-02-16", kwh="99999")
    page = desk.as_("billing").post(f"/office/invoices/{BILL}/edit", filled)
    assert "いまのままでは使われません" in page.text


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("kwh", "-1", "12.34 のように"),
        ("kwh", "八", "12.34 のように"),
        ("day", "2024-03-01", "この請求書の日から"),
        ("channel", "import", "この請求書の日から"),
        ("reason", " ", "理由を"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_lost(
    desk: Office, field: str, text: str, sentence: str
) -> None:
    good = {"what": "day", "channel": "pv", "day": "2024-02-15", "kwh": "8.00", "save": "1"}
    filled = form(desk, BILL, **good) | {field: text}
    page = desk.as_("billing").post(f"/office/invoices/{BILL}/edit", filled)
    assert page.status == 422
    assert sentence in page.text
    assert page.all("input", aria_invalid="true") or page.all("select", aria_invalid="true")


def test_full_width_figures_are_figures(desk: Office) -> None:
    filled = form(desk, BILL, what="day", channel="export", day="2024-02-15", kwh="８.００")
    page = desk.as_("billing").post(f"/office/invoices/{BILL}/edit", filled)
    assert page.status == 200


def test_a_person_releases_what_has_an_amount_and_says_why(desk: Office) -> None:
    page = desk.as_("billing").get(f"/office/invoices/{UNDATED_BILL}")
    assert "契約開始日と契約終了日が未入力です" in page.text
    filled = {"version": version(page), "reason": "契約前の家"}
    answer = desk.as_("billing").post(f"/office/invoices/{UNDATED_BILL}/release", filled)
    assert answer.status == 303
    assert state(desk, UNDATED_BILL) == "closed"
    shown = desk.as_("viewer").get(f"/office/invoices/{UNDATED_BILL}")
    assert "契約前の家" in shown.text


def test_what_has_no_amount_offers_no_release_and_refuses_one(desk: Office) -> None:
    page = desk.as_("billing").get(f"/office/invoices/{SILENT_BILL}")
    assert not page.all("form", action=f"/office/invoices/{SILENT_BILL}/release")
    filled = {"version": version(page), "reason": "急ぐ"}
    answer = desk.as_("billing").post(f"/office/invoices/{SILENT_BILL}/release", filled)
    assert answer.status == 409
    assert "金額がまだ出ていません" in answer.text


def test_an_estimate_closes_a_silent_bill_in_grade_c(desk: Office) -> None:
    page = desk.as_("billing").get(f"/office/invoices/{SILENT_BILL}")
    filled = {"version": version(page), "reason": "回線の工事中"}
    answer = desk.as_("billing").post(f"/office/invoices/{SILENT_BILL}/estimate", filled)
    assert answer.status == 303
    bill = the_bill(desk.engine, SILENT_BILL)
    assert (bill["state"], bill["quality"]) == ("closed", "C")


def test_a_bill_is_taken_back_with_a_reason_and_the_own_password(desk: Office) -> None:
    number, browser = f"2312{READ}", desk.as_("billing")
    page = browser.get(f"/office/invoices/{number}")
    assert page.links().count("#void") == 1
    filled = {"version": version(page), "reason": "二重の契約", "password": "wrong"}
    refused = browser.post(f"/office/invoices/{number}/void", filled)
    assert (refused.status, state(desk, number)) == (422, "issued")
    assert browser.post(
        f"/office/invoices/{number}/void", filled | {"password": PASSWORD, "reason": ""}
    ).status == 422  # fmt: skip
    done = browser.post(f"/office/invoices/{number}/void", filled | {"password": PASSWORD})
    assert (done.status, state(desk, number)) == (303, "void")
    shown = browser.get(f"/office/invoices/{number}")
    assert "二重の契約" in shown.text
    assert not [one for one in shown.links() if one.endswith("/edit") and "invoices" in one]
    with Session(desk.engine) as session:
        assert verify(session) == []


def test_who_comes_second_is_told_so_and_changes_nothing(desk: Office) -> None:
    browser = desk.as_("billing")
    page = browser.get(f"/office/invoices/{UNDATED_BILL}")
    filled = {"version": version(page), "reason": "契約前の家"}
    assert browser.post(f"/office/invoices/{UNDATED_BILL}/release", filled).status == 303
    for act in ("release", "estimate", "void", "edit"):
        again = browser.post(f"/office/invoices/{UNDATED_BILL}/{act}", filled)
        assert again.status == 409, act
        assert f"/office/invoices/{UNDATED_BILL}" in again.links()
    with Session(desk.engine) as session:
        kinds = session.scalars(select(InvoiceEvent.kind).where(InvoiceEvent.kind == "released"))
        assert len(kinds.all()) == 1


def test_days_stand_newest_first_with_the_columns_of_the_original(desk: Office) -> None:
    page = desk.as_("viewer").get(f"/office/invoices/{BILL}")
    (table,) = page.all("table", data_newest_first="")
    rows = [" ".join(map(words, row)) for row in table.iter() if row.tag.endswith("tr")]
    assert rows[0] == "利用日 発電量kWh 売電量kWh 利用量kWh 売電料金円 利用料金円 区分"
    assert rows[1] == "2024/02/15 12.52 9.74 2.78 155.84 75.06 実測"
    assert len(rows) == 32


def test_a_customers_bill_knows_its_way_back(desk: Office) -> None:
    browser = desk.as_("viewer")
    page = browser.get(f"/office/customers/{READ}/invoices/{BILL}")
    crumbs = page.all("nav", class_="crumbs")[0]
    assert words(crumbs) == f"顧客管理 / 請求一覧({READ}) / 請求詳細({BILL})"
    assert browser.get(f"/office/customers/{SILENT}/invoices/{BILL}").status == 404
    alone = browser.get(f"/office/invoices/{BILL}")
    assert words(alone.all("nav", class_="crumbs")[0]) == f"請求管理 / 詳細 ({BILL})"


def test_the_months_beside_a_bill_are_linked(desk: Office) -> None:
    page = desk.as_("viewer").get(f"/office/invoices/{BILL}")
    assert f"/office/invoices/2312{READ}" in page.links()
    assert date(2024, 1, 16).isoformat() == the_bill(desk.engine, BILL)["period"]["start"]
