"""The energy page: one control moves every block, gaps are gaps, and the CSV is what is shown."""

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.spans import span_of
from shared.energy.quantities import Quantity, Source
from shared.models.customers import Occupancy
from shared.models.invoices import PastBill
from shared.months import Month, instant
from shared.telemetry.deriving import refresh
from shared.telemetry.storing import ensure_channels, store_readings
from tests.pages import Browser, words
from tests.people import NOW
from tests.portal.conftest import Portal

TODAY = date(2024, 2, 28)


@dataclass(frozen=True, slots=True)
class Measured:
    """A portal whose first home has been read at each midnight of 2024, but for some days."""

    portal: Portal
    browser: Browser


@pytest.fixture
def measured(portal: Portal) -> Measured:
    with Session(portal.engine) as session, session.begin():
        site = session.scalars(
            select(Occupancy.site_id).where(Occupancy.customer_id == portal.my_id)
        ).one()
        quantities = (Quantity.PV, Quantity.EXPORT, Quantity.IMPORT)
        ids = ensure_channels(session, [(site, q) for q in quantities])
        rows = []
        for n in range(60):
            at = instant(date(2024, 1, 1)) + n * 86_400
            for quantity, wh in zip(quantities, (12_000, 9_000, 4_000), strict=True):
                if not (quantity is Quantity.EXPORT and 54 < n < 57):
                    at_wh = 1_000_000 + n * wh
                    rows.append((ids[site, quantity], at, int(Source.POLL), at_wh))
        store_readings(session, [row for row in rows if row[1] <= NOW], NOW)
        refresh(session)
    return Measured(portal, portal.mine())


def test_the_month_that_is_shown_first_is_the_billing_month_with_its_days(
    measured: Measured,
) -> None:
    page = measured.browser.get("/energy")
    assert "2024年2月" in page.text
    assert "2月16日〜3月15日" in page.text
    assert "カレンダーの月" in page.text


def test_an_issued_month_shows_its_bills_figures(measured: Measured) -> None:
    page = measured.browser.get("/energy?view=month&at=2024-01")
    bill = measured.portal.my_bill
    assert page.figure(bill, "use_wh") == 86_200
    assert page.figure(bill, "pv_wh") == 388_200
    gaps = [words(row.find("*")) for row in page.all("tr") if row.get("class") == "gap"]  # type: ignore[arg-type]
    assert gaps == ["1/30(火) 未受信", "1/31(水) 未受信"]


def test_the_calendar_month_is_counted_from_the_first_to_the_last(measured: Measured) -> None:
    page = measured.browser.get("/energy?view=month&at=2024-01&by=calendar")
    assert "1月1日〜1月31日" in page.text
    assert not page.all("data", data_invoice=measured.portal.my_bill)
    assert "372.00 kWh" in page.text, "31 days of 12 kWh"


def test_what_was_bought_and_consumed_is_shown_where_it_is_measured(measured: Measured) -> None:
    page = measured.browser.get("/energy?view=month&at=2024-01&by=calendar")
    assert "124.00 kWh" in page.text, "31 days of 4 kWh bought"
    assert "217.00 kWh" in page.text, "93 kWh of own use and what was bought"
    assert "放電した" not in page.text


@pytest.mark.parametrize(
    "query",
    ["", "?view=year", "?view=day", "?view=day&at=2024-01-20", "?view=month&at=2023-12",
     "?view=nothing&at=x", "?view=month&at=2024-13", "?view=year&at=99999",
     "?view=day&at=0001-01-01",
     "?view=day&at=2099-12-31", "?view=year&at=2000&by=calendar", "?view=month&at=2000-01"],
)  # fmt: skip
def test_every_way_to_ask_is_answered_with_a_page_and_a_file(
    measured: Measured, query: str
) -> None:
    assert measured.browser.get(f"/energy{query}").status == 200
    answer = measured.browser.get(f"/energy.csv{query}").answer
    assert answer.status_code == 200
    assert answer.data.decode("utf-8-sig").split(",")[0] in {"時刻", "利用日", "利用月"}


def test_the_file_holds_what_the_page_shows(measured: Measured) -> None:
    csv = measured.browser.get("/energy.csv?view=month&at=2024-01&by=calendar").answer
    lines = csv.data.decode("utf-8-sig").split("\r\n")
    assert lines[1] == "2024/01/01,12.00,9.00,3.00,4.00,,,7.00,実測"
    assert len(lines) == 33


def test_the_old_systems_bills_serve_the_comparison_with_last_year(measured: Measured) -> None:
    with Session(measured.portal.engine) as session, session.begin():
        session.add(
            PastBill(
                invoice_no="23011120220110", customer_id=measured.portal.my_id,
                month=date(2023, 1, 1), name="顧客0170", base_yen=0, pv_wh=400_000,
                export_wh=300_000, use_wh=100_000, export_yen=4800, use_yen=2700,
                total_yen=2700, imported_at=NOW,
            )
        )  # fmt: skip
    text = measured.browser.get("/energy?view=month&at=2024-01").text
    assert "去年の同じ月" in text
    assert "100.00 → 86.20" in text
    assert "−13.80 kWh" in text
    assert "100.00" in measured.browser.get("/energy?view=year&at=2023").text
    assert "23011120220110" in measured.browser.get("/bills").text
    assert measured.browser.get("/bills/23011120220110").status == 200


def test_nobody_elses_day_is_shown(measured: Measured) -> None:
    with Session(measured.portal.engine) as session, session.begin():
        stay = session.scalars(
            select(Occupancy).where(Occupancy.customer_id == measured.portal.my_id)
        ).one()
        stay.from_day = date(2024, 2, 1)
    page = measured.browser.get("/energy?view=day&at=2024-01-08")
    assert "この期間の記録はありません。" in page.text
    csv = measured.browser.get("/energy.csv?view=month&at=2024-01&by=calendar").answer
    assert "2024/01/15" not in csv.data.decode("utf-8-sig"), "only days of the own bill"


def test_steps_lead_through_time_and_end_at_today() -> None:
    span = span_of({"view": "month", "at": "2024-01"}, TODAY, 15)
    assert span.moved(-1).args() == {"view": "month", "at": "2023-12"}
    assert span.moved(1).period.start == date(2024, 2, 16)
    assert span.last_year().month == Month(2023, 1)
    assert span.of_kind("year", TODAY).args() == {"view": "year", "at": "2024"}
    assert span.of_kind("day", TODAY).at == date(2024, 2, 15)
    assert span_of({"view": "day", "at": "2024-02-29"}, TODAY, 15).last_year().at.day == 28


def test_the_page_links_to_no_day_to_come(measured: Measured) -> None:
    steps = measured.browser.get("/energy?view=day").all("a", rel="next")
    assert steps == []
    assert measured.browser.get("/energy?view=day&at=2024-02-27").all("a", rel="next") != []
