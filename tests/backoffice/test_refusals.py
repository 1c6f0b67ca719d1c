"""A form that is refused is answered by a page that says what happened and where to go on."""

import ast
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from backoffice.refusals import refusal_words
from shared.months import day_of
from shared.settings import set_setting
from tests.backoffice.conftest import HOME, Office
from tests.pages import Page
from tests.people import NOW

ROOT = Path(__file__).parents[2]


def back(page: Page) -> str:
    """Return where the page's one button leads."""
    (button,) = [one for one in page.all("a") if one.get("class") == "btn is-primary"]
    return button.get("href", "")


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("holds/release", "/office/holds"),
        ("payments/remind", "/office/payments"),
        ("mail/resend", "/office/mail"),
        ("runs/2024-01/close", "/office/runs/2024-01"),
        ("invoices/{bill}/void", "/office/invoices/{bill}"),
        (f"customers/{HOME}/leave", f"/office/customers/{HOME}"),
        ("settings", "/office/"),
        ("messages", "/office/messages"),
    ],
)
def test_a_role_that_may_not_and_a_foreign_form_are_told_what_to_do(
    office: Office, path: str, nearest: str
) -> None:
    address, browser = f"/office/{path.format(bill=office.bill)}", office.as_("viewer")
    forbidden = browser.post(address)
    assert forbidden.status == 403
    assert "できる役割の人か、管理者に頼んでください。 何も変えていません。" in forbidden.text
    assert back(forbidden) == nearest.format(bill=office.bill)
    assert browser.get(back(forbidden)).status == 200
    foreign = office.as_("admin").post_raw(address, {"csrf_token": "foreign"})
    assert foreign.status == 400
    assert "前のページを開き直してください。 何も変えていません。" in foreign.text
    assert foreign.all("nav")


def test_a_page_that_is_not_there_keeps_the_rail(office: Office) -> None:
    for path in ("nothing", "customers/1120229999", "invoices/1"):
        page = office.as_("viewer").get(f"/office/{path}")
        assert page.status == 404
        assert page.heading() == "ページが見つかりません"
        assert back(page) == "/office/"
        assert "何も変えていません" not in page.text


def test_what_the_state_does_not_allow_is_said_with_the_way_on(office: Office) -> None:
    with Session(office.engine) as session, session.begin():
        set_setting(session, "approval", "1", valid_from=day_of(NOW), now=NOW, actor="test")
    page = office.as_("billing").post(f"/office/issue?picked={office.bill}")
    assert page.status == 409
    assert "「請求の実行」から、利用月ごとに申請してください。" in page.text
    assert back(page) == "/office/issue"


def test_every_kind_of_refusal_has_words(office: Office) -> None:
    kinds = {"stale"}
    for module in (ROOT / "shared").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refused":
                kinds |= {str(one.value) for one in node.args[1:] if isinstance(one, ast.Constant)}
    with office.app.test_request_context():
        assert kinds <= set(refusal_words())
