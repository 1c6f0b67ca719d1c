"""Settings and the audit trail on the desk."""

import pytest
from sqlalchemy.orm import Session

from backoffice.setting_words import GROUPS, setting_words
from shared.settings import KEYS, find_settings, newest_row_id
from tests.backoffice.conftest import HOME, Office
from tests.pages import Browser, Page
from tests.people import PASSWORD

PAGE = "/office/settings"


def form_of(page: Page) -> dict[str, str]:
    """Return the settings' form as the page shows it."""
    found = {
        str(one.get("name")): str(one.get("value", ""))
        for one in page.all("input")
        if one.get("name") not in (None, "csrf_token", "q", "lang", "back")
    }
    for select in page.all("select"):
        chosen = [one for one in select.iter() if one.get("selected") is not None]
        found[str(select.get("name"))] = str(chosen[0].get("value"))
    for area in page.all("textarea"):
        found[str(area.get("name"))] = "".join(area.itertext())
    return found


def saved(browser: Browser, **changes: str) -> Page:
    return browser.post(PAGE, form_of(browser.get(PAGE)) | changes)


def test_every_setting_stands_on_the_page_once_with_words(office: Office) -> None:
    assert sorted(name for _, names in GROUPS for name in names) == sorted(KEYS)
    with office.app.test_request_context("/office/"):
        assert set(setting_words()) == set(KEYS)
    form = form_of(office.as_("admin").get(PAGE))
    assert set(KEYS) <= set(form)
    assert form["closing_day"] == "15"


def test_what_was_changed_is_recorded_with_who_and_the_rest_is_left(office: Office) -> None:
    browser = office.as_("admin")
    text = "銀行振込\r\n三日銀行"
    assert saved(browser, operator_name="例電力", payment_text=text, approval="1").status == 303
    page = browser.get(PAGE)
    assert "保存しました: 事業者名、支払方法の案内、発行に2人目の承認" in page.text
    assert "admin@example.jp" in page.text
    with Session(office.engine) as session:
        held = find_settings(session)
        assert (held.operator_name, held.approval) == ("例電力", True)
        assert held.payment_text == "銀行振込\n三日銀行"
        assert newest_row_id(session) == 3


def test_a_setting_that_prices_changes_from_a_day_on(office: Office) -> None:
    browser = office.as_("admin")
    assert saved(browser, tax_rate="10", grid_price_sen="3100").status == 303
    assert saved(browser, grid_price_sen="3300", **{"from": "2024-04-01"}).status == 303
    page = browser.get(PAGE)
    assert form_of(page)["grid_price_sen"] == "3100", "today's still holds"
    assert "これから変わる設定" in page.text
    assert "2024/04/01" in page.text


def test_what_cannot_be_used_is_told_beside_its_field_and_nothing_is_saved(office: Office) -> None:
    browser = office.as_("admin")
    page = saved(browser, operator_name="例電力", tax_rate="ten", t_number="T1", **{"from": "x"})
    assert page.status == 422
    wrong = {one.get("name") for one in page.all("input", aria_invalid="true")}
    assert wrong == {"tax_rate", "t_number", "from"}
    assert page.all("input", name="operator_name")[0].get("value") == "例電力"
    assert form_of(browser.get(PAGE))["operator_name"] == ""


def test_two_people_who_set_both_see_both(office: Office) -> None:
    one, other = office.as_("admin"), office.as_("admin")
    stale = form_of(other.get(PAGE))
    assert saved(one, operator_name="一").status == 303
    page = other.post(PAGE, stale | {"operator_name": "二"})
    assert page.status == 409
    assert "今の内容 「一」" in page.text.replace("\n", "")
    assert page.all("input", name="operator_name")[0].get("value") == "二"


def test_a_t_number_that_looks_mistyped_is_kept_with_a_warning(office: Office) -> None:
    browser = office.as_("admin")
    assert saved(browser, t_number="T1234567890123").status == 303
    assert "チェック数字が合いません" in browser.get(PAGE).text


def trail(office: Office) -> Browser:
    """Return an administrator's browser after a code was shown and a customer archived."""
    browser = office.as_("admin")
    browser.post(f"/office/customers/{HOME}/code", {"password": PASSWORD})
    browser.post("/office/customers/1120220111/archive")
    return browser


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2),
        (f"subject={HOME}", 1),
        ("actor=ADMIN", 2),
        ("actor=%25", 0),
        ("action=customer_archived", 1),
        ("from=2024-02-28&to=2024-02-28", 2),
        ("from=2024-02-29", 0),
        ("to=2024-02-27", 0),
    ],
)
def test_the_trail_is_searched(office: Office, query: str, found: int) -> None:
    browser = trail(office)
    assert f"全 {found} 件" in browser.get(f"/office/audit?{query}").text
    answer = browser.get(f"/office/audit.csv?{query}").answer
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "時刻,だれが,操作,対象,内容"
    assert len(lines) == found + 1


def test_the_trail_speaks_the_readers_language(office: Office) -> None:
    browser = trail(office)
    assert "顧客を保管" in browser.get("/office/audit").text
    assert "Customer archived" in browser.get("/office/audit?lang=en").text
