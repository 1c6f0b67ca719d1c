"""An AiSEG2 at the keyboard: imported, polled, tried out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ingest.simulator.aiseg2 import AisegManners, AisegServer
from ingest.simulator.aiseg2_pages import SELL
from shared.months import instant
from tests.conftest import Ppa, Result
from tests.data.homes import a_home
from tests.ingest.aisegs import HOME, PASSWORD, TODAY, an_aiseg
from tests.ingest.gateways import NOON
from tests.ingest.test_probe_command import OPEN, beside

NUMBER = "1120220110"
NOW = "2024-06-10T12:25:00+09:00"
HEADER = "customer_no,driver,address,unit,profile,channels,secret,metrology"
KEY = OPEN | {"PPA_CODE_KEY": "k" * 32}
SOLD = HOME.wh(SELL, instant(TODAY), NOON)


@pytest.fixture
def aiseg(ppa: Ppa, engine: Engine) -> Iterator[tuple[AisegServer, str]]:
    """Give a home's AiSEG2 and where it listens."""
    with Session(engine) as session, session.begin():
        a_home(session, NUMBER)
    server = an_aiseg(AisegManners())
    with beside(server) as address:
        yield server, address


def take(ppa: Ppa, address: str, channels: str, secret: str = PASSWORD) -> Result:
    """Import the home's one row."""
    file = Path(ppa.home) / "gateways.csv"
    file.write_text(f"{HEADER}\n{NUMBER},aiseg2,{address},,,{channels},{secret},special\n")
    return ppa("gateways", "import", str(file), "--apply", now=NOW, **KEY)


def poll(ppa: Ppa) -> Result:
    return ppa("gateways", "poll", "--json", now=NOW, **KEY)


def test_a_poll_prints_today_so_far_and_the_export_its_hours(
    ppa: Ppa, aiseg: tuple[AisegServer, str]
) -> None:
    assert take(ppa, aiseg[1], "export import battery_charge").code == 0
    result = poll(ppa)
    export, bought, battery = result.json()
    assert export == {
        "customer_no": NUMBER, "channel": "export", "read_at": NOW, "wh": SOLD,
        "outcome": "ok", "error": None,
    }  # fmt: skip
    assert (bought["outcome"], battery["outcome"], result.code) == ("ok", "no_channel", 1)
    told = ppa("readings", "export", NUMBER, "--json").json()
    hours = [row for row in told if row["channel"] == "export"]
    assert [(row["kind"], row["minutes"], row["source"]) for row in hours] == [
        ("interval", 60, "poll")
    ] * 12
    assert sum(row["wh"] for row in hours) == HOME.wh(
        SELL, instant(TODAY), instant(TODAY) + 12 * 3600
    )


def test_a_wrong_password_is_told_for_every_channel_after_one_try(
    ppa: Ppa, aiseg: tuple[AisegServer, str]
) -> None:
    take(ppa, aiseg[1], "export import", "wrong")
    result = poll(ppa)
    assert [row["outcome"] for row in result.json()] == ["auth_failed", "auth_failed"]
    assert result.code == 1
    assert aiseg[0].signed == 1


def test_a_channel_of_an_aiseg_takes_no_source(ppa: Ppa, aiseg: tuple[AisegServer, str]) -> None:
    result = take(ppa, aiseg[1], "export:54111")
    assert result.code == 2
    assert "line 2, channels: 'export:54111': aiseg2 has one source a channel" in result.err


def test_a_probe_reads_its_pages_with_a_password_from_stdin(
    ppa: Ppa, aiseg: tuple[AisegServer, str]
) -> None:
    words = ("gateways", "probe", "aiseg2", aiseg[1], "--json")
    told = ppa(*words, "--secret-stdin", now=NOW, stdin=f"{PASSWORD}\n", **OPEN).json()
    assert told["identity"]["model"] == "AiSEG2"
    assert {row["source"]: row["wh"] for row in told["registers"]}["export"] == SOLD
    locked = ppa(*words, now=NOW, **OPEN)
    assert locked.code == 1
    assert locked.json()["registers"][0]["outcome"] == "auth_failed"
