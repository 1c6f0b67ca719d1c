"""Erasing a person on the desk: who may, what is said before, and what is left to see."""

from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared.customers.notes import add_note
from shared.models.customers import Customer
from shared.models.invoices import Hold, Invoice, InvoiceDay, InvoiceRegister
from tests.backoffice.conftest import HOME, Office
from tests.backoffice.test_customers import HEAD, upload
from tests.people import NOW, PASSWORD

PLACE = f"/office/customers/{HOME}"
PATH, HISTORY = f"{PLACE}/erase", f"{PLACE}/history"


def leave_and_settle(office: Office) -> None:
    """Let the customer have left, with no bill that is not issued, and with a note."""
    with Session(office.engine) as session, session.begin():
        held = select(Invoice.id).where(Invoice.invoice_no == office.held_bill).scalar_subquery()
        for part in (Hold, InvoiceDay, InvoiceRegister):
            session.execute(delete(part).where(part.invoice_id == held))
        session.execute(delete(Invoice).where(Invoice.id == held))
        session.get_one(Customer, office.customer_id).left_on = date(2024, 2, 15)
        add_note(session, HOME, ("2024-02-01", "電話"), NOW, "clerk")


def test_a_person_is_erased_once_it_is_said_what_goes(office: Office) -> None:
    browser = office.as_("admin")
    assert PATH in browser.get(HISTORY).links()
    assert PATH not in office.as_("billing").get(HISTORY).links()
    page = browser.get(PATH)
    assert "契約が終わっていません。" in page.text
    assert page.all("input", id="f-reason") == []
    leave_and_settle(office)
    page = browser.get(PATH)
    assert "メモ(1 件)" in page.text
    assert "2034/02/20" in page.text
    for filled, error in (
        ({"reason": "本人の求め", "password": "wrong"}, "パスワードが違います。"),
        ({"reason": "", "password": PASSWORD}, "200文字までの1行で"),
        ({"reason": "顧客0170さまの求め", "password": PASSWORD}, "書かないでください。"),
    ):
        refused = browser.post(PATH, filled)
        assert (refused.status, error in refused.text) == (422, True)
    browser.post(PATH, {"reason": "本人の求め", "password": PASSWORD})
    page = browser.get(PLACE)
    assert "記録を消去済み 2024/02/28" in page.text
    assert f"{HOME}@example.jp" not in page.text
    assert f"{PLACE}/edit" not in page.links()
    assert "顧客の記録を消去" in browser.get(HISTORY).text


def test_an_erased_person_is_not_written_to_again(office: Office) -> None:
    browser = office.as_("admin")
    leave_and_settle(office)
    word = {"reason": "本人の求め", "password": PASSWORD}
    browser.post(PATH, word)
    again = browser.post(PATH, word)
    assert (again.status, "2024-02-28 に消去しました。" in again.text) == (409, True)
    for path, filled in (
        ("notes", {"note_day": "2024-02-28", "note_body": "電話"}),
        ("restore", {}),
        ("code", {"password": PASSWORD}),
        ("code/rotate", {"password": PASSWORD}),
    ):
        refused = browser.post(f"{PLACE}/{path}", filled)
        assert (refused.status, "消去されています" in refused.text) == (409, True), path
    sheet = f"{HEAD}\r\n{HOME},,顧客0170,,,,,,,{HOME}@example.jp\r\n"
    page = upload(browser, sheet.encode())
    assert (page.status, f"顧客 {HOME} の記録は消去されています。" in page.text) == (422, True)
