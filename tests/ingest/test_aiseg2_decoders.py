"""AiSEG2's decoders alone: real quirks, broken files, and bodies from nowhere.

PPA_RANDOM_BODIES sets how many of those (3,000; 100,000 before a release).
"""

import io
import os
import random
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable

import pytest

from ingest.drivers.aiseg2_card import (
    MOST_CSV_BYTES,
    Card,
    decode_half_hours,
    find_token,
)
from ingest.drivers.aiseg2_pages import decode_day_page, decode_live
from ingest.drivers.digest import DigestDoor
from ingest.drivers.protocol import Outcome, ReadingFailed
from ingest.simulator import aiseg2_pages as pages
from tests.ingest.aisegs import HOME, TODAY, YESTERDAY
from tests.ingest.gateways import EXPORT, IMPORT, NOON, PV

BODIES = int(os.environ.get("PPA_RANDOM_BODIES", "3000"))
PAGE = pages.day_page(HOME, pages.SELL, YESTERDAY, NOON)
NAME = f"30minhistory_rc_{YESTERDAY:%Y%m%d}.csv"
CARD = pages.card_zip(HOME, NOON, 3)


def fails(outcome: Outcome, decode: Callable[[], object]) -> str:
    """Assert how a decoder fails; return its sentence."""
    with pytest.raises(ReadingFailed) as failure:
        decode()
    assert failure.value.outcome is outcome
    return str(failure.value)


def bad(page: str) -> str:
    return fails(Outcome.BAD_ANSWER, lambda: decode_day_page(page.encode(), EXPORT, YESTERDAY))


# -- pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wh"),
    [("0.666", 666), ("０．６６６", 666), ("1,234.5", 1_234_500), ("12", 12_000), ("-", None)],
)
def test_a_figure_may_be_full_width_grouped_or_missing(text: str, wh: int | None) -> None:
    zeros = ",".join(["0"] * 23)
    hours = f'"total1":[{0 if wh is None else wh / 1000},{zeros}]'
    page = (
        f'<p id=val_current>2024/06/09</p><span id="val_kwh">{text}</span>'
        f"<script>var graph_data = {{{hours}}};</script>"
    )
    if wh is not None and wh > 100_000:
        assert "more than a home" in fails(
            Outcome.IMPLAUSIBLE, lambda: decode_day_page(page.encode(), EXPORT, YESTERDAY)
        )
        return
    told = decode_day_page(page.encode(), EXPORT, YESTERDAY)
    assert told.total_wh == wh
    assert told.hours[0] == wh
    assert told.clock_at is None


def test_an_hour_of_a_dash_or_null_is_a_hole_and_never_zero() -> None:
    for hole in ("null", '"-"', '"－"'):
        hours = PAGE.split('"total1":[')[1].split("]")[0].split(",")
        hours[2] = hole
        before, _, rest = PAGE.partition('"total1":[')
        page = f'{before}"total1":[{",".join(hours)}]{rest.split("]", 1)[1]}'
        told = decode_day_page(page.encode(), EXPORT, YESTERDAY)
        assert [n for n, wh in enumerate(told.hours) if wh is None] == [2]


def test_a_page_that_contradicts_itself_or_the_question_is_a_bad_answer() -> None:
    assert "2024-06-08" in bad(PAGE.replace("2024/06/09", "2024/06/08"))
    assert "no day" in bad(PAGE.replace("2024/06/09", "2024/13/41"))
    assert "sum up" in bad(PAGE.replace('"val_kwh">15.', '"val_kwh">25.'))
    assert "23 hours" in bad(PAGE.replace('"total1":[0.0,', '"total1":[', 1))
    assert "25 hours" in bad(PAGE.replace('"total1":[', '"total1":[0,', 1))
    assert "発電量" in bad(PAGE.replace('h_title">売電量', 'h_title">発電量'))
    assert "val_kwh" in bad(PAGE.replace("val_kwh", "val_none"))
    assert "list of numbers" in bad(PAGE.replace('"total1":[0', '"total1":[NaN', 1))


def test_the_live_answer_without_a_measuring_unit_has_no_data() -> None:
    flow = decode_live(pages.live_answer(HOME, NOON).encode())
    assert (flow.generation_w, flow.consumption_w, flow.grid) == (2100, 300, "sell")
    dead = pages.live_answer(HOME, NOON, registered=False).encode()
    fails(Outcome.NO_DATA, lambda: decode_live(dead))
    for body in (b"", b"[]", b"{}", b"[" * 9999, b'{"g_capacity":"x","lo_buy_sell":1}'):
        fails(Outcome.BAD_ANSWER, lambda body=body: decode_live(body))  # type: ignore[misc]


# -- the SD card ------------------------------------------------------------------------------


def half_hours(columns: dict[str, str], rows: int = 48) -> bytes:
    """Return a day's file whose columns hold the same cell in every row."""
    lines = [",".join(["計測日時", *columns])]
    for n in range(rows):
        clock = f"{n // 2:02d}{30 * (n % 2):02d}"
        lines.append(f"{YESTERDAY:%Y%m%d}{clock}+0900,{','.join(columns.values())}")
    return "\r\n".join(lines).encode("utf-8-sig")


def test_generation_is_the_sum_of_the_roofs_that_measure() -> None:
    columns = {
        "太陽光発電(創蓄パワコン)": "-",
        "太陽光発電(ＰＶ１)": "200",
        "太陽光発電（PV2）": "50",
    }
    told = decode_half_hours(half_hours(columns), PV, YESTERDAY)
    assert {wh for _, wh in told} == {250}
    assert len(told) == 48


def test_a_roof_that_falls_silent_for_a_slot_makes_it_a_hole() -> None:
    body = half_hours({"太陽光発電(PV1)": "200", "太陽光発電(PV2)": "50"}).decode("utf-8-sig")
    lines = body.split("\r\n")
    lines[5] = lines[5].replace(",50", ",-")
    told = decode_half_hours("\r\n".join(lines).encode(), PV, YESTERDAY)
    assert [n for n, (_, wh) in enumerate(told) if wh is None] == [4]


def test_missing_rows_are_holes_and_a_missing_column_no_channel() -> None:
    told = decode_half_hours(half_hours({"主幹売電": "7"}, rows=40), EXPORT, YESTERDAY)
    assert [wh for _, wh in told].count(None) == 8
    only = half_hours({"主幹売電": "7"})
    fails(Outcome.NO_CHANNEL, lambda: decode_half_hours(only, IMPORT, YESTERDAY))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("計測日時", "日時"),
        lambda text: text.replace(",7", ",-7", 1),
        lambda text: text.replace(",7", ",7.5", 1),
        lambda text: text.replace(",7", ",", 1),
        lambda text: text.replace(",7", ",99999", 1),
        lambda text: text.replace("0030+0900", "0000+0900"),
        lambda text: text.replace("0030+0900", "0015+0900"),
        lambda text: text.replace("202406090030", "202406100030"),
        lambda text: text.replace("0030+0900", "0030"),
        lambda text: text.replace("主幹売電", "主幹売電,主幹売電", 1),
        lambda text: "",
    ],
)
def test_a_file_that_is_not_what_it_has_to_be_is_refused(spoil: Callable[[str], str]) -> None:
    body = spoil(half_hours({"主幹売電": "7"}).decode("utf-8-sig")).encode()
    fails(Outcome.BAD_ANSWER, lambda: decode_half_hours(body, EXPORT, YESTERDAY))


def a_zip(*members: tuple[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", packed) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, compress_type=packed)
    return octets.getvalue()


def test_a_zip_bomb_costs_no_memory_and_gives_nothing() -> None:
    bomb = a_zip((NAME, b"0" * 50_000_000))
    assert len(bomb) < 100_000
    tracemalloc.start()
    sentence = fails(Outcome.BAD_ANSWER, lambda: Card(bomb).day(EXPORT, YESTERDAY))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "longer than" in sentence
    assert peak < 20 * MOST_CSV_BYTES


def test_only_known_names_packed_as_usual_are_opened() -> None:
    body = half_hours({"主幹売電": "7"})
    assert Card(a_zip((f"../../etc/{NAME}", body))).day(EXPORT, YESTERDAY) is not None
    assert Card(a_zip(("passwd", body))).day(EXPORT, YESTERDAY) is None
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = a_zip((NAME, body), (NAME, body))
    unusual = a_zip((NAME, body), packed=zipfile.ZIP_BZIP2)
    encrypted = bytearray(a_zip((NAME, body)))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(mark) + place] |= 1
    for spoilt in (twice, unusual, bytes(encrypted)):
        fails(Outcome.BAD_ANSWER, lambda spoilt=spoilt: Card(spoilt).day(EXPORT, YESTERDAY))  # type: ignore[misc]
    crowd = b"PK" + b"PK\x01\x02" * 50_000
    fails(Outcome.BAD_ANSWER, lambda: Card(crowd))


def test_the_token_is_found_however_the_tag_is_written() -> None:
    assert find_token(pages.card_page(has_card=True).encode()) == pages.TOKEN
    assert find_token(pages.card_page(has_card=False).encode()) is None
    assert find_token(b"<INPUT value='a-1' type=hidden name='csrftoken'>") == "a-1"
    assert find_token(b'<input name="csrftoken" value="a&b">') is None


# -- bodies from nowhere ----------------------------------------------------------------------


def spoilt(chance: random.Random, body: bytes) -> bytes:
    """Return a body with some octets changed, a part cut out, or another part twice."""
    octets = bytearray(body)
    for _ in range(chance.randrange(1, 12)):
        octets[chance.randrange(len(octets))] = chance.randrange(256)
    a, b = sorted(chance.randrange(len(octets)) for _ in range(2))
    match chance.randrange(4):
        case 0:
            del octets[a:b]
        case 1:
            octets[a:a] = octets[a:b]
        case 2:
            del octets[a:]
    return bytes(octets)


def decoders() -> list[tuple[bytes, Callable[[bytes], object]]]:
    small = half_hours({"主幹売電": "7", "太陽光発電(PV1)": "9"})
    card = a_zip((NAME, small))
    return [
        (PAGE.encode(), lambda body: decode_day_page(body, EXPORT, YESTERDAY)),
        (pages.live_answer(HOME, NOON).encode(), decode_live),
        (small, lambda body: decode_half_hours(body, PV, YESTERDAY)),
        (card, lambda body: Card(body).day(EXPORT, YESTERDAY)),
        (pages.card_page(has_card=True).encode(), find_token),
        (b'Digest realm="a", nonce="b", qop="auth", algorithm=MD5', sign),
    ]


def sign(header: bytes) -> object:
    door = DigestDoor("aiseg", "x")
    door.challenged([header.decode("latin-1")], is_retry=False)
    return door.sign("GET", "/")


def test_bodies_from_nowhere_raise_nothing_but_their_outcome() -> None:
    chance = random.Random(170)  # noqa: S311 - the same bodies in every run
    known = decoders()
    ended = Counter(ending(chance, *known[n % len(known)]) for n in range(BODIES))
    assert set(ended) <= {None, Outcome.BAD_ANSWER, Outcome.NO_CHANNEL, Outcome.NO_DATA,
                          Outcome.IMPLAUSIBLE}  # fmt: skip
    assert ended[None] > BODIES // 50
    assert ended[Outcome.BAD_ANSWER] > BODIES // 4


def ending(chance: random.Random, body: bytes, decode: Callable[[bytes], object]) -> Outcome | None:
    """Return how a decoder fails at a spoilt body, or at one of mere chance; or None."""
    strange = spoilt(chance, body) if chance.random() < 0.8 else chance.randbytes(400)
    try:
        decode(strange)
    except ReadingFailed as failure:
        return failure.outcome
    return None


def test_no_spoilt_page_of_another_day_tells_a_figure() -> None:
    chance = random.Random(171)  # noqa: S311 - the same pages in every run
    other = pages.day_page(HOME, pages.SELL, TODAY, NOON).encode()
    for _ in range(BODIES // 4):
        strange = spoilt(chance, other)
        if b"2024/06/09" not in strange:
            with pytest.raises(ReadingFailed):
                decode_day_page(strange, EXPORT, YESTERDAY)
