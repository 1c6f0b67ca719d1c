"""Register-map profiles are checked key by key."""

import asyncio
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from ingest.drivers.profiles import (
    SHIPPED,
    find_profile,
    parse_profile,
    read_profile,
    register_for,
    shipped_profile,
)
from ingest.drivers.protocol import Ask, Outcome, ReadingFailed
from ingest.simulator.images import MapDevice
from shared.energy.quantities import Quantity
from shared.errors import InputRefused
from tests.ingest.gateways import PV, poll_served

FOLDER = Path(__file__).parents[2] / "ingest/drivers/profiles"
GOOD = 'fc = 3\naddress = 0\ntype = "u32"\nunit = "Wh"\n'
FAULTS = (
    (GOOD + "colour = 1", "colour"),
    (GOOD.replace("fc = 3\n", ""), "fc"),
    (GOOD.replace("address = 0\n", ""), "address"),
    (GOOD.replace('type = "u32"\n', ""), "type"),
    (GOOD.replace('unit = "Wh"\n', ""), "unit"),
    (GOOD.replace("fc = 3", "fc = 6"), "fc"),
    (GOOD.replace("fc = 3", "fc = true"), "fc"),
    (GOOD.replace("fc = 3", "fc = 3.0"), "fc"),
    (GOOD.replace("fc = 3", 'fc = "3"'), "fc"),
    (GOOD.replace("address = 0", "address = 65535"), "address"),
    (GOOD.replace("address = 0", "address = -1"), "address"),
    (GOOD.replace('"u32"', '"u33"'), "type"),
    (GOOD.replace('"u32"', "32"), "type"),
    (GOOD.replace('"Wh"', '"MWh"'), "unit"),
    (GOOD + "scale = 0.1", "scale"),
    (GOOD + 'scale = "0"', "scale"),
    (GOOD + 'scale = "-1"', "scale"),
    (GOOD + 'scale = "1e3"', "scale"),
    (GOOD + 'scale = "１"', "scale"),
    (GOOD + 'word_order = "middle"', "word_order"),
    (GOOD + 'byte_order = ""', "byte_order"),
    (GOOD + 'sentinels = "nan"', "sentinels"),
    (GOOD + "sentinels = [0]", "sentinels"),
    (GOOD + 'sentinels = ["0x100000000"]', "sentinels"),
    (GOOD + 'sentinels = ["-1"]', "sentinels"),
    (GOOD + "modulus = 1", "modulus"),
    (GOOD + 'modulus = "100"', "modulus"),
    (GOOD + 'direction = "up"', "direction"),
)


@pytest.mark.parametrize(("body", "key"), FAULTS)
def test_a_fault_names_file_register_and_key(body: str, key: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse_profile(f"[registers.roof]\n{body}".encode(), "home.toml")
    for name in ("home.toml", "'roof'", f"'{key}'"):
        assert name in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[registers]",
        b"registers = 1",
        b"[registers]\nroof = 1",
        b'name = "x"\n[registers.pv]\n' + GOOD.encode(),
        b"[registers.pv\n",
        b"\xff\xfe",
        b"[registers.pv]\nfc = 3\nfc = 3",
        b"x = " + b"[" * 5000,
    ],
)
def test_what_is_no_profile_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(InputRefused, match=r"home\.toml"):
        parse_profile(content, "home.toml")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles_are_sound_and_named_by_flow(name: str) -> None:
    profile = shipped_profile(name)
    assert "import" in profile.registers
    for flow in ("import", "export"):
        if flow in profile.registers:
            assert profile.registers[flow].direction == flow


def test_the_table_of_facts_is_what_is_shipped() -> None:
    facts = {
        name: [
            (r.fc, r.address, r.kind, r.word_order, r.scale_wh)
            for r in (
                shipped_profile(name).registers.get("import"),
                shipped_profile(name).registers.get("export"),
            )
            if r
        ]
        for name in SHIPPED
    }
    kwh = Fraction(1000)
    assert facts == {
        "eastron-sdm": [(4, 0x48, "f32", "big", kwh), (4, 0x4A, "f32", "big", kwh)],
        "schneider-iem3000": [(3, 0x0C83, "i64", "big", 1), (3, 0x0C87, "i64", "big", 1)],
        "abb-b": [(3, 0x5000, "u64", "big", 10), (3, 0x5004, "u64", "big", 10)],
        "carlo-gavazzi-em": [(4, 0x34, "i32", "little", 100), (4, 0x4E, "i32", "little", 100)],
        "janitza-umg": [(3, 0x4A7C, "f32", "big", 1), (3, 0x4A84, "f32", "big", 1)],
        "inepro-pro": [(3, 0x600C, "f32", "big", kwh), (3, 0x6018, "f32", "big", kwh)],
        "orno-we": [(3, 0xA000, "u32", "big", 10)],
        "dzg": [(3, 0x4000, "u32", "big", 1), (3, 0x4100, "u32", "big", 1)],
    }


def test_every_file_beside_the_shipped_ones_is_sound_too() -> None:
    profiles = {path.stem: read_profile(path) for path in FOLDER.glob("*.toml")}
    assert profiles.keys() == {*SHIPPED, "hatsudensho-home-example"}


def test_the_four_devices_of_a_hatsudensho_home_are_read_through_a_profile() -> None:
    """Its figures are invented: no map of 発電所長HOME is public."""
    profile = read_profile(FOLDER / "hatsudensho-home-example.toml")
    shown = {"pv": 388_200, "battery_charge": 51_230, "battery_discharge": 47_110,
             "inverter": 391_300, "battery": 48_000}  # fmt: skip
    device = MapDevice(profile, {name: fixed(wh) for name, wh in shown.items()})
    charge, discharge = PV.BATTERY_CHARGE, PV.BATTERY_DISCHARGE
    asks = [Ask(PV), Ask(charge), Ask(discharge), Ask(PV, "inverter"), Ask(discharge, "battery")]
    samples = asyncio.run(
        poll_served(device, asks, "modbus", str(FOLDER / "hatsudensho-home-example.toml"))
    )
    assert [sample.wh for sample in samples] == list(shown.values())


def fixed(wh: int) -> Callable[[int], int]:
    return lambda _at: wh


def test_a_profile_is_found_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f"[registers.pv]\n{GOOD}", encoding="utf-8")
    assert find_profile("mine.toml", tmp_path).registers.keys() == {"pv"}
    assert find_profile(str(tmp_path / "mine.toml")).registers.keys() == {"pv"}
    for missing in ("mine.toml", "", "other"):
        with pytest.raises(InputRefused):
            find_profile(missing)
    with pytest.raises(InputRefused, match=r"absent\.toml"):
        find_profile("absent.toml", tmp_path)


@pytest.mark.parametrize(
    ("names", "channel", "source", "taken"),
    [
        ("pv export import", Quantity.PV, "", "pv"),
        ("export import", Quantity.PV, "", "export"),
        ("export import", Quantity.IMPORT, "", "import"),
        ("export import", Quantity.BATTERY_CHARGE, "", "import"),
        ("export import", Quantity.BATTERY_DISCHARGE, "", "export"),
        ("export import roof", Quantity.PV, "roof", "roof"),
        ("pv export", Quantity.PV, "export", "export"),
        ("roof", Quantity.PV, "", None),
        ("export import", Quantity.PV, "roof", None),
        ("import", Quantity.PV, "", None),
    ],
)
def test_a_channel_takes_source_own_name_or_the_direction_that_fits(
    names: str, channel: Quantity, source: str, taken: str | None
) -> None:
    body = "".join(f"[registers.{name}]\n{GOOD}" for name in names.split())
    profile = parse_profile(body.encode(), "home.toml")
    if taken:
        assert register_for(profile, channel, source).name == taken
        return
    with pytest.raises(ReadingFailed) as failure:
        register_for(profile, channel, source)
    assert failure.value.outcome is Outcome.NO_CHANNEL
