"""`ppa gateways probe` and `poll` of ECHONET Lite nodes."""

import socket
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ingest.simulator.echonet import SMART_METER, SmartMeter
from shared.energy.quantities import Source
from shared.models.operations import Lease
from tests.conftest import Ppa
from tests.data.homes import a_home as a_customer
from tests.ingest.echonet_nodes import HOUSE, a_home, a_node
from tests.ingest.gateways import NOON
from tests.ingest.test_poll_command import HEADER, ONE, kept
from tests.ingest.test_probe_command import OPEN, beside

NOW = HOUSE.registers(NOON)
EXPORT_WH = NOW.export // 100 * 100


@pytest.fixture
def env() -> Iterator[dict[str, str]]:
    """Give settings with a port of our own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        yield OPEN | {
            "PPA_ECHONET_BIND": f"127.0.0.1:{taken.getsockname()[1]}",
            "PPA_GATEWAY_TIMEOUT_S": "2",
        }


def test_a_node_is_probed_with_all_its_registers(ppa: Ppa, env: dict[str, str]) -> None:
    with beside(a_node(a_home())) as address:
        result = ppa("gateways", "probe", "echonet", address, "--json", **env)
    assert result.code == 0
    document = result.json()
    assert (document["identity"]["serial"], document["identity"]["maker"]) == ("SN-0170", "000016")
    told = {row["source"]: (row["wh"], row["outcome"]) for row in document["registers"]}
    assert told["028801.E3"] == (EXPORT_WH, "ok")
    assert told["027901.E1"] == (NOW.pv, "ok")


def test_a_node_is_polled_and_its_registers_are_stored(
    ppa: Ppa, engine: Engine, env: dict[str, str]
) -> None:
    with Session(engine) as session, session.begin():
        a_customer(session, ONE)
    with beside(a_node(a_home())) as address:
        file = ppa.home / "gateways.csv"
        file.write_text(f"{HEADER}\n{ONE},echonet,{address},,,pv export,\n", encoding="utf-8")
        assert ppa("gateways", "import", str(file), "--apply", **env).code == 0
        result = ppa("gateways", "poll", "--json", now="2024-06-10T12:25:00+09:00", **env)
    assert result.code == 0
    assert [(row["channel"], row["wh"]) for row in result.json()] == [
        ("pv", NOW.pv),
        ("export", EXPORT_WH),
    ]
    poll = int(Source.POLL)
    assert kept(engine) == {("pv", NOON, poll, NOW.pv), ("export", NOON, poll, EXPORT_WH)}


def test_a_person_does_not_wait_for_the_worker_that_has_the_port(
    ppa: Ppa, engine: Engine, env: dict[str, str]
) -> None:
    with Session(engine) as session, session.begin():
        a_customer(session, ONE)
        session.add(Lease(name="echonet port", until=NOON + 20, owner="a worker"))
    with beside(a_node(a_home())) as address:
        file = ppa.home / "gateways.csv"
        file.write_text(f"{HEADER}\n{ONE},echonet,{address},,,export,\n", encoding="utf-8")
        assert ppa("gateways", "import", str(file), "--apply", **env).code == 0
        result = ppa("gateways", "poll", "--json", now="2024-06-10T12:25:00+09:00", **env)
    assert [row["wh"] for row in result.json()] == [EXPORT_WH]
    assert "a worker polls ECHONET Lite too" in result.err
    with Session(engine) as session:
        assert session.get_one(Lease, "echonet port").owner == "a worker"


def test_a_port_that_another_program_keeps_for_itself_is_named(
    ppa: Ppa, env: dict[str, str]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        result = ppa(
            "gateways", "probe", "echonet", "127.0.0.1:3610", **env | {"PPA_ECHONET_BIND": bind}
        )
    assert result.code == 1
    assert f"PPA_ECHONET_BIND: {bind} cannot be had" in result.out


def test_an_outage_is_filled_from_the_meters_own_half_hours(
    ppa: Ppa, engine: Engine, env: dict[str, str]
) -> None:
    with Session(engine) as session, session.begin():
        a_customer(session, ONE)
    days = ("--from", "2024-06-08", "--to", "2024-06-10", "--json")
    with beside(a_node(a_home())) as address:
        file = ppa.home / "gateways.csv"
        file.write_text(f"{HEADER}\n{ONE},echonet,{address},,,pv export,\n", encoding="utf-8")
        assert ppa("gateways", "import", str(file), "--apply", **env).code == 0
        result = ppa("gateways", "backfill", ONE, *days, now="2024-06-10T12:25:00+09:00", **env)
    assert result.code == 1  # an inverter keeps no past
    rows = {(row["channel"], row["date"]): row for row in result.json()}
    assert {rows["pv", f"2024-06-{day}"]["outcome"] for day in ("08", "09", "10")} == {"no_history"}
    told = [rows["export", f"2024-06-{day}"] for day in ("08", "09", "10")]
    assert [(row["outcome"], row["kind"], row["minutes"], row["wh"]) for row in told] == [
        ("ok", "register", 30, None)
    ] * 3
    known = [[one["wh"] for one in row["values"] if one["wh"] is not None] for row in told]
    assert [len(registers) for registers in known] == [48, 48, 25]
    stored = kept(engine)
    backfill = int(Source.BACKFILL)
    assert len(stored) == 121
    midnight = NOON - NOON % 86_400 - 9 * 3600
    exact = HOUSE.registers(midnight).export // 100 * 100
    assert ("export", midnight, backfill, exact) in stored


def test_a_meter_that_shows_another_day_fills_nothing(
    ppa: Ppa, engine: Engine, env: dict[str, str]
) -> None:
    class Raced(SmartMeter):
        def set(self, epc: int, edt: bytes) -> bool:
            return super().set(epc, bytes([edt[0] + 1]))

    with Session(engine) as session, session.begin():
        a_customer(session, ONE)
    with beside(a_node({SMART_METER: Raced(HOUSE)})) as address:
        file = ppa.home / "gateways.csv"
        file.write_text(f"{HEADER}\n{ONE},echonet,{address},,,export,\n", encoding="utf-8")
        assert ppa("gateways", "import", str(file), "--apply", **env).code == 0
        days = ("--from", "2024-06-08", "--to", "2024-06-08", "--json")
        result = ppa("gateways", "backfill", ONE, *days, now="2024-06-10T12:25:00+09:00", **env)
    (row,) = result.json()
    assert (result.code, row["outcome"], row["values"]) == (1, "bad_answer", [])
    assert kept(engine) == set()
