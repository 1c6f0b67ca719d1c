"""Homes that sell through AiSEG2: finished days come by themselves and bill by their sum."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.backfilling import each_day
from ingest.drivers.profiles import shipped_profile
from ingest.drivers.protocol import History, Outcome
from ingest.histories import finished_wh
from ingest.keeping import seal_secret
from ingest.looking import find_wanted
from ingest.simulator.aiseg2 import AisegManners, AisegServer
from ingest.simulator.aiseg2_pages import SELL, Household
from ingest.simulator.images import MapDevice, map_home
from ingest.simulator.server import Manners
from shared.energy.quantities import Quantity
from shared.fleet.board import find_fleet
from shared.fleet.states import State
from shared.gateways import NewGateway, StoredGateway, find_gateways, put_gateways
from shared.invoices.documents import Document
from shared.models.gateways import GatewayWord
from shared.models.telemetry import Channel, DayValue, EnergyInterval
from shared.months import instant
from shared.units import take_down
from tests.data.homes import a_home, at, billed, the_bill
from tests.ingest.aisegs import PASSWORD
from tests.ingest.fleets import Fleet, a_fleet
from tests.ingest.gateways import EXPORT, IMPORT, PV, a_house
from tests.ingest.test_probe_command import a_gateway, beside

NUMBER = "1120220110"
BILL = f"2405{NUMBER}"
MAY = (date(2024, 5, 16), date(2024, 6, 16))
HOUSE = a_house()
HOME = Household(HOUSE, date(2024, 4, 1))
DZG = shipped_profile("dzg")


class AisegHome:
    """A home whose generation is metered over Modbus, and whose AiSEG2 tells the rest."""

    def __init__(self, fleet: Fleet) -> None:
        """Serve both devices on the fleet's clock."""
        self.fleet = fleet
        self.aiseg, self.meter = AisegManners(card_days=40), Manners()
        self.server = AisegServer(HOME, PASSWORD, fleet.clock, self.aiseg)
        meter: MapDevice = map_home(HOUSE, DZG, {"export": PV})
        stack = fleet.stack
        roof = stack.enter_context(a_gateway(meter, self.meter, fleet.clock))
        house = stack.enter_context(beside(self.server))
        with Session(fleet.engine) as session, session.begin():
            site_id = a_home(session, NUMBER)
            sealed = seal_secret(fleet.context.config, PASSWORD, site_id)
            put_gateways(
                session,
                [
                    NewGateway(site_id, "modbus", roof, 1, "dzg", "", None, "register",
                               {PV: ("export", "certified", "")}),
                    NewGateway(site_id, "aiseg2", house, 1, "", "", sealed, "days",
                               {EXPORT: ("", "special", ""), IMPORT: ("", "special", "")}),
                ],
            )  # fmt: skip

    def live_through(self, first: date, last: date) -> None:
        """Let the worker do what is due each night at 00:15, and in each morning at 00:45."""
        day = first
        while day <= last:
            for time in ("00:15", "00:45"):
                self.fleet.tick(f"{day} {time}")
            day += timedelta(days=1)

    def past(self, until: date) -> None:
        """Let the month's first night be read, and have the days since, up to one, on record."""
        self.live_through(MAY[0], MAY[0])
        self.fleet.set_clock(f"{until} 10:00")
        self.backfill(MAY[0], until - timedelta(days=1))

    def day_values(self, quantity: Quantity = EXPORT) -> dict[date, int]:
        """Return the finished days on record."""
        with Session(self.fleet.engine) as session:
            rows = session.execute(
                select(DayValue.day, DayValue.wh)
                .join(Channel, Channel.id == DayValue.channel_id)
                .where(Channel.quantity == quantity.value)
            )
            return {row.day: row.wh for row in rows}

    def gateway(self) -> StoredGateway:
        """Return the AiSEG2 as it is stored."""
        with Session(self.fleet.engine) as session:
            return next(g for g in find_gateways(session, 0) if g.driver == "aiseg2")

    def backfill(self, first: date, last: date) -> list[History]:
        """Fetch days out of the device's own memory; return those of export."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        told = [one for day in each_day(self.fleet.context, [self.gateway()], days) for one in day]
        return [history for feed, history in told if feed.quantity is EXPORT]

    def on_board(self, time: str) -> tuple[State, tuple[Quantity, ...]]:
        """Return how the AiSEG2 stands on the fleet board, and what will miss the closing."""
        with Session(self.fleet.engine) as session:
            (shown,) = find_fleet(session, at(time), 15)
        (device,) = [one for one in shown.devices if one.driver == "aiseg2"]
        return device.state, shown.risk.channels if shown.risk else ()

    def bill(self, as_of: str) -> Document:
        """Run the month and return its bill."""
        billed(self.fleet.engine, "2024-05", as_of)
        return the_bill(self.fleet.engine, BILL)


@pytest.fixture
def home(engine: Engine, tmp_path: Path) -> Iterator[AisegHome]:
    """Give a home with both devices, whose work is done in this process."""
    with a_fleet(engine, tmp_path, None, PPA_CODE_KEY="k" * 32) as fleet:
        fleet.set_clock("2024-05-15 12:00")
        yield AisegHome(fleet)


def sold(day: date) -> int:
    """Return what the house sold on a day."""
    return HOME.wh(SELL, instant(day), instant(day + timedelta(days=1)))


def true_figures() -> tuple[int, int, int]:
    """Return generation, export and charge of the month as the meters of the house have it."""
    start, end = MAY
    edges = [HOUSE.registers(instant(day)).pv for day in (start, end)]
    pv = take_down(edges[1]) - take_down(edges[0])
    days = [date.fromordinal(n) for n in range(start.toordinal(), end.toordinal())]
    export = sum(take_down(sold(day)) for day in days)
    return pv, export, ((pv - export) * 2700 + 50_000) // 100_000


def told(bill: Document) -> tuple[str, int | None, int | None, int | None]:
    """Return state, generation, export and charge."""
    return bill["state"], bill["pv_wh"], bill["export_wh"], bill["use_yen"]


def test_yesterday_comes_once_a_day_and_a_second_look_changes_nothing(home: AisegHome) -> None:
    home.fleet.tick("2024-06-09 00:45")
    assert home.fleet.tick("2024-06-10 00:19") == 1  # the meter's night, no look yet
    assert len(home.day_values()) == 7  # a new gateway tells its last week
    home.fleet.tick("2024-06-10 00:45")
    first = home.day_values()
    assert first[date(2024, 6, 9)] == sold(date(2024, 6, 9))
    assert len(first) == 8
    asked = len(home.server.asked)
    assert home.fleet.tick("2024-06-10 01:30") == 0
    assert len(home.server.asked) == asked
    home.fleet.tick("2024-06-11 00:45")
    assert home.day_values() == first | {date(2024, 6, 10): sold(date(2024, 6, 10))}
    assert len(home.server.asked) - asked == 5  # two days of two pages, and one signature


def test_by_day_an_aiseg_is_left_alone_unless_slots_were_set(home: AisegHome) -> None:
    home.fleet.tick("2024-06-10 00:45")
    asked = len(home.server.asked)
    for time in ("02:45", "08:15", "12:45"):
        home.fleet.tick(f"2024-06-10 {time}")
    assert len(home.server.asked) == asked
    home.fleet.environ["PPA_POLL_SECONDS"] = "600"
    home.fleet.tick("2024-06-10 12:51")
    assert len(home.server.asked) > asked
    with Session(home.fleet.engine) as session:
        hours = session.scalars(
            select(EnergyInterval.wh)
            .join(Channel, Channel.id == EnergyInterval.channel_id)
            .where(Channel.quantity == "export", EnergyInterval.at >= at("2024-06-10 00:00"))
            .order_by(EnergyInterval.at)
        ).all()
    edges = [HOUSE.registers(at("2024-06-10 00:00") + 3600 * n).export for n in range(13)]
    assert list(hours) == [b - a for a, b in pairwise(edges)]


def test_a_look_that_failed_is_tried_again_through_the_day(home: AisegHome) -> None:
    home.aiseg.mode = "close"
    home.fleet.tick("2024-06-10 00:45")
    look = "2024-06-10 00:20:01"
    assert home.fleet.polls(look)[2][0] == "meter_silent"
    assert home.fleet.tick("2024-06-10 01:00") == 0
    home.aiseg.mode = ""
    home.fleet.tick("2024-06-10 09:20")
    assert home.fleet.polls(look)[2] == ("ok", 2, 1)
    assert home.day_values()[date(2024, 6, 9)] == sold(date(2024, 6, 9))


def test_a_wrong_password_is_tried_once_a_day(home: AisegHome) -> None:
    home.server._password = "changed"
    home.fleet.tick("2024-06-10 00:45")
    for time in ("01:20", "02:45", "08:15", "12:45"):
        home.fleet.tick(f"2024-06-10 {time}")
    assert home.server.signed == 1
    assert home.fleet.polls("2024-06-10 00:20:01")[2] == ("auth_failed", 1, 1)


def test_what_the_device_says_of_itself_is_kept(home: AisegHome) -> None:
    home.aiseg.clock_error_s = 75
    home.fleet.tick("2024-06-10 00:45")
    with Session(home.fleet.engine) as session:
        word = session.scalars(select(GatewayWord)).one()
    assert (word.clock_error_s, word.firmware, word.sale_sen) == (75, "Ver.2.97I-01", 1600)


def test_a_day_that_is_not_over_by_the_devices_clock_does_not_bill(home: AisegHome) -> None:
    home.aiseg.clock_error_s = -3600
    home.fleet.tick("2024-06-10 00:45")
    assert date(2024, 6, 9) not in home.day_values()
    assert home.fleet.polls("2024-06-10 00:20:01")[2][0] == "no_data"
    home.fleet.tick("2024-06-10 01:20")
    assert home.day_values()[date(2024, 6, 9)] == sold(date(2024, 6, 9))


def test_a_month_across_whose_closing_the_aiseg_was_silent_ends_at_the_exact_bill(
    home: AisegHome,
) -> None:
    pv, export, yen = true_figures()
    home.live_through(date(2024, 5, 16), date(2024, 6, 14))
    assert home.on_board("2024-06-14 09:00") == (State.GOOD, ())
    home.aiseg.mode = "close"  # from the 14th on; the days from the 14th to the 16th are missed
    home.live_through(date(2024, 6, 15), date(2024, 6, 15))
    assert home.on_board("2024-06-15 09:00") == (State.METER_SILENT, (EXPORT,))
    home.live_through(date(2024, 6, 16), date(2024, 6, 17))
    assert told(home.bill("2024-06-17 09:00"))[0] == "open"
    assert home.bill("2024-06-17 09:00")["holds"] == ["waiting"]
    held = home.bill("2024-06-19 09:00")
    assert told(held) == ("held", pv, None, None)
    assert held["holds"] == ["boundary_unknown"]
    assert home.on_board("2024-06-19 09:00")[0] is State.METER_SILENT
    home.aiseg.mode = ""
    home.fleet.tick("2024-06-19 10:00")
    assert home.on_board("2024-06-19 10:01") == (State.GOOD, ())
    closed = home.bill("2024-06-19 10:30")
    assert told(closed) == ("closed", pv, export, yen)
    assert closed["quality"] == "A"
    assert {r["how"] for r in closed["registers"]} == {"night", "days"}


def test_a_longer_silence_is_backfilled_from_the_pages_and_the_card(home: AisegHome) -> None:
    _, export, _ = true_figures()
    first, last = date(2024, 6, 4), date(2024, 6, 15)
    home.past(first)
    home.aiseg.mode = "close"
    home.live_through(date(2024, 6, 15), date(2024, 6, 16))
    home.aiseg.mode = ""
    home.aiseg.lost = [first + timedelta(days=3)]
    home.fleet.set_clock("2024-06-21 10:00")
    told_days = home.backfill(first, last)
    assert {one.outcome for one in told_days} == {Outcome.OK}
    assert [one.minutes for one in told_days].count(30) == 1
    assert [finished_wh(one) for one in told_days] == [sold(one.day) for one in told_days]
    assert home.backfill(first, last) == told_days
    bill = home.bill("2024-06-21 11:00")
    assert (bill["state"], bill["export_wh"]) == ("closed", export)


def test_where_both_were_silent_only_the_meters_register_is_estimated(home: AisegHome) -> None:
    pv, export, _ = true_figures()
    home.past(date(2024, 6, 13))
    home.live_through(date(2024, 6, 13), date(2024, 6, 14))
    home.aiseg.mode = home.meter.mode = "close"
    home.live_through(date(2024, 6, 15), date(2024, 6, 17))
    home.aiseg.mode = home.meter.mode = ""
    home.live_through(date(2024, 6, 18), date(2024, 6, 19))
    bill = home.bill("2024-06-19 09:00")
    assert (bill["state"], bill["holds"], bill["quality"]) == ("held", ["boundary_estimated"], "C")
    assert bill["export_wh"] == export
    assert abs(bill["pv_wh"] - pv) < 20_000


def test_a_gateway_that_says_nothing_is_not_asked_for_the_rest_of_a_week(home: AisegHome) -> None:
    home.aiseg.mode = "close"
    home.fleet.tick("2024-06-10 00:45")
    assert len(home.server.asked) == 2  # yesterday's two pages
    home.aiseg.mode = ""
    home.server._password = "changed"
    days = home.backfill(date(2024, 6, 1), date(2024, 6, 9))
    assert {one.outcome for one in days} == {Outcome.AUTH_FAILED}
    assert home.server.signed == 1
    assert home.day_values() == {}


def test_a_look_asks_for_the_last_two_days_and_what_a_week_lacks(home: AisegHome) -> None:
    home.live_through(date(2024, 6, 9), date(2024, 6, 10))
    gateway = home.gateway()
    with Session(home.fleet.engine) as session:
        wanted = find_wanted(session, [gateway], date(2024, 6, 14))[gateway.id]
    assert [day.day for day in wanted] == [13, 12, 11, 10]
