"""Contract, notices, settings and help: what a homeowner asks beside the bills."""

from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared.customers.messages import write_message
from shared.energy.quantities import Quantity, Source
from shared.models.customers import Occupancy, Term
from shared.models.doors import WebSession
from shared.models.telemetry import MeterEvent
from shared.months import instant
from shared.settings import FROM_THE_BEGINNING, set_setting
from shared.telemetry.deriving import refresh
from shared.telemetry.storing import ensure_channels, store_readings
from tests.pages import words
from tests.people import CODES, NOW
from tests.portal.conftest import MINE, THEIRS, Portal, log_in


def told(portal: Portal, **settings: str) -> None:
    """Set what the operator tells."""
    with Session(portal.engine) as session, session.begin():
        for key, text in settings.items():
            set_setting(
                session, key, text, valid_from=FROM_THE_BEGINNING, now=NOW, actor="cli:test"
            )


def a_term(portal: Portal, kind: str, figure: int, since: date) -> None:
    """Record a price that holds from a day on."""
    with Session(portal.engine) as session, session.begin():
        session.add(
            Term(
                customer_id=portal.my_id, kind=kind, valid_from=since, figure=figure,
                recorded_at=NOW, recorded_by="cli:test",
            )
        )  # fmt: skip


def my_site(session: Session, portal: Portal) -> int:
    return session.scalars(
        select(Occupancy.site_id).where(Occupancy.customer_id == portal.my_id)
    ).one()


def test_what_was_spared_stands_with_formula_and_source(portal: Portal) -> None:
    told(
        portal, grid_price_sen="3100", grid_price_source="目安単価 2022年7月22日",
        co2_g_per_kwh="438", co2_source="2022年度の係数",
    )  # fmt: skip
    text = portal.mine().get("/").text
    for part in (
        ">345<", "86.20 kWh × 31.00円 = 2,672円", "2,327円を引きました", "目安単価 2022年7月22日",
        ">37.8<", "0.438 kg", "2022年度の係数",
    ):  # fmt: skip
        assert part in text


def test_where_no_reference_is_set_nothing_is_invented(portal: Portal) -> None:
    text = portal.mine().get("/").text
    assert "得したこと" not in text
    assert "CO2" not in text


def test_a_dearer_solar_month_is_said_as_such(portal: Portal) -> None:
    told(portal, grid_price_sen="2000")
    text = portal.mine().get("/").text
    assert "電力会社から買うほうが安かった額" in text
    assert "603" in text


def test_a_lost_code_has_somebody_to_call(portal: Portal) -> None:
    assert "お手紙の連絡先へ" in portal.browser().get("/login").text
    told(portal, operator_tel="0120-000-000", operator_hours="平日 9:00〜17:00")
    page = portal.browser().get("/login")
    assert "tel:0120000000" in page.links()
    assert "平日 9:00〜17:00" in page.text
    assert "tel:0120000000" in portal.mine().get("/").links()


def test_the_history_of_prices_has_what_was_and_what_comes(portal: Portal) -> None:
    a_term(portal, "use_price", 2800, date(2024, 4, 16))
    page = portal.mine().get("/contract")
    (table,) = page.all("table")
    rows = [words(row) for row in table.iter() if row.tag.endswith("}tr")]
    assert rows[1:] == ["2024/04/16これから028.0016.00", "2022/01/16027.0016.00"]
    assert "利用単価が変わります" in portal.mine().get("/notices").text


def test_meters_stand_with_their_certificate_and_a_buyer_sees_none_before(portal: Portal) -> None:
    with Session(portal.engine) as session, session.begin():
        channel = ensure_channels(session, [(my_site(session, portal), Quantity.PV)])
        for at, serial in ((date(2022, 1, 16), "OLD1"), (date(2023, 5, 1), "NEW1")):
            session.add(
                MeterEvent(
                    channel_id=next(iter(channel.values())), at=instant(at), serial=serial,
                    installed_wh=0, certified_until=date(2032, 5, 1), recorded_at=NOW,
                    recorded_by="cli:test",
                )
            )  # fmt: skip
    text = portal.mine().get("/contract").text
    assert "OLD1" in text
    assert "2023年5月1日" in text
    assert "2032年5月末" in text
    with Session(portal.engine) as session, session.begin():
        session.execute(
            update(Occupancy)
            .where(Occupancy.customer_id == portal.my_id)
            .values(from_day=date(2023, 6, 1))
        )
    bought = portal.mine().get("/contract").text
    assert "NEW1" in bought
    assert "OLD1" not in bought


def test_notices_tell_of_messages_estimates_corrections_and_silence(portal: Portal) -> None:
    typed = dict.fromkeys(("customer_no", "title_en", "body_en", "until_day"), "")
    with Session(portal.engine) as session, session.begin():
        write_message(
            session,
            typed | {"title": "停電のお知らせ", "body": "点検です。", "from_day": "2024-02-20"},
            NOW,
            "office:test",
        )
        ids = ensure_channels(session, [(my_site(session, portal), Quantity.PV)])
        store_readings(
            session, [(next(iter(ids.values())), NOW - 200_000, int(Source.POLL), 1_000)], NOW
        )
    page = portal.mine().get("/notices")
    assert "停電のお知らせ" in page.text
    assert "点検です。" in page.text
    assert "発電メーター" in page.text
    assert "停電のお知らせ" in portal.mine().get("/").text
    assert "発電メーターの値が1日以上届いていません" in portal.mine().get("/").text


def test_a_home_has_its_own_notices_only(portal: Portal) -> None:
    typed = dict.fromkeys(("title_en", "body_en", "until_day"), "")
    with Session(portal.engine) as session, session.begin():
        write_message(
            session,
            typed
            | {"customer_no": THEIRS, "title": "隣だけ", "body": "x", "from_day": "2024-02-20"},
            NOW,
            "office:test",
        )
    assert "隣だけ" not in portal.mine().get("/notices").text


@pytest.mark.parametrize("size", ["large", "larger", "normal"])
def test_a_size_of_text_is_remembered_also_past_the_log_out(portal: Portal, size: str) -> None:
    browser = portal.mine()
    assert browser.post("/settings/text", {"size": size}).status == 303
    browser.post("/logout")
    assert browser.get("/login").tree().get("class") == f"is-{size}"


def test_a_size_that_is_none_changes_nothing(portal: Portal) -> None:
    browser = portal.mine()
    browser.post("/settings/text", {"size": "x"})
    assert browser.get("/settings").tree().get("class") == "is-normal"


def test_the_other_devices_are_listed_and_can_be_signed_out(portal: Portal) -> None:
    here, there = portal.mine(), portal.browser("203.0.113.9")
    log_in(there, CODES[MINE])
    page = here.get("/settings")
    assert "203.0.113.9" in page.text
    (close,) = [
        str(form.get("action"))
        for form in page.all("form")
        if str(form.get("action")).endswith("/close")
        and form.get("action") != "/settings/sessions/close"
    ]
    assert here.post(close).status == 303
    assert there.get("/").status == 303
    assert here.get("/").status == 200


def test_nobody_signs_out_somebody_else(portal: Portal) -> None:
    theirs = portal.browser()
    log_in(theirs, CODES[THEIRS])
    with Session(portal.engine) as session:
        (row,) = session.scalars(
            select(WebSession.id).where(WebSession.customer_id != portal.my_id)
        )
    portal.mine().post(f"/settings/sessions/{row}/close")
    assert theirs.get("/").status == 200


def test_all_devices_are_signed_out_at_once(portal: Portal) -> None:
    here, there = portal.mine(), portal.mine()
    answer = here.post("/settings/sessions/close").answer
    assert answer.headers["Location"] == "/login"
    assert "storage" in answer.headers["Clear-Site-Data"]
    assert (here.get("/").status, there.get("/").status) == (303, 303)


def test_the_help_explains_the_monitor_with_the_homes_own_numbers(portal: Portal) -> None:
    with Session(portal.engine) as session, session.begin():
        site = my_site(session, portal)
        ids = ensure_channels(session, [(site, Quantity.PV), (site, Quantity.EXPORT)])
        rows = [
            (ids[site, quantity], instant(date(2024, 1, 1)) + n * 86_400, int(Source.POLL), n * wh)
            for quantity, wh in ((Quantity.PV, 12_000), (Quantity.EXPORT, 9_000))
            for n in range(1, 40)
        ]
        store_readings(session, rows, NOW)
        refresh(session)
    page = portal.mine().get("/help")
    assert "このお宅の 2024年1月分では" in page.text
    assert page.figure(portal.my_bill, "pv_wh") == 388_200
    assert "カレンダー" in page.text
    assert "このお宅の" not in portal.browser().get("/help").text
