"""A fault of a file is known by its kind, so that a page can tell it in any language."""

import pytest

from shared.csvfile import FileRefused
from shared.customers.importing import encoding_of, read_customers
from tests.data.customer_files import HEADERS, a_file, a_row


def faults_of(content: bytes) -> list[tuple[str, int, str, str]]:
    try:
        found = read_customers(content, "顧客.csv", "11").problems.faults
    except FileRefused as refused:
        found = list(refused.faults)
    return [(one.kind, one.line, one.column, one.cell) for one in found]


def test_a_bad_cell_tells_line_column_field_and_what_stood_there() -> None:
    rows = [a_row(1), a_row(2, 契約開始日="2024-13-01"), a_row(1)]
    assert faults_of(a_file(*rows)) == [
        ("contract_from", 3, "契約開始日", "2024-13-01"),
        ("twice", 4, "顧客番号", "2"),
    ]


HEADER = ",".join(HEADERS)


@pytest.mark.parametrize(
    ("content", "kinds"),
    [
        (b"", ["empty"]),
        ("顧客番号,色\n".encode(), ["unknown_column", *["column_missing"] * 9]),
        (f"{HEADER},氏名\n".encode(), ["column_twice"]),
        (f"{HEADER}\n1,2\n".encode(), ["cells"]),
        (f'{HEADER}\n"1'.encode(), ["quotes"]),
        (f"{HEADER}\n\x01{',' * 9}\n".encode(), ["control"]),
        (b"\xff\xfea\x00", ["utf16"]),
        (b"\x81\x00\xff", ["encoding"]),
    ],
)
def test_every_fault_of_a_file_has_a_kind(content: bytes, kinds: list[str]) -> None:
    assert [kind for kind, *_ in faults_of(content)] == kinds


@pytest.mark.parametrize(("codec", "found"), [("utf-8-sig", "utf-8-sig"), ("cp932", "cp932")])
def test_the_encoding_is_told(codec: str, found: str) -> None:
    assert encoding_of("顧客".encode(codec), "a.csv") == found
