"""Customers on the desk: found, registered, changed, imported; codes shown to few."""

import io
import zipfile
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import app
from shared.models.customers import Customer
from shared.models.operations import Audit
from tests.backoffice.conftest import HOME, Office
from tests.pages import NS, Browser, Page, words
from tests.people import CODES, PASSWORD, a_config

FORM = {
    "customer_no": "20240001",
    "serial": "23370001",
    "name": "顧客0201",
    "kana": "コキャク0201",
    "contract_from": "2024-01-16",
    "contract_to": "2034-01-15",
    "base_fee": "980",
    "export_price": "16.00",
    "use_price": "27.00",
    "email": "0201@example.jp",
}
HEAD = (
    "顧客番号,製造番号,氏名,氏名(カナ),契約開始日,契約終了日,基本料金(円),売電単価(円),"
    "利用単価(円),メールアドレス"
)


def test_the_list_tells_how_many_there_are(office: Office) -> None:
    page = office.as_("viewer").get("/office/customers")
    assert "全 2 件" in page.text
    assert "/office/customers/1120220110" in page.links()


@pytest.mark.parametrize("q", ["0110", "顧客0170", "1120220110@EXAMPLE", "こきゃく"])
def test_a_word_finds_number_name_kana_and_mail(office: Office, q: str) -> None:
    page = office.as_("viewer").get(f"/office/customers?q={q}")
    assert "/office/customers/1120220110" in page.links()


@pytest.mark.parametrize("q", ["%", "_", "'", "x' OR 1=1 --", "\\"])
def test_signs_of_a_pattern_are_themselves(office: Office, q: str) -> None:
    page = office.as_("viewer").get(f"/office/customers?{urlencode({'q': q})}")
    assert "全 0 件" in page.text


def test_a_new_customer_is_registered(office: Office) -> None:
    browser = office.as_("billing")
    answer = browser.post("/office/customers/new", FORM).answer
    assert answer.headers["Location"] == "/office/customers/1120240001"
    page = browser.get("/office/customers/1120240001")
    for told in ("顧客0201", "27.00", "2024/01/16 〜 2034/01/15", "0201@example.jp"):
        assert told in page.text


def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_lost(office: Office) -> None:
    page = office.as_("billing").post(
        "/office/customers/new",
        FORM | {"customer_no": "1", "use_price": "２７", "name": "", "email": "no mail"},
    )
    assert page.status == 422
    wrong = {one.get("name") for one in page.all("input", aria_invalid="true")}
    assert wrong == {"customer_no", "use_price", "name", "email"}
    assert page.all("input", name="use_price")[0].get("value") == "２７"
    (summary,) = page.all("div", role="alert")
    assert "#f-use_price" in page.links()
    assert "4" in words(summary)


def test_a_number_is_given_once(office: Office) -> None:
    page = office.as_("billing").post("/office/customers/new", FORM | {"customer_no": "20220110"})
    assert page.status == 422
    assert page.all("input", name="customer_no")[0].get("aria-invalid") == "true"


def test_a_price_changes_from_a_day_on(office: Office) -> None:
    browser = office.as_("billing")
    form = _filled(browser, f"/office/customers/{HOME}/edit")
    changed = form | {"use_price": "28.50", "terms_from": "2024-04-16"}
    assert browser.post(f"/office/customers/{HOME}/edit", changed).status == 303
    text = browser.get(f"/office/customers/{HOME}").text
    assert "28.50" in text
    assert "2024/04/16" in text


def test_two_people_editing_both_see_both_versions(office: Office) -> None:
    one, other = office.as_("billing"), office.as_("admin")
    path = f"/office/customers/{HOME}/edit"
    first, second = _filled(one, path), _filled(other, path)
    assert one.post(path, first | {"email": "first@example.jp"}).status == 303
    page = other.post(path, second | {"email": "second@example.jp"})
    assert page.status == 409
    assert "first@example.jp" in page.text
    assert page.all("input", name="email")[0].get("value") == "second@example.jp"


def test_a_code_is_shown_to_who_gives_the_password_again_and_audited(office: Office) -> None:
    browser = office.as_("billing")
    path = f"/office/customers/{HOME}"
    assert _spelled(CODES[HOME]) not in browser.get(path).text
    refused = browser.post(f"{path}/code", {"password": "wrong"})
    assert refused.status == 422
    assert _spelled(CODES[HOME]) not in refused.text
    shown = browser.post(f"{path}/code", {"password": PASSWORD})
    assert _spelled(CODES[HOME]) in shown.text
    assert shown.answer.headers["Cache-Control"] == "no-store"
    assert _audited(office, "code_revealed") == [("billing@example.jp", HOME)]


def test_a_new_code_ends_the_homes_sessions_and_the_old_code(office: Office) -> None:
    portal = app.create_app(a_config(), "portal", engine=office.engine, clock=office.clock)
    home = Browser(portal)
    assert home.post("/login", {"code": CODES[HOME]}).status == 303
    path = f"/office/customers/{HOME}/code/rotate"
    page = office.as_("billing").post(path, {"password": PASSWORD})
    (letters,) = [one for one in page.all("p") if one.get("data-text") is not None]
    assert home.get("/").status == 303
    assert Browser(portal).post("/login", {"code": CODES[HOME]}).status == 422
    assert Browser(portal).post("/login", {"code": words(letters)}).status == 303
    assert _audited(office, "code_rotated") == [("billing@example.jp", HOME)]


def test_everybody_gets_a_new_code_where_the_codes_have_leaked(office: Office) -> None:
    portal = app.create_app(a_config(), "portal", engine=office.engine, clock=office.clock)
    home, browser = Browser(portal), office.as_("admin")
    assert home.post("/login", {"code": CODES[HOME]}).status == 303
    assert browser.post("/office/codes/rotate", {"password": "wrong"}).status == 422
    assert home.get("/").status == 200
    assert browser.post("/office/codes/rotate", {"password": PASSWORD}).status == 303
    assert "2 件の認証コードを新しくしました。" in browser.get("/office/customers").text
    assert home.get("/").status == 303
    for code in CODES.values():
        assert Browser(portal).post("/login", {"code": code}).status == 422
    shown = browser.post(f"/office/customers/{HOME}/code", {"password": PASSWORD})
    (letters,) = [one for one in shown.all("p") if one.get("data-text") is not None]
    assert Browser(portal).post("/login", {"code": words(letters)}).status == 303
    assert _audited(office, "codes_rotated") == [("admin@example.jp", "")]


def test_an_archived_customer_is_marked(office: Office) -> None:
    browser = office.as_("admin")
    assert browser.post(f"/office/customers/{HOME}/archive").status == 303
    assert "保管" in browser.get(f"/office/customers/{HOME}").text


def test_no_list_or_file_holds_a_code(office: Office) -> None:
    browser = office.as_("admin")
    for path in ("/office/customers", "/office/customers.csv", "/office/invoices.csv"):
        text = browser.get(path).text
        assert CODES[HOME] not in text
        assert _spelled(CODES[HOME]) not in text


def test_a_file_is_looked_at_and_then_applied(office: Office) -> None:
    browser = office.as_("billing")
    rows = f"{HEAD}\r\n1120240002,,顧客0202,,2024-01-16,,0,16.00,27.00,0202@example.jp\r\n"
    preview = upload(browser, rows.encode("cp932"))
    assert preview.status == 200
    assert "新しい 1、変わる 0、同じ 0" in preview.text
    assert browser.get("/office/customers/1120240002").status == 404
    hidden = {
        str(one.get("name")): str(one.get("value"))
        for one in preview.all("input", type="hidden")
        if one.get("name") in ("name", "content")
    }
    answer = browser.post("/office/customers/import/apply", hidden).answer
    assert answer.status_code == 303
    assert browser.get("/office/customers/1120240002").status == 200
    page = browser.get(answer.headers["Location"])
    assert "登録 1 件、変更 0 件" in page.text
    (link,) = [one for one in page.links() if "report.csv" in one]
    report = browser.get(link).answer.data.decode("utf-8-sig").splitlines()
    assert report == ["顧客番号,結果,変わったところ", "1120240002,顧客を登録,"]


def test_a_bad_file_tells_every_fault_and_changes_nothing(office: Office) -> None:
    browser = office.as_("billing")
    rows = f"{HEAD}\r\n1120240002,,顧客0202,,2024-13-16,,0,16.00,27.00,\r\n99,,x,,,,,,,\r\n"
    preview = upload(browser, rows.encode())
    assert preview.status == 422
    cells = [[words(cell) for cell in row.iter(NS + "td")] for row in preview.all("tr")]
    assert ["2 行目", "契約開始日", "2024-13-16", "2024-01-16 のように入れてください。"] in cells
    assert "3 行目" in {row[0] for row in cells if row}
    assert "直す行 2" in preview.text
    english = upload(browser, rows.encode(), "?lang=en")
    assert "Row 2" in english.text
    with Session(office.engine) as session:
        assert len(session.scalars(select(Customer.id)).all()) == 2


def test_the_file_of_customers_holds_what_the_word_finds(office: Office) -> None:
    answer = office.as_("viewer").get("/office/customers.csv?q=0111").answer
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0].startswith(HEAD)
    assert [line.split(",")[0] for line in lines[1:]] == ["1120220111"]


def test_one_customers_bills_are_listed(office: Office) -> None:
    browser = office.as_("viewer")
    page = browser.get(f"/office/customers/{HOME}/invoices")
    assert page.figure(office.bill, "total_yen") == 2327
    assert browser.get(f"/office/customers/{HOME}/invoices/{office.bill}").status == 200
    assert browser.get(f"/office/customers/1120220111/invoices/{office.bill}").status == 404


def upload(browser: Browser, content: bytes, query: str = "") -> Page:
    """Send a file of customers to be looked at."""
    token = browser.token("/office/")
    form = {"csrf_token": token, "file": (io.BytesIO(content), "customers.csv")}
    return browser.post_raw(f"/office/customers/import{query}", form)


def _filled(browser: Browser, path: str) -> dict[str, str]:
    """Return a form's texts as the page shows them."""
    return {
        str(one.get("name")): str(one.get("value", ""))
        for one in browser.get(path).all("input")
        if one.get("name") and one.get("name") not in ("csrf_token", "q", "lang", "back")
    }


def _audited(office: Office, action: str) -> list[tuple[str, str]]:
    with Session(office.engine) as session:
        rows = session.scalars(select(Audit).where(Audit.action == action))
        return [(row.actor, row.subject) for row in rows]


def _spelled(code: str) -> str:
    return f"<span>{code[:4]}</span>"


def test_a_change_of_terms_is_shown_before_it_is_saved(office: Office) -> None:
    browser = office.as_("billing")
    path = f"/office/customers/{HOME}/edit"
    form = _filled(browser, path) | {"use_price": "28.50", "terms_from": "2024-02-16"}
    page = browser.post(path, form | {"step": "preview"})
    assert page.heading().startswith("変更を確かめる")
    assert "<del>27.00</del> → <ins>28.50</ins>" in page.text
    assert "28.50" not in browser.get(f"/office/customers/{HOME}").text, "nothing is saved yet"
    hidden = {
        str(one.get("name")): str(one.get("value", ""))
        for one in page.all("input", type="hidden")
        if one.get("name") not in ("csrf_token", "lang", "back")
    }
    again = browser.post(path, hidden | {"step": "back"})
    assert again.all("input", name="use_price")[0].get("value") == "28.50"
    assert browser.post(path, hidden).status == 303
    page = browser.get(f"/office/customers/{HOME}")
    assert "変更を保存しました。" in page.text
    assert "28.50" in page.text


def test_a_kana_is_corrected_without_a_detour(office: Office) -> None:
    browser = office.as_("billing")
    path = f"/office/customers/{HOME}/edit"
    form = _filled(browser, path) | {"kana": "サトウ", "step": "preview"}
    assert browser.post(path, form).status == 303
    found = browser.get("/office/customers?q=さとう")
    assert f"/office/customers/{HOME}" in found.links()


def test_contact_and_equipment_are_edited_and_what_is_not_sent_stays(office: Office) -> None:
    browser = office.as_("billing")
    path = f"/office/customers/{HOME}/edit"
    more = {"postal_code": "4228067", "address": "静岡市駿河区1-1", "phone": "054-000-0000",
            "note": "施工: 例\r\n足場: 例", "panel_kw": "5.5", "battery": "逆潮流なし",
            "pcs": "PCS-55", "pcs_kw": "5.5"}  # fmt: skip
    form = _filled(browser, path)
    assert browser.post(path, form | more).status == 303
    few = {key: text for key, text in _filled(browser, path).items() if key not in more}
    assert browser.post(path, few | {"kana": "サトウ"}).status == 303
    page = browser.get(f"/office/customers/{HOME}")
    for told in ("422-8067", "静岡市駿河区1-1", "054-000-0000", "足場: 例", "サトウ"):
        assert told in page.text
    equipment = browser.get(f"/office/customers/{HOME}/equipment").text
    assert "PCS-55" in equipment
    assert "蓄電池あり(逆潮流なし)" in equipment


def test_a_note_is_kept_with_its_day_and_its_writer(office: Office) -> None:
    browser = office.as_("billing")
    path = f"/office/customers/{HOME}/notes"
    assert browser.post(path, {"note_day": "2024-02-20", "note_body": "電話あり"}).status == 303
    page = browser.get(f"/office/customers/{HOME}")
    for told in ("2024/02/20", "電話あり", "billing@example.jp"):
        assert told in page.text
    page = browser.post(path, {"note_day": "2024-02-31", "note_body": ""})
    assert page.status == 422
    assert page.all("input", name="note_day")[0].get("value") == "2024-02-31"


def test_the_history_says_who_changed_what_from_what_to_what(office: Office) -> None:
    browser = office.as_("billing")
    path = f"/office/customers/{HOME}/edit"
    browser.post(path, _filled(browser, path) | {"kana": "サトウ"})
    page = browser.get(f"/office/customers/{HOME}/history")
    assert "<del>コキャク</del> → <ins>サトウ</ins>" in page.text
    assert "billing@example.jp" in page.text


def test_each_tab_of_a_customer_opens(office: Office) -> None:
    browser = office.as_("viewer")
    for tab in ("", "/invoices", "/measurements", "/equipment", "/history"):
        page = browser.get(f"/office/customers/{HOME}{tab}")
        assert page.status == 200
        assert len(page.all("a", aria_current="page")) == 1


def test_all_records_of_a_customer_are_saved_with_the_own_password(office: Office) -> None:
    browser, path = office.as_("admin"), f"/office/customers/{HOME}/disclose"
    assert path in browser.get(f"/office/customers/{HOME}/history").links()
    assert path not in office.as_("billing").get(f"/office/customers/{HOME}/history").links()
    refused = browser.post(path, {"password": "wrong"})
    assert (refused.status, "パスワードが違います。" in refused.text) == (422, True)
    saved = browser.post(path, {"password": PASSWORD}).answer
    assert saved.content_type == "application/zip"
    assert f"record-{HOME}.zip" in saved.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(saved.data)) as archive:
        assert f"請求書/請求書_{office.bill}.pdf" in archive.namelist()
    assert "顧客の記録を書き出し" in browser.get(f"/office/customers/{HOME}/history").text
