"""CSV files as they leave, and what comes back from them."""

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.csvfile import Column, CsvWriter, Limits, guarded, read_rows, unguarded
from shared.csvfile.guarding import TRIGGERS

COLUMNS = [Column("氏名", is_text=True), Column("利用量(kWh)"), Column("備考", is_text=True)]
CLEAN = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\r',\"=+-@＝〜"),
    max_size=30,
)


def written(*rows: tuple[str | int | None, ...], encoding: str = "utf-8") -> bytes:
    return b"".join(CsvWriter(COLUMNS, encoding).chunks(rows))


def test_utf_8_has_a_mark_and_crlf() -> None:
    assert written(("顧客0170", 12, None)) == codecs.BOM_UTF8 + (
        "氏名,利用量(kWh),備考\r\n顧客0170,12,\r\n".encode()
    )


def test_cp932_has_no_mark() -> None:
    assert written(("髙橋", 1, "①"), encoding="cp932") == (
        "氏名,利用量(kWh),備考\r\n髙橋,1,①\r\n".encode("cp932")
    )


def test_quotes_commas_and_breaks_are_quoted() -> None:
    assert written(('a"b', 1, "x,y\nz")).endswith(b'"a""b",1,"x,y\nz"\r\n')


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_text_that_a_spreadsheet_would_take_for_a_formula_is_guarded(trigger: str) -> None:
    text = f"{trigger}1+1"
    _, row = csv.reader(io.StringIO(written((text, 1, "")).decode("utf-8-sig"), newline=""))
    assert row == ["'" + text, "1", ""]


def test_numbers_stay_numbers() -> None:
    assert written(("a", -5, "")).endswith(b"a,-5,\r\n")
    assert written(("a", "-5.20", "")).endswith(b"a,-5.20,\r\n")


def test_letters_that_cp932_has_not_become_a_mark_and_the_cells_are_counted() -> None:
    writer = CsvWriter(COLUMNS, "cp932")
    rows: list[tuple[str | int | None, ...]] = [("𠮷野é", 1, "—"), ("吉野", 2, "")]
    text = b"".join(writer.chunks(rows)).decode("cp932")
    assert text.splitlines()[1:] == ["〓野〓,1,〓", "吉野,2,"]
    assert writer.replaced == 2


def test_a_file_is_written_in_pieces_of_many_rows() -> None:
    rows = ((f"顧客{n:04}", n, "") for n in range(2_500))
    pieces = list(CsvWriter(COLUMNS).chunks(rows))
    assert len(pieces) == 5
    file = io.BytesIO()
    CsvWriter(COLUMNS).write(file, ((f"顧客{n:04}", n, "") for n in range(2_500)))
    assert file.getvalue() == b"".join(pieces)


@given(st.text())
def test_a_guarded_cell_never_begins_with_a_trigger_and_comes_back_as_it_was(text: str) -> None:
    assert guarded(text)[:1] not in TRIGGERS or not text
    assert unguarded(guarded(text)) == text


@given(st.lists(st.tuples(CLEAN, st.integers(), CLEAN), max_size=20))
def test_what_is_written_is_read_back(rows: list[tuple[str, int, str]]) -> None:
    several = Limits(several_lines=frozenset({"氏名", "備考"}))
    headers = [column.header for column in COLUMNS]
    back = [
        (unguarded(name or ""), int(use or ""), unguarded(note or ""))
        for _, (name, use, note) in read_rows(written(*rows), "a.csv", headers, limits=several)
    ]
    assert back == rows


@given(st.lists(st.tuples(CLEAN, st.integers(), CLEAN), max_size=20))
def test_a_spreadsheet_s_reader_finds_no_formula(rows: list[tuple[str, int, str]]) -> None:
    text = written(*rows).decode("utf-8-sig")
    for name, _, note in csv.reader(io.StringIO(text, newline="")):
        assert name[:1] not in TRIGGERS or not name
        assert note[:1] not in TRIGGERS or not note
