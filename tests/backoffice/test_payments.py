"""Payments on the desk: the unpaid list, a word by hand, and a file."""

import io

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.models.customers import Customer
from shared.models.mail import Outbox
from shared.models.payments import Payment
from tests.backoffice.conftest import Office
from tests.pages import Browser, Page, words

OTHER = "24011120220111"


def uploaded(browser: Browser, text: str) -> Page:
    """Send a file to be looked at."""
    form = {
        "file": (io.BytesIO(text.encode()), "payments.csv"),
        "csrf_token": browser.token("/office/payments"),
    }
    return browser.post_raw("/office/payments/import", form)


def test_the_list_shows_what_is_not_paid_and_its_sum(office: Office) -> None:
    page = office.as_("viewer").get("/office/payments")
    assert page.figure(office.bill, "total_yen") == 2327
    assert "全 2 件、合計 4,654円" in page.text
    assert office.held_bill not in page.text
    for bad in ("state=x", "month=13", "page=-1", "q=%25"):
        assert office.as_("viewer").get(f"/office/payments?{bad}").status == 200


def test_a_payment_is_noted_by_hand_and_taken_back(office: Office) -> None:
    browser = office.as_("billing")
    path = f"/office/invoices/{office.bill}"
    browser.post(f"{path}/paid", {"paid_on": "2024-02-27"})
    assert "2024年2月27日 に入金済" in browser.get(path).text
    assert office.bill not in browser.get("/office/payments").text
    assert office.bill in browser.get("/office/payments?state=paid").text
    browser.post(f"{path}/unpaid", {"reason": ""})
    assert "理由を" in browser.get(path).text
    browser.post(f"{path}/unpaid", {"reason": "別の家の入金"})
    assert "まだ入金の記録がありません。" in browser.get(path).text


@pytest.mark.parametrize("paid_on", ["", "x", "2024-02-30", "2024-03-01"])
def test_a_day_that_cannot_be_is_told(office: Office, paid_on: str) -> None:
    browser = office.as_("billing")
    browser.post(f"/office/invoices/{office.bill}/paid", {"paid_on": paid_on})
    assert "is-attention" in browser.get(f"/office/invoices/{office.bill}").text
    with Session(office.engine) as session:
        assert session.scalars(select(Payment)).all() == []


def test_a_file_is_looked_at_and_then_applied(office: Office) -> None:
    browser = office.as_("billing")
    text = f"invoice_no,paid_on,amount_yen\n{office.bill},2024-02-27,2327\n"
    page = uploaded(browser, text)
    assert "1 件の入金を記録する" in page.text
    content = page.all("input", name="content")[0].get("value", "")
    form = {"content": content, "name": "payments.csv"}
    done = browser.post("/office/payments/import/apply", form)
    assert done.answer.headers["Location"] == "/office/payments?state=paid"
    assert "新しい入金はありません。" in uploaded(browser, text).text
    wrong = uploaded(browser, text + f"{OTHER},2024-02-27,1\n")
    assert wrong.status == 422
    assert "3 行目amount_yen1 ≠ 2327請求額と違います。" in words(wrong.all("table")[0])


def test_each_fault_of_a_file_is_told_in_the_readers_language(office: Office) -> None:
    rows = (
        "9,2024-02-27,2327,", f"{office.bill},2/27,2327,", f"{office.bill},2099-01-01,2327,",
        f"{office.bill},2024-02-27,x,", f"{office.bill},2024-02-27,2327,{'i' * 101}",
        f"{office.held_bill},2024-02-27,2327,", f"{OTHER},2024-02-27,2327,a",
        f"{OTHER},2024-02-27,2327,a",
    )  # fmt: skip
    browser = office.as_("billing")
    text = "invoice_no,paid_on,amount_yen,external_id\n" + "\n".join(rows)
    page = uploaded(browser, text)
    assert page.status == 422
    told = [words(row) for row in page.all("tr")[1:]]
    for line, sentence in zip(
        told,
        (
            "この番号の請求書はありません。", "入金日を 2024-01-16 のように", "まだ来ていない日",
            "金額を、円の整数で", "100文字まで", "発行済の請求書ではありません。",
            "この請求書は、上の行にもあります。",
        ),
        strict=True,
    ):  # fmt: skip
        assert sentence in line
    assert "there is no bill" not in page.text


def test_reminders_are_queued_for_the_ticked_bills(office: Office) -> None:
    with Session(office.engine) as session, session.begin():
        session.scalars(select(Customer).where(Customer.id != office.customer_id)).one().email = ""
    browser = office.as_("billing")
    browser.post("/office/payments/remind", {"every": "1"})
    page = browser.get("/office/payments")
    assert "1 通の確認メールを送ります。" in page.text
    assert f"1 通は送りません({OTHER})" in page.text
    with Session(office.engine) as session:
        assert session.scalars(select(Outbox.kind)).all() == ["reminder"]
