"""Ending a stay, handing a house over, deleting: each says first what will happen."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import app
from shared.models.customers import Customer, Occupancy
from tests.backoffice.conftest import HOME, Office
from tests.pages import Browser
from tests.people import CODES, a_config

OTHER = "1120220111"
PAGE = f"/office/customers/{HOME}"
NEWCOMER = {
    "last_day": "2024-03-15",
    "customer_no": "20240009",
    "name": "顧客0209",
    "kana": "コキヤク0209",
    "email": "0209@example.jp",
    "contract_from": "2024-03-16",
    "contract_to": "2032-01-15",
    "base_fee": "0",
    "export_price": "16.00",
    "use_price": "27.00",
    "version": "1",
}


def left_on(office: Office, number: str = HOME) -> date | None:
    with Session(office.engine) as session:
        return session.scalar(select(Customer.left_on).where(Customer.customer_no == number))


def test_the_page_before_an_end_says_what_will_happen_and_changes_nothing(office: Office) -> None:
    browser = office.as_("billing")
    form = {"last_day": "2024-03-15", "reason": "cancelled", "version": "1"}
    page = browser.post(f"{PAGE}/leave", form | {"step": "preview"})
    assert page.status == 200
    for told in ("契約は 2024/03/15 で終わります", "2024年2月 分です", "2025/03/15 まで"):
        assert told in page.text
    assert left_on(office) is None
    assert browser.post(f"{PAGE}/leave", form).status == 303
    assert left_on(office) == date(2024, 3, 15)
    assert "2024/03/15 に契約終了の予定" in browser.get(PAGE).text


@pytest.mark.parametrize("day", ["2024-02-14", "", "2024-02-30"])
def test_an_end_that_cannot_be_is_told_beside_the_day(office: Office, day: str) -> None:
    browser = office.as_("billing")
    form = {"last_day": day, "reason": "cancelled", "version": "1"}
    page = browser.post(f"{PAGE}/leave", form)
    assert page.status == 422
    assert page.all("input", name="last_day")[0].get("aria-invalid") == "true"
    assert left_on(office) is None


@pytest.mark.parametrize("path", ["leave", "move"])
def test_a_stale_page_changes_nothing(office: Office, path: str) -> None:
    page = office.as_("billing").post(f"{PAGE}/{path}", NEWCOMER | {"version": "0"})
    assert page.status == 409
    assert "ほかの人が先に変更しました" in page.text
    assert left_on(office) is None


def test_an_end_is_taken_back(office: Office) -> None:
    browser = office.as_("billing")
    browser.post(f"{PAGE}/leave", {"last_day": "2024-03-15", "reason": "", "version": "1"})
    assert browser.post(f"{PAGE}/stay").status == 303
    assert left_on(office) is None
    assert browser.post(f"{PAGE}/stay").status == 303
    assert "契約は終わっていません" in browser.get(PAGE).text


def test_a_house_is_handed_over_after_a_page_that_says_so(office: Office) -> None:
    browser = office.as_("billing")
    page = browser.post(f"{PAGE}/move", NEWCOMER | {"step": "preview"})
    assert page.status == 200
    for told in ("顧客0209 を顧客番号 1120240009 で登録", "2024/03/16 からの電気だけ"):
        assert told in page.text
    assert browser.get("/office/customers/1120240009").status == 404, "nothing was done yet"
    answer = browser.post(f"{PAGE}/move", NEWCOMER).answer
    assert answer.headers["Location"] == "/office/customers/1120240009"
    page = browser.get("/office/customers/1120240009")
    assert "家を 1120240009 に引き継ぎました" in page.text
    with Session(office.engine) as session:
        sites = session.scalars(
            select(Occupancy.site_id)
            .join(Customer, Customer.id == Occupancy.customer_id)
            .where(Customer.customer_no.in_([HOME, "1120240009"]))
        ).all()
    assert len(set(sites)) == 1


def test_a_newcomer_at_fault_is_told_by_field_and_nothing_is_lost(office: Office) -> None:
    form = NEWCOMER | {"customer_no": "1", "use_price": "x"}
    page = office.as_("billing").post(f"{PAGE}/move", form)
    assert page.status == 422
    wrong = {one.get("name") for one in page.all("input", aria_invalid="true")}
    assert wrong == {"customer_no", "use_price"}
    assert page.all("input", name="kana")[0].get("value") == "コキヤク0209"
    page = office.as_("billing").post(f"{PAGE}/move", NEWCOMER | {"customer_no": OTHER[2:]})
    assert page.all("input", name="customer_no")[0].get("aria-invalid") == "true"


def test_who_is_shut_out_is_out_at_once_and_can_come_back(office: Office) -> None:
    portal = app.create_app(a_config(), "portal", engine=office.engine, clock=office.clock)
    home, browser = Browser(portal), office.as_("admin")
    assert home.post("/login", {"code": CODES[HOME]}).status == 303
    assert browser.post(f"{PAGE}/disable").status == 303
    assert home.get("/").status == 303
    assert home.post("/login", {"code": CODES[HOME]}).status == 422
    assert browser.post(f"{PAGE}/disable").status == 409
    assert browser.post(f"{PAGE}/restore").status == 303
    assert home.post("/login", {"code": CODES[HOME]}).status == 303


def test_a_customer_with_a_bill_is_archived_and_never_deleted(office: Office) -> None:
    browser = office.as_("admin")
    page = browser.get(f"{PAGE}/delete")
    assert "この顧客は消せません" in page.text
    assert "まだ発行していない請求書が 1 件" in page.text
    refused = browser.post(f"{PAGE}/delete")
    assert refused.status == 409
    assert "保管してください" in refused.text
    assert browser.get(PAGE).status == 200


def test_a_customer_registered_by_mistake_is_deleted(office: Office) -> None:
    browser = office.as_("admin")
    form = {"customer_no": "20240010", "name": "顧客0210"}
    assert browser.post("/office/customers/new", form).status == 303
    assert browser.post("/office/customers/1120240010/delete").status == 303
    assert "顧客 1120240010 を消しました。" in browser.get("/office/customers").text
    assert browser.get("/office/customers/1120240010").status == 404
