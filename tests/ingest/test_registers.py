"""Registers become exact energy, or nothing."""

import struct
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.drivers import registers, sunspec_models
from ingest.drivers.frames import Request, examine
from ingest.drivers.modbus import decode
from ingest.drivers.profiles import Register
from ingest.drivers.protocol import Decoded, Implausible, Outcome, ReadingFailed, WireBroken, to_wh
from ingest.drivers.registers import KINDS, ORDERS, Kind, Order, width
from ingest.drivers.sunspec_models import POINTS, Point
from ingest.simulator.images import encode

WORDS = st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4)
VECTORS: tuple[tuple[Kind, tuple[int, ...], Order, Order, Fraction | None], ...] = (
    ("u16", (0xFFFE,), "big", "big", Fraction(65534)),
    ("i16", (0xFFFE,), "big", "big", Fraction(-2)),
    ("u32", (0x0001, 0x0002), "big", "big", Fraction(65538)),
    ("u32", (0x0001, 0x0002), "little", "big", Fraction(131073)),
    ("u32", (0x0001, 0x0002), "big", "little", Fraction(0x01000200)),
    ("u32", (0x0001, 0x0002), "little", "little", Fraction(0x02000100)),
    ("i32", (0xFFFF, 0xFFFF), "big", "big", Fraction(-1)),
    ("u64", (1, 2, 3, 4), "big", "big", Fraction(0x0001000200030004)),
    ("u64", (1, 2, 3, 4), "little", "big", Fraction(0x0004000300020001)),
    ("i64", (0x8000, 0, 0, 0), "big", "big", Fraction(-(2**63))),
    ("f32", (0x43D5, 0xC000), "big", "big", Fraction("427.5")),
    ("f32", (0xC000, 0x43D5), "little", "big", Fraction("427.5")),
    ("f32", (0x3DCC, 0xCCCD), "big", "big", Fraction(13421773, 134217728)),
    ("f32", (0x7FC0, 0), "big", "big", None),
    ("f32", (0x7F80, 0), "big", "big", None),
    ("f32", (0xFF80, 0), "big", "big", None),
    ("f64", (0x407A, 0xB800, 0, 0), "big", "big", Fraction("427.5")),
    ("f64", (0x7FF8, 0, 0, 0), "big", "big", None),
    ("bcd32", (0x1234, 0x5678), "big", "big", Fraction(12345678)),
    ("bcd32", (0x1234, 0x567A), "big", "big", None),
)


@pytest.mark.parametrize(("kind", "words", "word_order", "byte_order", "expected"), VECTORS)
def test_words_are_read_as_their_type_and_order_say(
    kind: Kind,
    words: tuple[int, ...],
    word_order: Order,
    byte_order: Order,
    expected: Fraction | None,
) -> None:
    bits = registers.pattern(words, word_order, byte_order)
    assert registers.number(bits, kind) == expected


@pytest.mark.parametrize(
    ("figure", "scale", "wh"),
    [("388.2", "1000", 388200), ("0.5", "1", 1), ("2.4", "1", 2), ("1.0005", "1000", 1001)],
)
def test_energy_is_rounded_half_up_to_a_whole_wh(figure: str, scale: str, wh: int) -> None:
    assert to_wh(Fraction(figure), Fraction(scale)) == wh


def test_a_float_counts_at_its_exact_figure() -> None:
    (nearest,) = struct.unpack(">f", struct.pack(">f", 0.0025))
    assert Fraction(nearest) < Fraction("0.0025")
    assert to_wh(Fraction(nearest), Fraction(1000)) == 2


@pytest.mark.parametrize("figure", ["-1", "-0.0001", "1e16"])
def test_a_register_no_meter_can_have_is_implausible(figure: str) -> None:
    with pytest.raises(Implausible) as refused:
        to_wh(Fraction(figure), Fraction(1))
    assert refused.value.outcome is Outcome.IMPLAUSIBLE


def test_minus_zero_is_zero() -> None:
    assert decode(a_register("f32"), (0x8000, 0)) == (0x80000000, 0, 1, None)


def test_a_sentinel_is_compared_after_ordering() -> None:
    register = a_register("u32", word_order="little", sentinels=frozenset({0x7FFFFFFF}))
    with pytest.raises(ReadingFailed) as failure:
        decode(register, (0xFFFF, 0x7FFF))
    assert failure.value.outcome is Outcome.NO_DATA
    assert decode(register, (0x7FFF, 0xFFFF))[1] == 0xFFFF7FFF


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ((0, 0, 0), Outcome.NO_DATA),
        ((0xFFFF, 0xFFFF, 0), Outcome.NO_DATA),
        ((0, 5, 0x8000), Outcome.NO_DATA),
        ((0, 5, 11), Outcome.NO_DATA),
        ((0, 5, 0xFFF5), Outcome.NO_DATA),
        ((0xFFFF, 0xFFFE, 10), Outcome.IMPLAUSIBLE),
    ],
)
def test_an_accumulator_without_a_figure_gives_none(
    words: tuple[int, ...], outcome: Outcome
) -> None:
    with pytest.raises(ReadingFailed) as failure:
        sunspec_models.decode(POINTS[103]["WH"], words, 24)
    assert failure.value.outcome is outcome


@pytest.mark.parametrize(
    ("factor", "wh", "unit_wh"),
    [
        (0, 12345, 1),
        (1, 123450, 10),
        (0xFFFF, 1235, 1),
        (0xFFFE, 123, 1),
        (10, 12345 * 10**10, 10**10),
    ],
)
def test_an_accumulator_is_scaled_by_its_factor(factor: int, wh: int, unit_wh: int) -> None:
    assert sunspec_models.decode(POINTS[103]["WH"], (0, 12345, factor), 24)[:3] == (
        12345,
        wh,
        unit_wh,
    )


def test_a_meter_with_float_counters_may_hold_zero() -> None:
    assert sunspec_models.decode(POINTS[211]["TotWhExp"], (0, 0), 60) == (0, 0, 1, None)


@given(
    st.integers(0, 2**31 - 1),
    st.sampled_from(["u32", "i32", "u64", "i64", "f64"]),
    st.sampled_from(ORDERS),
    st.sampled_from(ORDERS),
)
def test_what_a_meter_shows_is_what_is_read(
    wh: int, kind: Kind, word_order: Order, byte_order: Order
) -> None:
    register = a_register(kind, word_order=word_order, byte_order=byte_order)
    assert decode(register, encode(register, wh))[1] == wh


@given(WORDS, st.sampled_from(KINDS), st.sampled_from(ORDERS), st.sampled_from(ORDERS))
def test_no_words_break_a_register_decoder(
    words: list[int], kind: Kind, word_order: Order, byte_order: Order
) -> None:
    register = a_register(kind, word_order=word_order, byte_order=byte_order)
    assert is_energy_or_known(lambda: decode(register, words[: width(kind)]))


@given(st.lists(st.integers(0, 0xFFFF), min_size=125, max_size=125), st.data())
def test_no_words_break_a_sunspec_decoder(words: list[int], draw: st.DataObject) -> None:
    point: Point = draw.draw(st.sampled_from([p for m in POINTS.values() for p in m.values()]))
    assert is_energy_or_known(lambda: sunspec_models.decode(point, words, 0))


@settings(max_examples=300)
@given(st.binary(max_size=300), st.integers(1, 125), st.integers(0, 9))
def test_no_bytes_break_the_examination(noise: bytes, count: int, right: int) -> None:
    head = struct.pack(">HHHBBB", 7, 0, 3 + 2 * count, 1, 3, 2 * count)[:right]
    try:
        complete = examine(Request(3, 0, count, 1), 7, head + noise)
    except WireBroken:
        return
    assert not complete or len(head + noise) in (9, 9 + 2 * count)


@pytest.mark.parametrize("fc", [0, 1, 2, 5, 6, 15, 16, 22, 23, 43])
def test_nothing_but_reading_registers_can_be_asked(fc: int) -> None:
    with pytest.raises(ValueError, match="does not only read"):
        Request(fc, 0, 1, 1)


def is_energy_or_known(read: Callable[[], Decoded]) -> bool:
    try:
        return 0 <= read().wh <= 10**15
    except ReadingFailed as failure:
        return failure.outcome in (Outcome.NO_DATA, Outcome.IMPLAUSIBLE)


def a_register(
    kind: Kind,
    word_order: Order = "big",
    byte_order: Order = "big",
    sentinels: frozenset[int] = frozenset(),
) -> Register:
    return Register("export", 3, 0, kind, Fraction(1), word_order, byte_order, sentinels)
