"""`ppa gateways probe` and `poll` of ECHONET Lite nodes."""

import socket
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.energy.quantities import Source
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
