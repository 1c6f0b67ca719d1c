"""ECHONET Lite frames: every length is checked, and only day selectors are ever set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.drivers.echonet_frames import (
    CONTROLLER,
    DAY_SELECTORS,
    GET,
    SET_C,
    Frame,
    FrameBroken,
    Property,
    Request,
    asking,
    choose_day,
    decode,
    encode,
    get,
)

METER = 0x028801
QUESTION = get(METER, [0xE0, 0xE3, 0xD3])
BYTES = st.binary(max_size=255)


def answering(*properties: tuple[int, bytes], esv: int = 0x72, seoj: int = METER) -> Frame:
    told = tuple(Property(epc, edt) for epc, edt in properties)
    return Frame(7, seoj, CONTROLLER, esv, told)


def test_a_get_looks_as_the_standard_says() -> None:
    assert asking(0x1234, get(METER, [0xE0, 0xE3])).hex() == "1081123405ff010288016202e000e300"
    assert asking(1, choose_day(METER, 0xE5, 2)).hex() == "1081000105ff010288016101e50102"


@given(
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFF),
    st.integers(0, 0xFF),
    st.lists(st.tuples(st.integers(0, 0xFF), BYTES), min_size=1, max_size=20),
)
def test_what_was_written_is_read_again(
    tid: int, eoj: int, esv: int, told: list[tuple[int, bytes]]
) -> None:
    frame = Frame(tid, eoj, CONTROLLER, esv, tuple(Property(*one) for one in told))
    assert decode(encode(frame)) == frame


@given(st.lists(BYTES, min_size=1, max_size=4), st.data())
def test_a_frame_that_is_cut_or_goes_on_is_broken(edts: list[bytes], data: st.DataObject) -> None:
    frame = answering(*((0xE0 + n, edt) for n, edt in enumerate(edts)))
    whole = encode(frame)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for wrong in (whole[:cut], whole + b"\0"):
        with pytest.raises(FrameBroken):
            decode(wrong)


@pytest.mark.parametrize("esv", sorted(set(range(256)) - {GET}))
def test_nothing_but_get_reads(esv: int) -> None:
    with pytest.raises(ValueError, match="does not only read"):
        Request(METER, esv, (Property(0xE0),))


def test_nothing_but_a_day_selector_is_ever_set() -> None:
    may = set()
    for code in (0x0279, 0x027D, 0x0280, 0x0287, 0x0288, 0x028D, 0x028E, 0x02A5, 0x0EF0, 0x0130):
        for epc in range(256):
            try:
                Request(code << 8 | 1, SET_C, (Property(epc, b"\x05"),))
            except ValueError:
                continue
            may.add((code, epc))
    assert may == {(0x0288, 0xE5), (0x028D, 0xE0)} == DAY_SELECTORS


@pytest.mark.parametrize("edt", [b"", b"\x64", b"\xff", b"\x00\x01"])
def test_a_day_selector_takes_one_byte_from_0_to_99(edt: bytes) -> None:
    with pytest.raises(ValueError, match="does not only read"):
        Request(METER, SET_C, (Property(0xE5, edt),))
    with pytest.raises(ValueError, match="does not only read"):
        Request(METER, SET_C, (Property(0xE5, b"\0"), Property(0xE5, edt)))


@pytest.mark.parametrize("days_ago", [-1, 100, 255, 256])
def test_no_meter_shows_a_day_longer_ago(days_ago: int) -> None:
    with pytest.raises(ValueError, match="no meter shows"):
        choose_day(METER, 0xE5, days_ago)


def test_all_instances_at_once_are_never_asked() -> None:
    for eoj in (0x028800, 0x028880):
        with pytest.raises(ValueError, match="no single instance"):
            get(eoj, [0xE0])


def test_a_refusal_still_tells_what_is_there() -> None:
    frame = answering((0xE0, b"\0\0\0\1"), (0xE3, b""), (0xD3, b""), esv=0x52)
    assert QUESTION.answer(frame) == {0xE0: b"\0\0\0\1", 0xE3: None, 0xD3: None}


def test_a_refusal_may_leave_out_what_was_too_much() -> None:
    assert QUESTION.answer(answering((0xE0, b"\1"), esv=0x52)) == {0xE0: b"\1"}


@pytest.mark.parametrize(
    "frame",
    [
        answering((0xE0, b"\1"), (0xE3, b"\1"), (0xD3, b"\1"), seoj=0x028802),
        answering((0xE0, b"\1"), (0xE3, b"\1"), (0xD3, b"\1"), esv=0x73),
        answering((0xE0, b"\1"), (0xE3, b"\1"), (0xD3, b"\1"), esv=0x71),
        answering((0xE0, b"\1"), (0xE3, b"\1")),
        answering((0xE0, b"\1"), (0xE3, b"\1"), (0xD3, b"")),
        answering((0xE0, b"\1"), (0xE3, b"\1"), (0xE7, b"\1")),
        answering((0xE0, b"\1"), (0xE0, b"\1"), (0xE3, b"\1"), esv=0x52),
        Frame(7, METER, 0x0EF001, 0x72, answering((0xE0, b"\1")).properties),
    ],
)
def test_an_answer_that_contradicts_its_question_is_broken(frame: Frame) -> None:
    with pytest.raises(FrameBroken):
        QUESTION.answer(frame)
