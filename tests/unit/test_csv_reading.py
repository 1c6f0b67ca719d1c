"""CSV files as people hand them in, good and bad."""

import gzip
from pathlib import Path

import pytest

from shared.csvfile import FileRefused, Limits, Problems, read_rows
from shared.csvfile.reading import FIELD_MOST

NAME = "顧客.csv"
HEADER = "番号,氏名,備考"


def rows_of(
    text: str | bytes, name: str = NAME, limits: Limits | None = None
) -> list[tuple[int, tuple[str | None, ...]]]:
    source = text if isinstance(text, bytes) else text.encode()
    return list(read_rows(source, name, ["番号", "氏名"], ["備考"], limits=limits))


def refusal_of(text: str | bytes, name: str = NAME, limits: Limits | None = None) -> list[str]:
    with pytest.raises(FileRefused) as refused:
        rows_of(text, name, limits)
    assert str(refused.value) == "\n".join(refused.value.problems)
    return refused.value.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_utf_8_with_or_without_a_mark_and_cp932_are_read(encoding: str, end: str) -> None:
    text = end.join([HEADER, "1,髙橋①,㈱", "2,顧客0170,", ""])
    assert rows_of(text.encode(encoding)) == [
        (2, ("1", "髙橋①", "㈱")),
        (3, ("2", "顧客0170", "")),
    ]


def test_columns_come_in_declared_order_whatever_the_file_s_order() -> None:
    assert rows_of("備考,番号,氏名\nx,1,a\n") == [(2, ("1", "a", "x"))]


def test_an_absent_column_is_none_and_an_empty_cell_is_empty() -> None:
    assert rows_of("氏名,番号\na,1\n,2\n") == [(2, ("1", "a", None)), (3, ("2", "", None))]


def test_one_column_alone_is_read() -> None:
    assert list(read_rows(b"a\n1\n", "f.csv", ["a"])) == [(2, ("1",))]
    assert list(read_rows(b"a\n1\n", "f.csv", ["a"], ["b"])) == [(2, ("1", None))]


def test_lines_are_counted_through_quoted_breaks_and_empty_lines() -> None:
    several = Limits(several_lines=frozenset({"備考"}))
    text = HEADER + '\n1,a,"x\ny\r\nz"\n\n2,b,"""q"", r"\n3,c,\n'
    assert rows_of(text, limits=several) == [
        (2, ("1", "a", "x\ny\r\nz")),
        (6, ("2", "b", '"q", r')),
        (7, ("3", "c", "")),
    ]


def test_full_width_spaces_are_no_control_characters() -> None:
    assert rows_of(HEADER + "\n1,顧客　0170,\n") == [(2, ("1", "顧客　0170", ""))]


def test_text_that_is_neither_encoding_is_refused_naming_the_file() -> None:
    assert refusal_of(b"\x81\n\xff\xfe\x81") == [f"{NAME}: the text is neither UTF-8 nor CP932"]


def test_an_empty_file_is_refused_naming_the_file() -> None:
    assert refusal_of(b"") == [f"{NAME}: the file is empty"]
    assert refusal_of(b"\xef\xbb\xbf\n\n") == [f"{NAME}: the file is empty"]


def test_a_missing_file_is_refused_naming_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"^gone\.csv: cannot be read"):
        list(read_rows(tmp_path / "gone.csv", "gone.csv", ["a"]))


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("番号,氏名,住所", "line 1, 住所: unknown column"),
        ("番号,氏名,", "line 1, column 3: unknown column"),
        ("番号,氏名,a\x07b", r"line 1, 'a\x07b': unknown column"),
        ("番号,氏名,番号", "line 1, 番号: the column stands twice"),
        ("番号,備考", "line 1, 氏名: the column is missing"),
        ("\n番号,備考", "line 2, 氏名: the column is missing"),
    ],
)
def test_a_wrong_header_is_refused_naming_line_and_column(header: str, problem: str) -> None:
    assert refusal_of(header + "\n1,2,3\n") == [f"{NAME}, {problem}"]


def test_everything_wrong_with_a_header_is_told_at_once() -> None:
    assert len(refusal_of("a,b,番号,番号\n")) == 4


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("1,a,b\n2,b\n", "line 3: 2 cells where the header has 3"),
        ("1,a,b,c\n", "line 2: 4 cells where the header has 3"),
        ("1,a\0,b\n", "line 2, 氏名: control character U+0000"),
        ("1,a,b\x1b[2J\n", "line 2, 備考: control character U+001B"),
        ("1,a\tb,\n", "line 2, 氏名: control character U+0009"),
        ('1,"a\nb",\n', "line 2, 氏名: control character U+000A"),
        ("1,\x85a,\n", "line 2, 氏名: control character U+0085"),
        (f"1,a,\n2,{'x' * (FIELD_MOST + 1)},\n", "line 3: a cell has more than 10000 characters"),
        ('1,a,\n2,"b,\n3,c,\n', "line 3: a quotation mark is opened and never closed"),
    ],
)
def test_a_wrong_row_is_refused_naming_the_line_on_which_it_begins(rows: str, problem: str) -> None:
    assert refusal_of(f"{HEADER}\n{rows}") == [f"{NAME}, {problem}"]


def test_quotation_marks_that_do_not_fit_are_refused() -> None:
    (problem,) = refusal_of(f'{HEADER}\n1,"a"b,\n')
    assert problem.startswith(f"{NAME}, line 2: the quotation marks do not fit")


def test_control_characters_are_refused_also_in_a_column_of_several_lines() -> None:
    several = Limits(several_lines=frozenset({"備考"}))
    assert refusal_of(f"{HEADER}\n1,a,b\x07\n", limits=several) == [
        f"{NAME}, line 2, 備考: control character U+0007"
    ]


def test_faults_are_reported_together_up_to_twenty() -> None:
    problems = refusal_of(HEADER + "\n" + "1\n" * 5)
    assert [problem.split(":")[0] for problem in problems] == [
        f"{NAME}, line {line}" for line in range(2, 7)
    ]
    many = refusal_of(HEADER + "\n" + "1\n" * 50)
    assert len(many) == 21
    assert many[-1] == f"{NAME}: too many faults, reading stopped"


def test_a_caller_s_own_problems_are_collected_beside_those_of_the_rows() -> None:
    problems = Problems(NAME)
    source = (HEADER + "\n1,a,\n2\n3,c,\n").encode()
    for line, cells in read_rows(source, NAME, ["番号", "氏名"], ["備考"], problems=problems):
        problems.add(line, "氏名", f"{cells[1]} is not wanted")
    with pytest.raises(FileRefused) as refused:
        problems.check()
    assert [problem.split(", ")[1] for problem in refused.value.problems] == [
        "line 2",
        "line 3: 1 cells where the header has 3",
        "line 4",
    ]
    assert problems.lines == {2, 3, 4}


def test_a_file_of_too_many_rows_or_bytes_is_refused_naming_the_file() -> None:
    text = HEADER + "\n1,a,\n2,b,\n"
    assert refusal_of(text, limits=Limits(rows=1)) == [f"{NAME}: more than 1 rows"]
    assert refusal_of(text, limits=Limits(size=10)) == [f"{NAME}: more than 0 MB of text"]


def test_the_name_decides_whether_a_file_is_gzip() -> None:
    packed = gzip.compress(f"{HEADER}\n1,a,\n".encode())
    assert rows_of(packed, "r.csv.gz") == [(2, ("1", "a", ""))]
    assert refusal_of(f"{HEADER}\n".encode(), "r.csv.gz") == [
        "r.csv.gz: not a gzip file, or a damaged one"
    ]
    assert refusal_of(packed, "r.csv")[0].startswith("r.csv")


def test_a_gzip_file_that_is_cut_off_or_damaged_is_refused_naming_the_file() -> None:
    packed = gzip.compress(f"{HEADER}\n1,a,\n".encode())
    assert refusal_of(packed[:-4], "r.csv.gz") == ["r.csv.gz: the gzip file is cut off"]
    damaged = packed[:15] + bytes([packed[15] ^ 0xFF]) + packed[16:]
    assert refusal_of(damaged, "r.csv.gz")[0].startswith("r.csv.gz: ")


def test_a_gzip_file_that_unpacks_to_too_much_is_refused_before_it_is_read() -> None:
    bomb = gzip.compress(HEADER.encode() + b"\n" * 5_000_000)
    assert refusal_of(bomb, "r.csv.gz", Limits(size=2_000_000)) == [
        "r.csv.gz: more than 2 MB of text"
    ]


def test_a_row_without_end_is_refused_before_it_fills_the_memory() -> None:
    endless = f"{HEADER}\n1,".encode() + b"x" * 3_000_000
    assert refusal_of(endless) == [f"{NAME}, line 2: the row is longer than a megabyte"]


def test_utf_16_is_refused_by_its_name() -> None:
    assert refusal_of("\ufeff番号,氏名".encode("utf-16-le")) == [
        f"{NAME}: the text is UTF-16; save it as UTF-8 or CP932"
    ]
