"""The first page: what waits for a person, in order of urgency, and what the months came to."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.models.customers import Occupancy
from shared.models.gateways import Gateway, Poll
from shared.models.invoices import Hold, Invoice, PastBill
from shared.models.telemetry import Channel, MeterEvent
from shared.months import Month, day_of
from tests.backoffice.conftest import Office
from tests.backoffice.months import BLANK, a_roof, an_office, december_issued
from tests.data.homes import billed, terms
from tests.pages import Page, words
from tests.people import NOW

HOME, UNDATED = "1120230001", "1120230002"


@pytest.fixture
def desk(engine: Engine) -> Office:
    """Give a home with a late price and one without contract dates."""
    customer = a_roof(engine, HOME)
    a_roof(engine, UNDATED, contract=BLANK)
    december_issued(engine)
    with Session(engine) as session, session.begin():
        terms(session, customer, date(2023, 12, 16), use_price=2800)
    billed(engine, "2024-01", "2024-02-20 10:00")
    return an_office(engine)


def tasks(page: Page) -> list[str]:
    (todo,) = page.all("ul", class_="todo")
    return [words(one) for one in todo]


def test_work_stands_in_order_of_urgency_with_one_action_each(desk: Office) -> None:
    page = desk.as_("viewer").get("/office/")
    held, proposals = tasks(page)
    assert held.startswith("3件請求書に要確認契約期間なし 2、前月に差額の候補 1")
    assert proposals.startswith("1件発行後に届いた値との差")
    assert {"/office/holds", "/office/proposals"} <= set(page.links())


def test_a_bill_waits_when_its_period_is_over_and_not_while_it_runs(desk: Office) -> None:
    billed(desk.engine, "2024-02", "2024-02-20 10:00")
    assert not [one for one in tasks(desk.as_("viewer").get("/office/")) if "待っている" in one]
    with Session(desk.engine) as session, session.begin():
        running = session.scalars(select(Invoice.id).where(Invoice.state == "open")).all()
        session.add(Hold(invoice_id=running[0], reason="waiting"))
    (waiting,) = [one for one in tasks(desk.as_("viewer").get("/office/")) if "待っている" in one]
    assert waiting.startswith("1件")


def keep_device(session: Session, site: int, last_ok_at: int | None, outcome: str | None) -> None:
    """Keep a gateway of a site and how its poll half an hour ago ended; None: never polled."""
    gateway = Gateway(site_id=site, driver="modbus", address="192.0.2.1:502", last_ok_at=last_ok_at)
    session.add(gateway)
    session.flush()
    if outcome is not None:
        at = NOW - 1800
        session.add(
            Poll(gateway_id=gateway.id, slot=at, tries=1, tried_at=at, settled=1, outcome=outcome)
        )


def test_the_homes_whose_devices_need_a_person_are_those_of_the_board(desk: Office) -> None:
    with Session(desk.engine) as session, session.begin():
        keep_device(session, 1, NOW - 3 * 86_400, "unreachable")
        keep_device(session, 2, NOW - 1800, "auth_failed")
    page = desk.as_("viewer").get("/office/")
    (told,) = [one for one in tasks(page) if "機器の確認" in one]
    assert told.startswith("2軒機器の確認が要る通信断 1、認証失敗 1。")
    assert "最後に読めたのは 顧客0001 が 2月25日 08:00" in told
    board = desk.as_("viewer").get("/office/gateways")
    assert {"通信断 1", "認証失敗 1"} <= {words(one) for one in board.all("a")}


def test_a_home_that_did_not_answer_once_needs_nobody_yet(desk: Office) -> None:
    with Session(desk.engine) as session, session.begin():
        keep_device(session, 1, NOW - 90_000, "unreachable")
        keep_device(session, 2, None, None)
    assert not [one for one in tasks(desk.as_("viewer").get("/office/")) if "機器の" in one]


def test_nobody_asks_after_the_gateway_of_a_home_that_was_left(desk: Office) -> None:
    with Session(desk.engine) as session, session.begin():
        keep_device(session, 1, None, "unreachable")
        session.get_one(Occupancy, 1).to_day = day_of(NOW) - timedelta(days=1)
    assert not [one for one in tasks(desk.as_("viewer").get("/office/")) if "機器の" in one]


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (date(2024, 1, 1), "期限切れ 1。最初は 2024年1月"),
        (date(2024, 2, 1), "1か月以内 1。"),
        (date(2024, 5, 1), "3か月以内 1。"),
        (date(2024, 8, 1), "6か月以内 1。"),
        (date(2025, 2, 1), "12か月以内 1。"),
        (date(2025, 3, 1), None),
    ],
)
def test_a_certificate_is_told_12_6_3_and_1_months_before_its_end(
    desk: Office, until: date, told: str | None
) -> None:
    with Session(desk.engine) as session, session.begin():
        channel = session.get_one(Channel, 1)
        for at, last in ((1, date(2020, 1, 1)), (2, until)):
            session.add(
                MeterEvent(channel_id=channel.id, at=at, serial="A", installed_wh=0,
                           certified_until=last, recorded_at=NOW, recorded_by="test")
            )  # fmt: skip
    found = [one for one in tasks(desk.as_("viewer").get("/office/")) if "検定" in one]
    assert [told in one for one in found if told] == ([True] if told else [])
    assert len(found) == (1 if told else 0)


def test_a_contract_that_ends_within_half_a_year_is_told(desk: Office) -> None:
    with Session(desk.engine) as session, session.begin():
        terms(session, 1, date(2024, 1, 1), contract=(date(2014, 4, 1), date(2024, 3, 31)))
    assert [one for one in tasks(desk.as_("viewer").get("/office/")) if "満了" in one]


def test_the_newest_month_stands_beside_last_month_and_last_year(desk: Office) -> None:
    with Session(desk.engine) as session, session.begin():
        for n, month in enumerate((Month(2023, 1), Month(2023, 12))):
            session.add(
                PastBill(
                    invoice_no=f"P{n}", customer_id=1, month=month.first(), name="顧客0001",
                    base_yen=0, pv_wh=400_000, export_wh=300_000, use_wh=100_000,
                    export_yen=4800, use_yen=2700, total_yen=2700, imported_at=NOW,
                )
            )  # fmt: skip
    page = desk.as_("viewer").get("/office/")
    (figures,) = page.all("dl", class_="figs")
    text = words(figures)
    assert "発電量776.24kWh前月 776.24前年 400.00" in text
    assert "請求額2,413円前月 2,327前年 2,700" in text, "December's past bill has one of ours"


def test_without_any_work_the_page_says_so(engine: Engine) -> None:
    page = an_office(engine).as_("viewer").get("/office/")
    assert tasks(page) == ["0件手を入れるものはありません"]


def test_a_month_that_only_runs_leaves_nothing_to_do(engine: Engine) -> None:
    a_roof(engine, HOME, days=40)
    billed(engine, "2023-12", "2023-12-20 10:00")
    (told,) = tasks(an_office(engine).as_("viewer").get("/office/"))
    assert told == "0件手を入れるものはありません"


def test_a_fortnight_tells_each_days_homes_and_the_missing_ones_of_a_day(engine: Engine) -> None:
    a_roof(engine, HOME, days=58)
    a_roof(engine, UNDATED)
    billed(engine, "2024-01", "2024-02-20 10:00")
    browser = an_office(engine).as_("viewer")
    page = browser.get("/office/?day=2024-02-12")
    bars = [words(one) for one in page.all("li") if "/ 2 軒" in words(one)]
    assert [one.partition("月")[2] for one in bars[-2:]] == ["11日 2 / 2 軒", "12日 1 / 2 軒"]
    assert "未受信: 顧客0001" in words(page.all("section", id="coverage")[0])
    assert "/office/?day=2024-01-29#coverage" in page.links(), "the days before"
    for odd in ("0001-01-01", "9999-12-31", "x"):
        assert browser.get(f"/office/?day={odd}").status == 200
