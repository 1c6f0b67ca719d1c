"""A month run on the desk: dry, closed, issued, and approved by a second person."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.invoices.running import Worker, work_on
from shared.invoices.runs import find_runs
from shared.models.invoices import Invoice
from shared.models.operations import Audit
from shared.months import day_of
from shared.queue import Call, Task
from shared.settings import set_setting
from shared.verify import verify
from tests.backoffice.conftest import Office
from tests.backoffice.months import BLANK, a_roof, an_office
from tests.data.homes import billed, issued, opener, the_bill
from tests.pages import Page, words
from tests.people import NOW

READ, UNDATED, SILENT = "1120230001", "1120230002", "1120230003"
RUN = "/office/runs/2024-01"


@pytest.fixture
def desk(engine: Engine) -> Office:
    """Give three homes whose December is issued where it may be; January waits to be run."""
    a_roof(engine, READ)
    a_roof(engine, UNDATED, contract=BLANK)
    a_roof(engine, SILENT, days=58)
    billed(engine, "2023-12", "2024-01-20 10:00")
    issued(engine, "2023-12", "2024-01-20 10:00")
    return an_office(engine)


def work(desk: Office) -> None:
    """Do what the pages asked for, as a worker does."""
    with Session(desk.engine) as session:
        (run, *_) = find_runs(session, 1)
    work_on(Worker(opener(desk.engine), desk.clock), run.id)


def press(desk: Office, verb: str, role: str = "billing", **form: str) -> Page:
    return desk.as_(role).post(f"{RUN}/{verb}", form)


def seen(page: Page) -> str:
    return page.all("input", name="seen")[0].get("value", "")


def state(desk: Office, customer_no: str) -> str:
    return str(the_bill(desk.engine, f"2401{customer_no}")["state"])


def test_before_any_run_the_page_tells_the_data_and_offers_a_trial(desk: Office) -> None:
    page = desk.as_("billing").get(RUN)
    text = words(page.tree())
    assert "2 軒は発電と売電の両方がそろっています。 1 軒はまだです。" in text
    assert "発電、売電" in text
    assert page.all("form", action=f"{RUN}/dry")
    assert not page.all("form", action=f"{RUN}/close")


def test_a_trial_shows_holds_sums_changes_and_a_sample_and_writes_no_bill(desk: Office) -> None:
    assert press(desk, "dry").status == 303
    work(desk)
    page = desk.as_("billing").get(RUN)
    text = words(page.tree())
    assert "試算。まだ何も確定していません" in text
    assert "要確認 2件" in text
    assert "契約開始日と契約終了日が未入力です" in text
    assert "86.18 kWh × 27.00円 = 2,327円" in text
    assert "次へ進むと 1 件が「締め済」になります。要確認 2 件" in text
    with Session(desk.engine) as session:
        months = session.scalars(select(Invoice.month).distinct()).all()
    assert len(months) == 1


def test_closed_then_issued_the_steps_move_on(desk: Office) -> None:
    press(desk, "close")
    work(desk)
    assert (state(desk, READ), state(desk, UNDATED)) == ("closed", "held")
    page = desk.as_("billing").get(RUN)
    assert words(page.all("li", aria_current="step")[0]).startswith("3確認")
    assert "発行を止めない注意: 検定の期限が不明 3" in words(page.tree())
    answer = press(desk, "issue", seen=seen(page))
    assert answer.status == 303
    work(desk)
    assert state(desk, READ) == "issued"
    assert "1 件を発行済" in words(desk.as_("viewer").get(RUN).tree())
    with Session(desk.engine) as session:
        assert verify(session) == []


def test_a_qualified_invoice_without_an_issuer_is_issued_and_the_page_says_so_before(
    desk: Office,
) -> None:
    with Session(desk.engine) as session, session.begin():
        number = {"valid_from": day_of(0), "now": NOW, "actor": "test"}
        set_setting(session, "t_number", "T7123456789012", **number)  # type: ignore[arg-type]
    press(desk, "close")
    work(desk)
    page = desk.as_("billing").get(RUN)
    assert "事業者名が未設定です。請求書には登録番号だけが載ります。" in words(page.tree())
    assert press(desk, "issue", seen=seen(page)).status == 303
    work(desk)
    assert state(desk, READ) == "issued"


def test_bills_that_changed_since_are_not_issued_unseen(desk: Office) -> None:
    press(desk, "close")
    work(desk)
    answer = press(desk, "issue", seen="other")
    assert answer.status == 409
    assert RUN in answer.links()
    assert state(desk, READ) == "closed"


def test_a_running_run_shows_a_bar_and_tells_how_far_it_is(desk: Office) -> None:
    press(desk, "dry")
    page = desk.as_("viewer").get(RUN)
    (bar,) = page.all("progress")
    assert (bar.get("max"), bar.get("value")) == ("1", "0")
    assert page.all("noscript")
    browser = desk.as_("viewer")
    assert browser.get("/office/runs/2.json").answer.json == {
        "done": 0, "total": 0, "is_finished": False,
    }  # fmt: skip
    work(desk)
    assert browser.get("/office/runs/2.json").answer.json == {
        "done": 3, "total": 3, "is_finished": True,
    }  # fmt: skip
    assert desk.as_("viewer").get(RUN).all("progress") == []


def test_a_page_that_asks_for_a_run_lets_it_begin_at_once(engine: Engine) -> None:
    a_roof(engine, READ)
    started: list[Call] = []

    def start(calls: Sequence[Call]) -> None:
        started.extend(calls)

    desk = an_office(engine, start)
    press(desk, "dry")
    assert started == [Call(Task.BILL_RUN, (1,))]


def test_with_approval_a_second_person_issues(desk: Office) -> None:
    approve(desk)
    page = desk.as_("billing").get(RUN)
    assert "発行を申請する" in page.text
    assert press(desk, "issue", seen=seen(page)).status == 303
    own = press(desk, "issue", seen=seen(page))
    assert own.status == 409
    assert "申請した人は承認できません" in own.text
    other = desk.as_("admin").get(RUN)
    assert "billing@example.jp さんが" in other.text
    press(desk, "issue", "admin", seen=seen(other))
    work(desk)
    assert state(desk, READ) == "issued"
    with Session(desk.engine) as session:
        acts = session.scalars(select(Audit.action).where(Audit.action.startswith("bill.issue.")))
        assert acts.all() == ["bill.issue.ask", "bill.issue.start"]


def test_a_request_falls_when_its_bills_change_and_can_be_withdrawn(desk: Office) -> None:
    approve(desk)
    page = desk.as_("billing").get(RUN)
    press(desk, "issue", seen=seen(page))
    held = desk.as_("billing").get(f"/office/invoices/2401{UNDATED}")
    version = held.all("input", name="version")[0].get("value", "")
    desk.as_("billing").post(
        f"/office/invoices/2401{UNDATED}/release", {"version": version, "reason": "契約前"}
    )
    assert press(desk, "issue", "admin", seen=seen(page)).status == 409
    renewed = desk.as_("admin").get(RUN)
    press(desk, "issue", "admin", seen=seen(renewed))
    assert state(desk, READ) == "closed", "other bills are another request"
    assert press(desk, "withdraw", "admin").status == 303
    assert press(desk, "withdraw", "admin").status == 409


def test_without_a_mail_server_the_run_and_the_first_page_say_that_mails_wait(desk: Office) -> None:
    for path in (RUN, "/office/"):
        assert (
            "メールサーバーが設定されていません(PPA_SMTP_URL)" in desk.as_("billing").get(path).text
        )
    steps = desk.as_("billing").get(RUN).text
    assert "メールサーバーが未設定" in steps


def approve(desk: Office) -> None:
    """Turn the second person's approval on, and close January."""
    with Session(desk.engine) as session, session.begin():
        set_setting(session, "approval", "1", valid_from=day_of(NOW), now=NOW, actor="test")
    press(desk, "close")
    work(desk)


def test_a_month_that_has_not_begun_is_not_run(desk: Office) -> None:
    page = desk.as_("billing").get("/office/runs/2024-03")
    answer = desk.as_("billing").post("/office/runs/2024-03/dry")
    assert (page.status, answer.status) == (200, 409)
    assert "まだ始まっていません" in answer.text


@pytest.mark.parametrize("text", ["2024-13", "x", "1999-01", "２０２４-01"])
def test_what_is_no_month_has_no_page(desk: Office, text: str) -> None:
    assert desk.as_("viewer").get(f"/office/runs/{text}").status == 404


def test_the_list_offers_the_month_that_ended_last(desk: Office) -> None:
    browser = desk.as_("viewer")
    page = browser.get("/office/runs")
    assert page.all("input", name="month")[0].get("value") == "2024-01"
    answer = browser.get("/office/runs/open?month=2024-01").answer
    assert answer.headers["Location"] == RUN
