"""`ppa gateways import` takes a file whole or not at all, and connects to nothing."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity, Source
from shared.gateways import StoredGateway, find_gateways
from shared.models.telemetry import Channel
from shared.telemetry.storing import ensure_channels, store_readings
from tests.conftest import Ppa, Result
from tests.data.homes import NOW, a_home

NETS = {"PPA_GATEWAY_NETS": "10.8.0.0/16,fd00::/8"}
HEADER = "customer_no,driver,address,unit,profile,channels,secret"
ONE, OTHER = "1120220110", "1120220111"
METER = f"{ONE},modbus,10.8.0.21:502,1,eastron-sdm,pv,"
OWN = '[registers.roof]\nfc = 3\naddress = 1\ntype = "u32"\nunit = "Wh"\n'


@pytest.fixture(autouse=True)
def homes(engine: Engine) -> None:
    """Register two homes."""
    with Session(engine) as session, session.begin():
        a_home(session, ONE)
        a_home(session, OTHER)


def take(ppa: Ppa, *rows: str, header: str = HEADER, apply: bool = True) -> Result:
    """Import a file of rows."""
    file = ppa.home / "gateways.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return ppa("gateways", "import", str(file), *(["--apply"] if apply else []), **NETS)


def stored(engine: Engine) -> list[StoredGateway]:
    with Session(engine) as session:
        return find_gateways(session, NOW)


def fed(engine: Engine) -> dict[str, list[str]]:
    """Return the channels that each address feeds."""
    return {g.address: [feed.quantity.value for feed in g.feeds] for g in stored(engine)}


def metrologies(engine: Engine) -> dict[str, str]:
    with Session(engine) as session:
        return dict(session.execute(select(Channel.quantity, Channel.metrology)).all())


def test_a_file_is_checked_first_and_stored_when_applied(ppa: Ppa, engine: Engine) -> None:
    assert take(ppa, METER, apply=False).code == 0
    assert stored(engine) == []
    assert take(ppa, METER).code == 0
    (gateway,) = stored(engine)
    assert (gateway.driver, gateway.address, gateway.unit) == ("modbus", "10.8.0.21:502", 1)
    assert (gateway.profile, gateway.profile_text) == ("eastron-sdm", "")


def test_a_row_replaces_the_gateway_of_its_channels_and_others_stay(
    ppa: Ppa, engine: Engine
) -> None:
    both = f"{ONE},modbus,10.8.0.21:502,1,eastron-sdm,pv export,"
    assert take(ppa, both, f"{OTHER},sunspec,[fd00::21]:502,1,,pv,").code == 0
    assert take(ppa, f"{ONE},sunspec,10.8.0.22:502,1,,pv,").code == 0
    assert fed(engine) == {
        "10.8.0.21:502": ["export"],
        "[fd00::21]:502": ["pv"],
        "10.8.0.22:502": ["pv"],
    }
    assert take(ppa, f"{ONE},sunspec,10.8.0.22:502,1,,pv export,").code == 0
    assert fed(engine) == {"[fd00::21]:502": ["pv"], "10.8.0.22:502": ["pv", "export"]}


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (f"{ONE},modbus,127.0.0.1:502,1,eastron-sdm,pv,", "address"),
        (f"{ONE},modbus,192.168.0.1:502,1,eastron-sdm,pv,", "address"),
        (f"{ONE},modbus,[::ffff:10.8.0.21]:502,1,eastron-sdm,pv,", "address"),
        (f"{ONE},modbus,gateway.local:502,1,eastron-sdm,pv,", "address"),
        (f"{ONE},modbus,10.8.0.21:502,256,eastron-sdm,pv,", "unit"),
        (f"{ONE},modbus,10.8.0.21:502,1,,pv,", "profile"),
        (f"{ONE},modbus,10.8.0.21:502,1,absent.toml,pv,", "profile"),
        (f"{ONE},modbus,10.8.0.21:502,1,eastron-sdm,,", "channels"),
        (f"{ONE},modbus,10.8.0.21:502,1,eastron-sdm,sun,", "channels"),
        (f"{ONE},modbus,10.8.0.21:502,1,eastron-sdm,pv pv,", "channels"),
        (f"{ONE},sunspec,10.8.0.21:502,1,,pv:meter,", "channels"),
        (f"{ONE},echonet,10.8.0.21:3610,,,pv:E3,", "channels"),
        (f"{ONE},carrier-pigeon,10.8.0.21:502,1,,pv,", "driver"),
        ("1199999999,sunspec,10.8.0.21:502,1,,pv,", "customer_no"),
    ],
)
def test_one_refused_row_refuses_the_file_by_line_and_column(
    ppa: Ppa, engine: Engine, row: str, column: str
) -> None:
    good = f"{OTHER},sunspec,10.8.0.30:502,1,,pv,"
    for apply in (False, True):
        result = take(ppa, good, row, apply=apply)
        assert result.code == 2
        assert f"gateways.csv, line 3, {column}: " in result.err
    assert stored(engine) == []


def test_a_channel_twice_in_a_file_is_refused(ppa: Ppa) -> None:
    result = take(ppa, METER, f"{ONE},sunspec,10.8.0.22:502,1,,pv,")
    assert result.code == 2
    assert "line 3, channels: pv of this customer stands on line 2" in result.err


def test_a_profile_beside_the_file_is_stored_with_the_gateway(ppa: Ppa, engine: Engine) -> None:
    (ppa.home / "own.toml").write_text(OWN, encoding="utf-8")
    row = f"{ONE},modbus,10.8.0.21:502,,own.toml,pv:roof,"
    assert take(ppa, row).code == 0
    (gateway,) = stored(engine)
    assert (gateway.profile, gateway.profile_text) == ("own.toml", OWN)
    (ppa.home / "own.toml").write_text(OWN.replace("fc = 3", "fc = 5"), encoding="utf-8")
    result = take(ppa, row)
    assert result.code == 2
    for named in ("own.toml", "'roof'", "'fc'"):
        assert named in result.err


def test_the_metrology_is_stated_or_follows_from_what_is_read(ppa: Ppa, engine: Engine) -> None:
    assert take(ppa, METER, f"{ONE},sunspec,10.8.0.22:502,1,,export:203.TotWhExp,").code == 0
    assert metrologies(engine) == {"pv": "certified", "export": "certified"}
    assert take(ppa, f"{ONE},sunspec,10.8.0.22:502,1,,pv:103.WH export,").code == 0
    assert metrologies(engine) == {"pv": "inverter", "export": "inverter"}
    stating = take(ppa, f"{METER},special", header=f"{HEADER},metrology")
    assert stating.code == 0
    assert metrologies(engine)["pv"] == "special"
    assert take(ppa, f"{OTHER},echonet,10.8.0.23:3610,,,export,").code == 0
    assert take(ppa, f"{OTHER},aiseg2,10.8.0.24:80,,,pv,pass").code == 0
    with Session(engine) as session:
        kept = session.execute(select(Channel.quantity, Channel.kind, Channel.metrology)).all()
    assert ("export", "register", "certified") in kept
    assert ("pv", "days", "ct") in kept


def test_a_secret_is_sealed_where_the_driver_has_a_use_for_it(ppa: Ppa, engine: Engine) -> None:
    key = "a secret of thirty-two characters, at least"
    file = ppa.home / "gateways.csv"
    rows = (f"{ONE},aiseg2,10.8.0.24:80,,,pv,sesame", f"{OTHER},sunspec,10.8.0.25:502,,,pv,sesame")
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    done = ppa("gateways", "import", str(file), "--apply", PPA_CODE_KEY=key, **NETS)
    assert done.code == 0
    sealed, other = [gateway.secret_sealed for gateway in stored(engine)]
    assert sealed is not None
    assert b"sesame" not in sealed
    assert other is None


def test_registers_and_day_values_never_meet_in_one_channel(ppa: Ppa, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        channels = ensure_channels(session, [(1, Quantity.PV)])
        rows = [(channels[1, Quantity.PV], NOW, int(Source.IMPORT), 1000)]
        store_readings(session, rows, NOW)
    result = take(ppa, f"{ONE},aiseg2,10.8.0.24:80,,,pv,")
    assert result.code == 2
    assert "line 2, channels: pv holds registers" in result.err


def test_an_unreadable_file_is_told(ppa: Ppa) -> None:
    result = ppa("gateways", "import", str(Path("absent.csv")), **NETS)
    assert result.code == 2
    assert "absent.csv" in result.err
