"""Messages to homeowners on the desk."""

from tests.backoffice.conftest import Office

FORM = {
    "customer_no": "",
    "title": "年末年始の窓口",
    "body": "12月29日から1月3日まで休みます。\r\n急ぐときはお電話ください。",
    "title_en": "",
    "body_en": "",
    "from_day": "2024-02-28",
    "until_day": "",
}


def test_a_message_is_written_listed_and_withdrawn(office: Office) -> None:
    browser = office.as_("billing")
    assert browser.post("/office/messages", FORM).status == 303
    page = browser.get("/office/messages")
    assert "お知らせ「年末年始の窓口」を出しました。" in page.text
    assert "掲載中" in page.text
    assert browser.post("/office/messages/1/withdraw").status == 303
    assert "取り下げました" in browser.get("/office/messages").text
    assert browser.post("/office/messages/1/withdraw").status == 303
    assert "もう取り下げられています" in browser.get("/office/messages").text


def test_a_message_at_fault_is_kept_as_typed_and_not_stored(office: Office) -> None:
    browser = office.as_("billing")
    page = browser.post("/office/messages", FORM | {"title": "", "until_day": "2024-02-01"})
    assert page.status == 422
    wrong = {one.get("name") for one in page.all("input", aria_invalid="true")}
    assert wrong == {"title", "until_day"}
    assert "急ぐときはお電話ください。" in page.text
    assert "全 0 件" in browser.get("/office/messages").text


def test_a_reader_sees_messages_and_no_form(office: Office) -> None:
    page = office.as_("viewer").get("/office/messages")
    assert page.all("input", name="title") == []
