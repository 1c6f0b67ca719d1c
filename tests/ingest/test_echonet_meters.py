"""What ECHONET Lite properties say: exact energy, or nothing."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from ingest.drivers import echonet_meters as meters
from ingest.drivers.echonet_classes import KINDS, choose
from ingest.drivers.echonet_frames import decode
from ingest.drivers.echonet_meters import Scale, read_history, read_register, scale_of
from ingest.drivers.protocol import Outcome, ReadingFailed
from ingest.simulator.echonet import property_map
from shared.energy.quantities import Quantity
from shared.months import instant
from tests.ingest.gateways import EXPORT, IMPORT, PV

REAL = bytes.fromhex(
    Path(__file__).with_name("real-meter-E2-day2.hex").read_text(encoding="ascii").strip()
)
SMART, SUB, OTHERS, PANELS = KINDS[0x0288], KINDS[0x028D], KINDS[0x028E], KINDS[0x0279]
TENTHS = Scale(Fraction(100), 99_999_999, 1_000_000)
E1 = {0xE1: b"\x01", 0xD7: b"\x06"}


def counts(figure: int) -> bytes:
    return figure.to_bytes(4, "big")


def test_a_day_of_a_real_meter_is_read() -> None:
    frame = decode(REAL)
    (told,) = frame.properties
    assert (frame.seoj, frame.esv, told.epc, len(told.edt)) == (0x028801, 0x72, 0xE2, 194)
    word, slots = read_history("028801.E2", told.edt, TENTHS)
    assert (word, len(slots)) == (2, 48)
    energies = [slot.wh for slot in slots if slot is not None]
    assert (energies[0], energies[-1], len(energies)) == (270_900, 285_700, 48)
    assert energies == sorted(energies)


@pytest.mark.parametrize("length", range(len(REAL)))
def test_no_piece_of_a_real_answer_is_taken_for_it(length: int) -> None:
    with pytest.raises(ReadingFailed):
        decode(REAL[:length])


@pytest.mark.parametrize(
    ("unit", "coefficient", "figure", "wh", "unit_wh"),
    [
        (0x00, None, 5, 5000, 1000),
        (0x01, None, 3882, 388_200, 100),
        (0x02, 1, 38_820, 388_200, 10),
        (0x03, 10, 5, 50, 10),
        (0x04, None, 15, 2, 1),
        (0x0A, None, 5, 50_000, 10_000),
        (0x0D, 2, 5, 100_000_000, 20_000_000),
    ],
)
def test_counts_are_worth_unit_times_coefficient(
    unit: int, coefficient: int | None, figure: int, wh: int, unit_wh: int
) -> None:
    answer = {
        0xE3: counts(figure),
        0xE1: bytes([unit]),
        0xD3: None if coefficient is None else counts(coefficient),
        0xD7: None,
    }
    _, decoded = read_register(SMART, 0x028801, 0xE3, answer)
    assert (decoded.raw, decoded.wh, decoded.unit_wh) == (figure, wh, unit_wh)


def test_the_register_wraps_where_its_digits_end() -> None:
    for digits, modulus_wh in ((b"\x06", 100_000_000), (b"\x08", 10_000_000_000), (None, None)):
        answer = {0xE0: counts(3), 0xE1: b"\x01", 0xD7: digits}
        assert read_register(SMART, 0x028801, 0xE0, answer)[1].modulus_wh == modulus_wh
    assert read_register(PANELS, 0x027901, 0xE1, {0xE1: counts(3)})[1] == (3, 3, 1, 10**9)


def test_digits_that_are_too_few_for_the_register_say_nothing() -> None:
    answer = {0xE0: counts(1_000_000), 0xE1: b"\x01", 0xD7: b"\x06"}
    assert read_register(SMART, 0x028801, 0xE0, answer)[1].modulus_wh is None


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({0xE3: counts(0xFFFFFFFE)}, Outcome.NO_DATA),
        ({0xE3: counts(0x7FFFFFFE)}, Outcome.NO_DATA),
        ({0xE3: counts(100_000_000)}, Outcome.IMPLAUSIBLE),
        ({0xE3: b"\0\0\1"}, Outcome.BAD_ANSWER),
        ({0xE3: b"\0\0\0\0\1"}, Outcome.BAD_ANSWER),
        ({0xE3: b""}, Outcome.BAD_ANSWER),
        ({0xE3: None}, Outcome.NO_CHANNEL),
        ({0xE1: None}, Outcome.NO_DATA),
        ({0xE1: b"\x05"}, Outcome.BAD_ANSWER),
        ({0xE1: b"\0\1"}, Outcome.BAD_ANSWER),
        ({0xD3: counts(0)}, Outcome.NO_DATA),
        ({0xD3: b"\1"}, Outcome.BAD_ANSWER),
        ({0xD7: b"\0"}, Outcome.BAD_ANSWER),
        ({0xD7: b"\x09"}, Outcome.BAD_ANSWER),
    ],
)
def test_what_is_no_figure_is_never_a_number(
    told: dict[int, bytes | None], outcome: Outcome
) -> None:
    answer: dict[int, bytes | None] = {0xE3: counts(3882), **E1, **told}
    with pytest.raises(ReadingFailed) as failure:
        read_register(SMART, 0x028801, 0xE3, answer)
    assert failure.value.outcome is outcome


def test_a_stamped_register_carries_its_instant() -> None:
    stamp = bytes.fromhex("07e8060a0c1e00")
    stamped_at, decoded = read_register(SUB, 0x028D01, 0xEB, {0xEB: stamp + counts(7), 0xD4: b"\0"})
    assert (stamped_at, decoded.wh) == (instant(date(2024, 6, 10)) + 45_000, 7000)
    for wrong in ("07e8060a0c1e3c", "07e8000a0c1e00", "07e8060a181e00", "ffffffffffffff"):
        with pytest.raises(ReadingFailed) as failure:
            read_register(SUB, 0x028D01, 0xEB, {0xEB: bytes.fromhex(wrong) + counts(7), 0xD4: b""})
        assert failure.value.outcome in (Outcome.NO_DATA, Outcome.BAD_ANSWER)


def test_a_hole_of_a_day_stays_a_hole() -> None:
    slots = [counts(n) for n in range(48)]
    slots[20] = counts(0xFFFFFFFE)
    word, told = read_history("028801.E4", b"\0\3" + b"".join(slots), TENTHS)
    assert (word, told[20], told[19] and told[19].wh, told[21] and told[21].wh) == (
        3,
        None,
        1900,
        2100,
    )


@pytest.mark.parametrize("length", [0, 1, 2, 190, 193, 195, 198])
def test_a_day_of_another_length_is_a_bad_answer(length: int) -> None:
    with pytest.raises(ReadingFailed) as failure:
        read_history("028801.E4", bytes(length), TENTHS)
    assert failure.value.outcome is Outcome.BAD_ANSWER


def test_every_class_has_its_registers() -> None:
    sources = {
        f"{code:04X}01.{epc:02X}": kind.registers[epc]
        for code, kind in KINDS.items()
        for epc in kind.registers
    }
    assert sources["028801.E3"] == 0xE4
    assert sources["028D01.E1"] == 0xE2
    assert {"028E01.E2", "027901.E1", "027D01.A8", "027D01.D6", "02A501.E3"} <= sources.keys()


@pytest.mark.parametrize(
    ("channel", "source", "eoj", "epc"),
    [
        (EXPORT, "", 0x028801, 0xE3),
        (IMPORT, "", 0x028801, 0xE0),
        (PV, "", 0x027901, 0xE1),
        (PV.BATTERY_CHARGE, "", 0x027D01, 0xA8),
        (PV.BATTERY_DISCHARGE, "", 0x027D01, 0xA9),
        (PV, "028d02.e3", 0x028D02, 0xE3),
    ],
)
def test_a_channel_takes_its_source_or_the_default(
    channel: Quantity, source: str, eoj: int, epc: int
) -> None:
    assert choose(channel, source)[:2] == (eoj, epc)


@pytest.mark.parametrize("source", ["028801.E7", "013001.E0", "028800.E3", "0288FF.E3", "pv"])
def test_what_is_no_cumulative_register_feeds_no_channel(source: str) -> None:
    with pytest.raises(ReadingFailed) as failure:
        choose(EXPORT, source)
    assert failure.value.outcome is Outcome.NO_CHANNEL


@pytest.mark.parametrize("count", [1, 15, 16, 40, 128])
def test_a_property_map_is_read_in_both_its_forms(count: int) -> None:
    epcs = list(range(0x80, 0x80 + count))
    assert meters.property_map(property_map(epcs)) == frozenset(epcs)


@pytest.mark.parametrize("edt", [b"", b"\x02\x80", b"\x10" + bytes(15), b"\x10" + bytes(16)])
def test_a_property_map_that_contradicts_itself_is_a_bad_answer(edt: bytes) -> None:
    if edt:
        with pytest.raises(ReadingFailed):
            meters.property_map(edt)
    else:
        with pytest.raises(ReadingFailed):
            meters.instances(b"\x02\x02\x88\x01")


@pytest.mark.parametrize(
    ("later_s", "error_s"), [(0, 0), (59, 0), (60, -1), (660, -601), (-1, 1), (-600, 600)]
)
def test_a_clock_of_minutes_is_right_within_its_minute(later_s: int, error_s: int) -> None:
    shown = instant(date(2024, 6, 10)) + 45_000
    answer = {meters.CLOCK: b"\x0c\x1e", meters.DATE: bytes.fromhex("07e8060a")}
    assert meters.clock_error_s(answer, shown + later_s) == error_s


def test_a_device_without_a_clock_has_no_clock_error() -> None:
    whole = {meters.CLOCK: b"\x0c\x1e", meters.DATE: bytes.fromhex("07e8060a")}
    for epc, edt in ((meters.CLOCK, None), (meters.CLOCK, b"\x18\0"), (meters.DATE, bytes(4))):
        assert meters.clock_error_s({**whole, epc: edt}, 0) is None


def test_scales_are_those_of_the_class() -> None:
    assert scale_of(OTHERS, {0xD4: b"\x03"}).wh == 1
    assert scale_of(KINDS[0x02A5], {}).wh == 1
    assert scale_of(KINDS[0x0280], {0xE2: b"\x02"}).wh == 10
