"""What meters do to a bill: registers on the wire, polled night by night, and the energy they make.

Each is one of the acceptance scenarios of gateways.md §6; those of the wire alone stand with the
drivers.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.drivers.profiles import shipped_profile
from ingest.simulator.echonet import SMART_METER, EchonetNode
from ingest.simulator.images import MapDevice, SunSpecDevice, inverter, meter
from ingest.simulator.server import ModbusServer
from shared.models.telemetry import Boundary
from tests.conftest import Ppa
from tests.data.homes import a_home
from tests.ingest.echonet_nodes import Held
from tests.ingest.test_echonet_commands import env as env  # noqa: PLC0414 - a fixture
from tests.ingest.test_poll_command import HEADER, ONE
from tests.ingest.test_probe_command import beside

FIRST = date(2024, 1, 16)


@dataclass
class Night:
    """Counts the nights that a meter shows its registers for."""

    number: int = 0


class Roof:
    """One home whose pv channel is polled at ten past midnight, night after night."""

    def __init__(self, ppa: Ppa, engine: Engine, env: Mapping[str, str], stack: ExitStack) -> None:
        """Begin before the first night."""
        self.ppa, self.night = ppa, Night()
        self._engine, self._env, self._stack = engine, env, stack

    def has(self, server: ModbusServer | EchonetNode, row: str) -> None:
        """Give the home a gateway; `row` is the CSV's from the driver on, ADDRESS its place."""
        address = self._stack.enter_context(beside(server))
        file = self.ppa.home / "gateways.csv"
        file.write_text(f"{HEADER}\n{ONE},{row.replace('ADDRESS', address)}\n", encoding="utf-8")
        done = self.ppa("gateways", "import", str(file), "--apply", **self._env)
        assert done.code == 0, done.err

    def polled(self, nights: int) -> list[str]:
        """Poll some nights; return the outcome of each."""
        outcomes = []
        for _ in range(nights):
            day = FIRST + timedelta(days=self.night.number)
            told = self.ppa("gateways", "poll", "--json", now=f"{day}T00:10:00+09:00", **self._env)
            outcomes += [row["outcome"] for row in told.json()]
            self.night.number += 1
        return outcomes

    def readings(self) -> list[tuple[int, str, str | None]]:
        """Return Wh, state and reason of every reading in order."""
        told = self.ppa("readings", "export", ONE, "--json").json()
        return [(row["wh"], row["state"], row["reason"]) for row in told]

    def energy_wh(self) -> list[int]:
        """Return the energy of each day between two nights that are known."""
        self.readings()
        with Session(self._engine) as session:
            rows = session.scalars(select(Boundary.ledger_wh).order_by(Boundary.day)).all()
        return [after - before for before, after in pairwise(rows)]


@pytest.fixture
def roof(ppa: Ppa, engine: Engine, env: dict[str, str]) -> Iterator[Roof]:
    """Give a home without a gateway."""
    with Session(engine) as session, session.begin():
        a_home(session, ONE)
    with ExitStack() as stack:
        yield Roof(ppa, engine, env, stack)


def sunspec(roof: Roof, *nights: tuple[int, Sequence[int]]) -> None:
    """Give the roof a SunSpec device that shows one model a night."""
    device = SunSpecDevice("SN-0170", lambda _at, _modulus: [nights[roof.night.number]])
    roof.has(ModbusServer({1: device}, lambda: 0), "sunspec,ADDRESS,1,,pv,")


def scaled(counts: int, factor: int) -> tuple[int, list[int]]:
    """Return model 103 with counts and their scale factor."""
    model, body = inverter(counts, 0)
    body[24] = factor & 0xFFFF
    return model, body


def smart_meter(roof: Roof, *nights: int, digits: int = 6) -> None:
    """Give the roof an ECHONET meter that shows one count of 0.1 kWh a night."""

    class Shown(Held):
        def properties(self, at: int) -> dict[int, bytes]:
            counts = nights[roof.night.number].to_bytes(4, "big")
            return {0xE0: counts, 0xE1: b"\x01", 0xD7: bytes([digits])}

    node = EchonetNode({SMART_METER: Shown({})}, lambda: 0)
    roof.has(node, "echonet,ADDRESS,,,pv:028801.E0,")


def test_an_accumulator_of_32_bits_wraps_and_counts_on(roof: Roof) -> None:
    sunspec(roof, scaled(2**32 - 5_000_005, -2), scaled(2**32 - 5, -2), scaled(4_999_995, -2))
    assert roof.polled(3) == ["ok"] * 3
    assert roof.energy_wh() == [50_000, 50_000]
    assert {state for _, state, _ in roof.readings()} == {"used"}


def test_a_register_of_six_digits_wraps_from_999999_to_3(roof: Roof) -> None:
    smart_meter(roof, 999_900, 999_999, 3)
    assert roof.polled(3) == ["ok"] * 3
    assert roof.energy_wh() == [9_900, 400]


def test_a_register_that_falls_elsewhere_waits_for_a_recorded_swap(roof: Roof) -> None:
    smart_meter(roof, 999_900, 999_999, 3, digits=8)
    assert roof.polled(3) == ["ok"] * 3
    assert roof.readings()[-1] == (300, "set_aside", "register_back")


def test_a_zero_at_wake_up_costs_nothing_and_the_return_books_no_lifetime(roof: Roof) -> None:
    shown = [scaled(counts, 0) for counts in (12_000_000, 0, 12_008_000)]
    sunspec(roof, *shown)
    assert roof.polled(3) == ["ok", "no_data", "ok"]
    assert sum(roof.energy_wh()) == 8000


def test_a_zero_that_is_told_as_a_figure_is_set_aside(roof: Roof) -> None:
    smart_meter(roof, 120_000, 0, 120_080)
    assert roof.polled(3) == ["ok"] * 3
    assert [(state, reason) for _, state, reason in roof.readings()] == [
        ("used", None),
        ("set_aside", "zero"),
        ("used", None),
    ]
    assert sum(roof.energy_wh()) == 8000


def test_a_scale_factor_that_changes_between_polls_changes_no_energy(roof: Roof) -> None:
    sunspec(roof, scaled(12_345_600, 0), scaled(1_235_360, 1), scaled(123_616, 2))
    assert roof.polled(3) == ["ok"] * 3
    assert roof.energy_wh() == [8_000, 8_000]


def test_a_meter_read_in_the_wrong_word_order_is_caught_by_its_second_reading(
    roof: Roof, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(
        '[registers.pv]\nfc = 4\naddress = 0x004E\ntype = "i32"\nunit = "kWh"\nscale = "0.1"\n',
        encoding="utf-8",
    )
    low_word_first = shipped_profile("carlo-gavazzi-em")

    def energy(_at: int) -> int:
        return 12_000 + 800 * roof.night.number

    device = MapDevice(low_word_first, {"export": energy})
    roof.has(ModbusServer({1: device}, lambda: 0), f"modbus,ADDRESS,1,{wrong},pv,")
    assert roof.polled(2) == ["ok", "ok"]
    first, second = roof.readings()
    assert (first[0], second[0]) == (12_000 * 65_536, 12_800 * 65_536)
    assert second[1:] == ("set_aside", "over_capacity")


def test_the_seeds_month_is_billed_from_two_registers_of_a_certified_meter(roof: Roof) -> None:
    """388.20 kWh generated, 302.00 sold, 86.20 used at 27 yen: 2,327 yen (TotWhExp x 10 Wh)."""
    night = roof.night

    def models(_at: int, _modulus: int | None) -> list[tuple[int, Sequence[int]]]:
        generated, sold = ((0, 0), (388_200, 302_000))[min(night.number, 1)]
        return [meter(100_000 + generated, 0, 0), meter(500_000 + sold, 0, 0)]

    device = SunSpecDevice("SN-0170", models)
    row = "sunspec,ADDRESS,1,,pv:203.TotWhExp export:203/2.TotWhExp,"
    roof.has(ModbusServer({1: device}, lambda: 0), row)
    assert roof.polled(1) == ["ok", "ok"]
    night.number = 31
    assert roof.polled(1) == ["ok", "ok"]
    done = roof.ppa("bill", "run", "2024-01", "--apply", "--as-of", "2024-02-20T09:00:00+09:00")
    assert done.code == 0, done.err
    bill = roof.ppa("bill", "show", f"2401{ONE}", "--json").json()
    assert (bill["pv_wh"], bill["export_wh"], bill["use_wh"]) == (388_200, 302_000, 86_200)
    assert (bill["use_yen"], bill["state"]) == (2327, "closed")
