"""The fleet board, a device's page and the meter book, as the desk and an installer see them."""

from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.fleet.requests import Kind, ask, claim, end
from shared.models.customers import Occupancy
from shared.models.fleet import GatewayRequest
from shared.models.gateways import Feed, Gateway, Poll
from shared.models.telemetry import Channel, MeterEvent, Reading
from tests.backoffice.conftest import Office
from tests.pages import Page, words
from tests.people import NOW

HOME = "1120220110"


@pytest.fixture
def device(office: Office, engine: Engine) -> int:
    """Give a home a gateway that has been silent for four polls; returns its id."""
    with Session(engine) as session, session.begin():
        lived_in = select(Occupancy.site_id).where(Occupancy.customer_id == office.customer_id)
        site = session.scalars(lived_in).one()
        gateway = Gateway(
            site_id=site, driver="modbus", address="10.0.0.5:502", profile="dzg", failures=4,
            last_ok_at=NOW - 2 * 86_400,
        )  # fmt: skip
        session.add(gateway)
        session.flush()
        for quantity in ("pv", "export"):
            channel = Channel(site_id=site, quantity=quantity)
            session.add(channel)
            session.flush()
            session.add(Feed(channel_id=channel.id, gateway_id=gateway.id))
            session.add(
                Reading(channel_id=channel.id, at=NOW - 2 * 86_400, source=2, wh=5, received_at=NOW)
            )
        session.add(
            Poll(
                gateway_id=gateway.id, slot=NOW - 600, tries=1, tried_at=NOW - 600, settled=1,
                outcome="unreachable", error="no connection",
            )
        )  # fmt: skip
        return gateway.id


def rows(page: Page) -> list[str]:
    return [words(row) for row in page.all("tr")][1:]


def test_a_silent_home_stands_first_with_when_it_was_heard(office: Office, device: int) -> None:
    page = office.as_("viewer").get("/office/gateways")
    row, other = rows(page)
    assert "機器なし" in other
    assert "顧客0170" in row
    assert "通信断" in row
    assert "10.0.0.5" not in page.text
    assert rows(office.as_("viewer").get("/office/gateways?only=good")) == []


def test_an_address_is_for_administrators(office: Office, device: int) -> None:
    path = f"/office/gateways/{device}"
    assert "10.0.0.5" not in office.as_("billing").get(path).text
    assert "10.0.0.5" in office.as_("admin").get(path).text
    assert rows(office.as_("billing").get("/office/gateways?q=10.0.0.5")) == []
    assert len(rows(office.as_("admin").get("/office/gateways?q=10.0.0.5"))) == 1


def test_a_device_is_asked_once_a_minute_and_the_result_is_told(
    office: Office, engine: Engine, device: int
) -> None:
    path, clerk = f"/office/gateways/{device}", office.as_("billing")
    assert clerk.post(f"{path}/ask", {"kind": "read"}).status == 303
    waiting = clerk.get(path)
    assert waiting.all("progress")
    assert 'http-equiv="refresh"' in waiting.text
    too_soon = clerk.post(f"{path}/ask", {"kind": "poll"})
    assert too_soon.status == 429
    with Session(engine) as session, session.begin():
        number = session.scalars(select(GatewayRequest.id)).one()
        claim(session, number, NOW)
        row = {"channel": "pv", "wh": 5_000, "outcome": "ok", "error": None, "hint": "direction"}
        end(session, number, NOW, {"rows": [row], "found": []})
    told = clerk.get(path)
    assert "計器の向き" in told.text
    assert 'http-equiv="refresh"' not in told.text


def test_days_that_cannot_be_fetched_are_named(office: Office, device: int) -> None:
    path, clerk = f"/office/gateways/{device}/ask", office.as_("billing")
    for days, field in (
        ({"from": "x", "to": "2024-01-17"}, "from"),
        ({"from": "2024-01-17", "to": "2024-01-16"}, "to"),
        ({"from": "2024-01-17", "to": "2099-01-16"}, "to"),
        ({"from": "2023-01-17", "to": "2024-01-17"}, "to"),
    ):
        page = clerk.post(path, {"kind": "backfill", **days})
        assert page.status == 422
        (faulty,) = [one for one in page.all("input") if one.get("aria-invalid")]
        assert (faulty.get("name"), faulty.get("value")) == (field, days[field])
    assert clerk.post(path, {"kind": "sing"}).status == 422


def test_a_device_is_signed_for_when_every_check_is_done(
    office: Office, engine: Engine, device: int
) -> None:
    path, clerk = f"/office/gateways/{device}", office.as_("billing")
    assert clerk.post(f"{path}/commission").status == 422
    meter = {"at": "2024-01-16T10:00", "serial": "S1", "installed_kwh": "0", "reference": "P-1"}
    for quantity in ("pv", "export"):
        assert clerk.post(f"/office/meters/{HOME}/{quantity}", meter).status == 303
    with Session(engine) as session, session.begin():
        number = ask(session, device, Kind.READ, ("test", NOW - 3600))
        row = {"wh": 5, "outcome": "ok", "error": None, "hint": ""}
        told = [{"channel": name, **row} for name in ("pv", "export")]
        end(session, number, NOW, {"rows": told, "found": []})
    assert clerk.post(f"{path}/commission").status == 303
    assert "設置を確認済" in clerk.get(path).text
    with Session(engine) as session:
        assert session.get_one(Gateway, device).commissioned_at is not None


def test_a_swap_is_recorded_with_its_photo_and_stands_in_the_book(
    office: Office, engine: Engine, device: int
) -> None:
    clerk, path = office.as_("billing"), f"/office/meters/{HOME}/pv"
    swap = {
        "at": "2024-01-17T10:30", "serial": "B2", "installed_kwh": "0.2", "removed_kwh": "123.4",
        "digits": "6", "certified_until": "2024-03", "reference": "写真 12",
    }  # fmt: skip
    assert clerk.post(path, swap).status == 303
    with Session(engine) as session:
        event = session.scalars(select(MeterEvent)).one()
        told = (event.serial, event.installed_wh, event.removed_wh, event.digits, event.reference)
    assert told == ("B2", 200, 123_400, 6, "写真 12")
    assert event.certified_until == date(2024, 3, 1)
    book = rows(clerk.get("/office/meters?q=B2"))
    assert len(book) == 1
    assert "2024/03" in book[0]
    sheet = clerk.get("/office/meters.csv?q=B2").answer.get_data(as_text=True)
    assert sheet.splitlines()[1].startswith("1120220110,顧客0170,発電,B2,2024/01/17,2024/03")


def test_a_meter_that_cannot_be_names_each_field(office: Office, device: int) -> None:
    clerk, path = office.as_("billing"), f"/office/meters/{HOME}/pv"
    wrong = {
        "at": "2099-01-01T00:00", "serial": "", "installed_kwh": "x", "removed_kwh": "-1",
        "digits": "99", "certified_until": "soon", "reference": "r" * 101,
    }  # fmt: skip
    page = clerk.post(path, wrong)
    assert page.status == 422
    faulty = {one.get("name") for one in page.all("input") if one.get("aria-invalid")}
    assert faulty == set(wrong)
    long = {"at": "2024-01-17T10:30", "serial": "B2", "installed_kwh": "1000", "digits": "3"}
    page = clerk.post(path, dict.fromkeys(wrong, "") | long)
    faulty = {one.get("name") for one in page.all("input") if one.get("aria-invalid")}
    assert (page.status, faulty) == (422, {"installed_kwh"})
    assert clerk.get("/office/meters/1120220110/moon").status == 404


def test_what_aiseg_reads_is_stated_with_a_reason(
    office: Office, engine: Engine, device: int
) -> None:
    with Session(engine) as session, session.begin():
        for channel in session.scalars(select(Channel)):
            channel.metrology = "ct"
    clerk, path = office.as_("billing"), f"/office/meters/{HOME}/export/state"
    assert clerk.post(path, {"metrology": "certified", "reason": ""}).status == 422
    assert clerk.post(path, {"metrology": "gold", "reason": "x"}).status == 422
    assert clerk.post(path, {"metrology": "certified", "reason": "B ルートを確認"}).status == 303
    with Session(engine) as session:
        stated = {c.quantity: c.metrology for c in session.scalars(select(Channel))}
    assert stated == {"pv": "ct", "export": "certified"}
