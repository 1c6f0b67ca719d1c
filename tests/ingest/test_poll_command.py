"""`ppa gateways poll` asks at once, stores what it prints, and says exactly how it went."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.drivers.profiles import shipped_profile
from ingest.simulator.images import Device, MapDevice, map_home, sunspec_home
from ingest.simulator.server import Manners
from shared.energy.quantities import Source
from shared.models.telemetry import Channel, MeterEvent, Reading
from tests.conftest import Ppa, Result
from tests.data.homes import NOW as TODAY
from tests.data.homes import a_home
from tests.ingest.gateways import EXPORT, NOON, PV, a_house
from tests.ingest.test_probe_command import OPEN, QUICK, a_gateway

HEADER = "customer_no,driver,address,unit,profile,channels,secret"
ONE, OTHER = "1120220110", "1120220111"
HOUSE = a_house()
NOW = HOUSE.registers(NOON)
METER = map_home(HOUSE, shipped_profile("dzg"), {"export": PV, "import": EXPORT})
KEYS = {"customer_no", "channel", "read_at", "wh", "outcome", "error"}


class Fleet:
    """Two homes' gateways, served for as long as a test runs."""

    def __init__(self, ppa: Ppa, stack: ExitStack) -> None:
        """Serve nothing yet."""
        self.ppa, self._stack = ppa, stack

    def serve(self, device: Device, manners: Manners | None = None) -> str:
        """Serve a device; returns its address."""
        return self._stack.enter_context(a_gateway(device, manners))

    def take(self, *rows: str) -> None:
        """Import rows of gateways."""
        file = self.ppa.home / "gateways.csv"
        file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
        done = self.ppa("gateways", "import", str(file), "--apply", **OPEN)
        assert done.code == 0, done.err

    def poll(self, *numbers: str, env: Mapping[str, str] = QUICK) -> Result:
        """Poll at noon."""
        return self.ppa(
            "gateways", "poll", *numbers, "--json", now="2024-06-10T12:25:00+09:00", **env
        )


@pytest.fixture
def fleet(ppa: Ppa, engine: Engine) -> Iterator[Fleet]:
    """Give two homes, whose gateways a test serves."""
    with Session(engine) as session, session.begin():
        a_home(session, ONE)
        a_home(session, OTHER)
    with ExitStack() as stack:
        yield Fleet(ppa, stack)


def kept(engine: Engine) -> set[tuple[str, int, int, int]]:
    with Session(engine) as session:
        rows = session.execute(
            select(Channel.quantity, Reading.at, Reading.source, Reading.wh).join(
                Channel, Channel.id == Reading.channel_id
            )
        )
        return {(quantity, at, source, wh) for quantity, at, source, wh in rows}


def test_every_register_that_is_printed_is_stored(fleet: Fleet, engine: Engine) -> None:
    address = fleet.serve(METER)
    fleet.take(f"{ONE},modbus,{address},1,dzg,pv export:import,")
    result = fleet.poll()
    assert result.code == 0
    assert all(row.keys() == KEYS for row in result.json())
    assert [(r["customer_no"], r["channel"], r["wh"], r["error"]) for r in result.json()] == [
        (ONE, "pv", NOW.pv, None),
        (ONE, "export", NOW.export, None),
    ]
    poll = int(Source.POLL)
    assert kept(engine) == {("pv", NOON, poll, NOW.pv), ("export", NOON, poll, NOW.export)}
    assert {row["read_at"] for row in result.json()} == {"2024-06-10T12:25:00+09:00"}


def test_one_silent_home_harms_no_other(fleet: Fleet, engine: Engine) -> None:
    silent, good = fleet.serve(METER, Manners("silent")), fleet.serve(METER)
    fleet.take(f"{ONE},modbus,{silent},1,dzg,pv,", f"{OTHER},modbus,{good},1,dzg,pv,")
    result = fleet.poll()
    assert result.code == 1
    told = {row["customer_no"]: (row["outcome"], row["wh"]) for row in result.json()}
    assert told == {ONE: ("meter_silent", None), OTHER: ("ok", NOW.pv)}
    assert [row["error"] is None for row in result.json()] == [False, True]
    assert fleet.poll(OTHER).code == 0


def test_an_address_that_is_no_longer_allowed_is_not_connected_to(fleet: Fleet) -> None:
    address = fleet.serve(METER)
    fleet.take(f"{ONE},modbus,{address},1,dzg,pv,")
    (row,) = fleet.poll(env={}).json()
    assert (row["outcome"], row["wh"]) == ("refused_address", None)


def test_a_register_that_no_meter_can_have_is_set_aside(fleet: Fleet, engine: Engine) -> None:
    profile = shipped_profile("eastron-sdm")
    fleet.take(
        f"{ONE},modbus,{fleet.serve(MapDevice(profile, {'export': broken}))},1,eastron-sdm,pv,"
    )
    (row,) = fleet.poll().json()
    assert (row["outcome"], row["wh"]) == ("implausible", None)
    assert kept(engine) == {("pv", NOON, int(Source.POLL), -5000)}
    exported = fleet.ppa("readings", "export", ONE, "--json").json()
    assert [(r["state"], r["reason"]) for r in exported] == [("set_aside", "implausible")]


def broken(_at: int) -> int:
    return -5000


def test_the_device_says_whether_a_meter_or_an_inverter_was_read(
    fleet: Fleet, engine: Engine
) -> None:
    home = sunspec_home(HOUSE, "SN-0170")
    fleet.take(
        f"{ONE},sunspec,{fleet.serve(home)},1,,pv,",
        f"{OTHER},sunspec,{fleet.serve(home)},1,,pv export,",
    )
    assert fleet.poll().code == 0
    with Session(engine) as session:
        found = session.execute(select(Channel.site_id, Channel.quantity, Channel.metrology)).all()
    assert sorted(found) == [
        (1, "pv", "certified"),
        (2, "export", "certified"),
        (2, "pv", "inverter"),
    ]


def test_a_meter_with_another_serial_feeds_nothing(fleet: Fleet, engine: Engine) -> None:
    fleet.take(f"{ONE},sunspec,{fleet.serve(sunspec_home(HOUSE, 'SN-0170'))},1,,export,")
    with Session(engine) as session, session.begin():
        channel_id = session.scalars(select(Channel.id)).one()
        event = {"serial": "SN-0999", "installed_wh": 0, "recorded_at": TODAY, "recorded_by": "x"}
        session.add(MeterEvent(channel_id=channel_id, at=NOON - 86_400, **event))
    (row,) = fleet.poll().json()
    assert row["outcome"] == "wrong_meter"
    assert kept(engine) == set()


def test_no_gateways_is_no_fault_and_an_unknown_customer_is(fleet: Fleet) -> None:
    nothing = fleet.poll()
    assert (nothing.code, nothing.json()) == (0, [])
    assert fleet.poll("1199999999").code == 2
