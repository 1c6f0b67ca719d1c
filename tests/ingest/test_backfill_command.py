"""`ppa gateways backfill` fetches what a home's gateways remember, and stores what is missing."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ingest.simulator.aiseg2 import AisegManners
from ingest.simulator.aiseg2_pages import GENERATION, SELL
from shared.energy.quantities import Source
from shared.models.gateways import Gateway
from shared.models.telemetry import Channel, DayValue, EnergyInterval, Reading
from shared.months import instant
from tests.conftest import Ppa, Result
from tests.data.homes import a_home
from tests.ingest.aisegs import BEFORE, PASSWORD, YESTERDAY, an_aiseg, metered
from tests.ingest.echonet_nodes import HOUSE, a_node
from tests.ingest.test_echonet_commands import env as echonet_env
from tests.ingest.test_poll_command import HEADER, METER, ONE
from tests.ingest.test_probe_command import OPEN, a_gateway, beside

NOW = "2024-06-10T12:25:00+09:00"
KEYS = {
    "customer_no", "channel", "date", "kind", "minutes", "wh", "values", "outcome", "error",
}  # fmt: skip
env = echonet_env


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def a_home_with(ppa: Ppa, engine: Engine, row: str) -> None:
    """Keep a home whose gateway is as the row says."""
    with Session(engine) as session, session.begin():
        a_home(session, ONE)
    file = ppa.home / "gateways.csv"
    file.write_text(f"{HEADER}\n{ONE},{row}\n", encoding="utf-8")
    assert ppa("gateways", "import", str(file), "--apply", **OPEN).code == 0


def backfill(
    ppa: Ppa, first: date, last: date, environ: Mapping[str, str] = OPEN, number: str = ONE
) -> Result:
    words = ("gateways", "backfill", number, "--from", str(first), "--to", str(last), "--json")
    return ppa(*words, now=NOW, **environ)


def test_hours_become_intervals_and_whole_days_finished_days(
    ppa: Ppa, engine: Engine, stack: ExitStack
) -> None:
    address = stack.enter_context(beside(an_aiseg()))
    a_home_with(ppa, engine, f"aiseg2,{address},,,pv export,{PASSWORD}")
    for _ in range(2):  # repeatable
        result = backfill(ppa, BEFORE, YESTERDAY)
        assert result.code == 0
        rows = result.json()
        assert all(row.keys() == KEYS for row in rows)
        assert [(row["channel"], row["date"], row["wh"]) for row in rows] == [
            (channel, str(day), metered(kind, day))
            for channel, kind in (("pv", GENERATION), ("export", SELL))
            for day in (BEFORE, YESTERDAY)
        ]
        assert {(row["kind"], row["minutes"], len(row["values"])) for row in rows} == {
            ("interval", 60, 24)
        }
        assert rows[0]["values"][0]["at"] == "2024-06-08T00:00:00+09:00"
    with Session(engine) as session:
        days = session.execute(
            select(Channel.quantity, DayValue.day, DayValue.wh, DayValue.source, DayValue.hours)
            .join(Channel, Channel.id == DayValue.channel_id)
            .where(Channel.quantity == "export")
            .order_by(DayValue.day)
        ).all()
        assert session.scalar(select(func.count()).select_from(EnergyInterval)) == 4 * 24
        assert session.scalar(select(func.count()).select_from(Reading)) == 0
        assert session.scalars(select(Gateway.lease_until)).one() == 0
    assert days == [
        ("export", day, metered(SELL, day), int(Source.BACKFILL), 24) for day in (BEFORE, YESTERDAY)
    ]


def test_a_day_that_still_runs_is_no_finished_day(
    ppa: Ppa, engine: Engine, stack: ExitStack
) -> None:
    address = stack.enter_context(beside(an_aiseg()))
    a_home_with(ppa, engine, f"aiseg2,{address},,,export,{PASSWORD}")
    (row,) = backfill(ppa, date(2024, 6, 10), date(2024, 6, 10)).json()
    assert (row["outcome"], sum(one["wh"] is not None for one in row["values"])) == ("ok", 12)
    with Session(engine) as session:
        assert session.scalars(select(DayValue)).all() == []


def test_registers_of_half_hours_become_readings(
    ppa: Ppa, engine: Engine, stack: ExitStack, env: dict[str, str]
) -> None:
    address = stack.enter_context(beside(a_node()))
    a_home_with(ppa, engine, f"echonet,{address},,,export,")
    (row,) = backfill(ppa, YESTERDAY, YESTERDAY, env).json()
    assert (row["kind"], row["minutes"], row["wh"], len(row["values"])) == (
        "register",
        30,
        None,
        48,
    )
    midnight = HOUSE.registers(instant(YESTERDAY)).export // 100 * 100
    assert row["values"][0] == {"at": "2024-06-09T00:00:00+09:00", "wh": midnight}
    with Session(engine) as session:
        rows = session.execute(select(Reading.at, Reading.source, Reading.wh)).all()
    assert (instant(YESTERDAY), int(Source.BACKFILL), midnight) in rows
    assert len(rows) == 48


def test_a_meter_without_a_memory_says_so(ppa: Ppa, engine: Engine, stack: ExitStack) -> None:
    address = stack.enter_context(a_gateway(METER))
    a_home_with(ppa, engine, f"modbus,{address},1,dzg,pv export:import,")
    result = backfill(ppa, YESTERDAY, YESTERDAY)
    assert result.code == 1
    assert [(r["outcome"], r["values"], bool(r["error"])) for r in result.json()] == [
        ("no_history", [], True)
    ] * 2


def test_after_a_wrong_password_nothing_more_is_asked(
    ppa: Ppa, engine: Engine, stack: ExitStack
) -> None:
    server = an_aiseg()
    address = stack.enter_context(beside(server))
    a_home_with(ppa, engine, f"aiseg2,{address},,,pv export,wrong")
    result = backfill(ppa, BEFORE, YESTERDAY)
    assert result.code == 1
    assert [row["outcome"] for row in result.json()] == ["auth_failed"] * 4
    assert server.signed == 1


def test_a_page_of_another_day_is_refused_and_keeps_nothing(
    ppa: Ppa, engine: Engine, stack: ExitStack
) -> None:
    address = stack.enter_context(beside(an_aiseg(AisegManners("other_day"))))
    a_home_with(ppa, engine, f"aiseg2,{address},,,export,{PASSWORD}")
    (row,) = backfill(ppa, YESTERDAY, YESTERDAY).json()
    assert (row["outcome"], row["values"]) == ("bad_answer", [])
    with Session(engine) as session:
        assert session.scalars(select(EnergyInterval)).all() == []


def test_days_and_addresses_that_cannot_be_are_named(
    ppa: Ppa, engine: Engine, stack: ExitStack
) -> None:
    a_home_with(ppa, engine, f"aiseg2,127.0.0.1:9,,,export,{PASSWORD}")
    for first, last, named in (
        (YESTERDAY, BEFORE, "--to"),
        (YESTERDAY, date(2024, 6, 11), "--to"),
        (date(2022, 1, 1), YESTERDAY, "--from"),
    ):
        result = backfill(ppa, first, last)
        assert result.code == 2
        assert named in result.err
    words = ("gateways", "backfill", ONE, "--from", "2024-02-30", "--to", "2024-03-01")
    impossible = ppa(*words, now=NOW, **OPEN)
    assert impossible.code == 2
    assert "--from" in impossible.err
    refused = backfill(ppa, YESTERDAY, YESTERDAY, {})
    assert refused.code == 2
    assert "127.0.0.1:9" in refused.err
    assert backfill(ppa, YESTERDAY, YESTERDAY, OPEN, "1199999999").code == 2


def test_a_home_without_gateways_tells_nothing(ppa: Ppa, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        a_home(session, ONE)
    result = backfill(ppa, YESTERDAY, YESTERDAY)
    assert (result.code, result.json()) == (0, [])
