"""`ppa customers …` as an operator types it, on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.conftest import Ppa, Result
from tests.data.customer_files import HEADERS, NO, a_file, a_row

TERMS = ("customers", "terms", NO, "--from", "2024-02-16")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "顧客.csv"


def bring(ppa: Ppa, sheet: Path, *rows: dict[str, str], encoding: str = "utf-8-sig") -> Result:
    sheet.write_bytes(a_file(*rows, encoding=encoding))
    return ppa("customers", "import", str(sheet), "--apply", "--json")


def counts(new: int = 0, changed: int = 0, same: int = 0, error: int = 0) -> dict[str, int]:
    return {"new": new, "changed": changed, "same": same, "error": error}


def test_a_dry_run_counts_and_saves_nothing(engine: Engine, ppa: Ppa, sheet: Path) -> None:
    sheet.write_bytes(a_file(a_row(1), a_row(2)))
    for _ in range(2):
        result = ppa("customers", "import", str(sheet))
        assert (result.code, result.out) == (0, "new 2, changed 0, same 0, error 0\n")
        assert "--apply" in result.err
    dry = ppa("customers", "import", str(sheet), "--json", PPA_CODE_KEY="")
    assert dry.json() == {"applied": False, "counts": counts(new=2)}


def test_an_import_saves_and_can_be_repeated(engine: Engine, ppa: Ppa, sheet: Path) -> None:
    first = bring(ppa, sheet, a_row(1), a_row(2))
    assert (first.code, first.json()) == (0, {"applied": True, "counts": counts(new=2)})
    again = bring(ppa, sheet, a_row(1), a_row(2, 氏名="新"), a_row(3))
    assert again.json()["counts"] == counts(new=1, changed=1, same=1)
    assert first.err == again.err == ""


def test_a_file_in_cp932_is_read(ppa: Ppa, sheet: Path) -> None:
    assert bring(ppa, sheet, a_row(氏名="髙橋①"), encoding="cp932").code == 0
    assert "髙橋①" in ppa("customers", "export").out


def test_any_error_saves_nothing_and_names_every_bad_row(
    engine: Engine, ppa: Ppa, sheet: Path
) -> None:
    good = [a_row(number) for number in range(40, 43)]
    bad = [a_row(number, 氏名="") for number in range(30)]
    result = bring(ppa, sheet, *good, *bad, a_row(40))
    assert result.code == 2
    assert result.json() == {"applied": False, "counts": counts(new=3, error=31)}
    assert result.err.splitlines() == [
        *(f"{sheet}, line {line}, 氏名: must not be empty" for line in range(5, 35)),
        f"{sheet}, line 35, 顧客番号: 1120230040 stands already on line 2",
    ]
    assert bring(ppa, sheet, *good).json()["counts"] == counts(new=3)


@pytest.mark.parametrize(
    ("header", "cell", "sentence"),
    [
        ("顧客番号", "12", "'12' is not a customer number of 10 digits"),
        ("顧客番号", "9920230001", "9920230001 does not begin with 11"),
        ("氏名", "", "must not be empty"),
        ("氏名", "a\tb", "control character U+0009"),
        ("契約開始日", "16日", "'16日' is not a day such as 2024-01-16"),
        ("契約終了日", "2023-12-15", "the contract ends on 2023-12-15, before it starts on"),
        ("契約開始日", "", "an end of the contract needs a start"),
        ("基本料金(円)", "1,000", "'1,000' is not an amount in whole yen"),
        ("売電単価(円)", "16円", "'16円' is not a price in yen"),
        ("利用単価(円)", "27.123", "'27.123' is not a price in yen"),
        ("メールアドレス", "a@", "'a@' is not a mail address"),
        ("適用開始日", "x", "'x' is not a day"),
        ("パネル容量(kW)", "5kW", "'5kW' is not a capacity in kW"),
        ("蓄電池", "有", "'有' is none of なし|逆潮流なし|逆潮流あり"),
        ("郵便番号", "1", "'1' is not a postal code"),
        ("各種情報", "a\x1bb", "control character U+001B"),
    ],
)
def test_a_bad_cell_is_named_by_file_line_and_column(
    ppa: Ppa, sheet: Path, header: str, cell: str, sentence: str
) -> None:
    rows = a_row(1) | {header: a_row(1).get(header, "")}, a_row(2) | {header: cell}
    result = bring(ppa, sheet, *rows)
    named = "契約終了日" if "needs a start" in sentence else header
    assert result.code == 2
    assert result.err.startswith(f"{sheet}, line 3, {named}: {sentence}")
    assert result.err.count("\n") == 1


def test_a_wrong_header_is_named(ppa: Ppa, sheet: Path) -> None:
    sheet.write_text(",".join((*HEADERS[:9], "認証コード", "氏名")) + "\n", encoding="utf-8")
    result = ppa("customers", "import", str(sheet))
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [
        f"{sheet}, line 1, 認証コード: unknown column",
        f"{sheet}, line 1, 氏名: the column stands twice",
        f"{sheet}, line 1, メールアドレス: the column is missing",
    ]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x81", b'"'])
def test_a_file_that_is_none_is_refused_naming_it(ppa: Ppa, sheet: Path, content: bytes) -> None:
    sheet.write_bytes(content)
    result = ppa("customers", "import", str(sheet))
    assert result.code == 2
    assert result.err.startswith(str(sheet))


def test_a_missing_file_is_refused_naming_it(ppa: Ppa, sheet: Path) -> None:
    result = ppa("customers", "import", str(sheet))
    assert result.code == 2
    assert result.err.startswith(f"{sheet}: cannot be read")


def test_the_prefix_of_customer_numbers_is_a_setting(ppa: Ppa, sheet: Path) -> None:
    assert ppa("settings", "set", "customer_no_prefix", "22").code == 0
    assert "does not begin with 22" in bring(ppa, sheet, a_row()).err


def test_new_customers_need_the_code_key(ppa: Ppa, sheet: Path) -> None:
    sheet.write_bytes(a_file(a_row()))
    result = ppa("customers", "import", str(sheet), "--apply", PPA_CODE_KEY="")
    assert result.code == 2
    assert "PPA_CODE_KEY" in result.err


def test_an_export_comes_back_in_as_the_same(
    engine: Engine, ppa: Ppa, sheet: Path, tmp_path: Path
) -> None:
    bring(ppa, sheet, a_row(1), a_row(2, 氏名="=cmd", 契約開始日="", 契約終了日=""))
    ppa("customers", "terms", "1120230001", "--from", "2025-02-16", "--use", "30")
    for encoding in ("utf-8", "cp932"):
        out = tmp_path / f"{encoding}.csv"
        result = ppa("customers", "export", "--output", str(out), "--encoding", encoding)
        assert (result.code, result.raw) == (0, b"")
        again = ppa("customers", "import", str(out), "--apply", "--json")
        assert again.json()["counts"] == counts(same=2)


def test_an_export_is_as_offices_expect_it(ppa: Ppa, sheet: Path) -> None:
    bring(ppa, sheet, a_row(氏名="=cmd", 各種情報="−5"))
    raw = ppa("customers", "export").raw
    assert raw.startswith("\ufeff顧客番号,製造番号,氏名,氏名(カナ),契約開始日".encode())
    assert raw.count(b"\r\n") == 2
    assert ",'=cmd,コキヤク,2023-12-16,2037-12-15,0,16.00,27.00," in raw.decode()
    assert ",'−5," in raw.decode()


def test_cells_that_cp932_has_not_are_counted(ppa: Ppa, sheet: Path) -> None:
    bring(ppa, sheet, a_row(1, 氏名="𠮷田"), a_row(2, 氏名="吉田"))
    result = ppa("customers", "export", "--encoding", "cp932")
    assert "〓田" in result.raw.decode("cp932")
    assert result.err.startswith("1 cell")


def test_a_code_is_printed_by_its_own_command_and_by_no_other(
    engine: Engine, ppa: Ppa, sheet: Path
) -> None:
    taken = bring(ppa, sheet, a_row())
    shown = ppa("customers", "code", NO)
    code = shown.out.strip()
    assert (shown.code, len(code), shown.err) == (0, 16, "")
    others = (
        taken,
        bring(ppa, sheet, a_row(氏名="新")),
        ppa("customers", "export"),
        ppa(*TERMS, "--use", "30"),
    )
    assert all(code not in result.out + result.err for result in others)


def test_a_code_of_nobody_and_one_without_a_key_are_refused(ppa: Ppa, sheet: Path) -> None:
    bring(ppa, sheet, a_row())
    assert ppa("customers", "code", "1120239999").code == 2
    assert "1120239999" in ppa("customers", "code", "1120239999").err
    without = ppa("customers", "code", NO, PPA_CODE_KEY="")
    assert (without.code, without.out) == (2, "")
    assert "PPA_CODE_KEY" in without.err


def test_a_code_under_another_key_is_refused(ppa: Ppa, sheet: Path) -> None:
    bring(ppa, sheet, a_row())
    result = ppa("customers", "code", NO, PPA_CODE_KEY="another key of 32 characters or more")
    assert (result.code, result.out) == (1, "")
    assert "PPA_CODE_KEY" in result.err


def test_terms_say_what_changed_and_from_when(engine: Engine, ppa: Ppa, sheet: Path) -> None:
    bring(ppa, sheet, a_row())
    result = ppa(*TERMS, "--base", "980", "--use", "28.5", "--sell", "15", "--end", "2038-12-15")
    assert result.code == 0
    assert result.out.splitlines() == [
        f"{NO}: base_fee 0 -> 980 from 2024-02-16",
        f"{NO}: use_price 27.00 -> 28.50 from 2024-02-16",
        f"{NO}: export_price 16.00 -> 15.00 from 2024-02-16",
        f"{NO}: contract 2023-12-16 ~ 2037-12-15 -> 2023-12-16 ~ 2038-12-15 from 2024-02-16",
    ]
    again = ppa(*TERMS, "--base", "980")
    assert (again.code, again.out) == (0, "")
    assert "hold on 2024-02-16 already" in again.err


def test_a_contract_can_be_taken_away(ppa: Ppa, sheet: Path) -> None:
    bring(ppa, sheet, a_row())
    result = ppa(*TERMS, "--start", "none", "--end", "none")
    assert result.out == f"{NO}: contract 2023-12-16 ~ 2037-12-15 -> none from 2024-02-16\n"


def test_terms_dated_later_are_told(ppa: Ppa, sheet: Path) -> None:
    bring(ppa, sheet, a_row())
    ppa("customers", "terms", NO, "--from", "2024-04-16", "--use", "30")
    result = ppa(*TERMS, "--use", "28")
    assert result.err == f"{NO}: another use_price holds from 2024-04-16 on\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "nothing to record"),
        (("--start", "none"), "--start, --end: an end of the contract needs a start"),
        (("--end", "2020-01-01"), "--start, --end: the contract ends on 2020-01-01"),
        (("--start", "x"), "--start: 'x' is not a day"),
        (("--base", "9.5"), "--base: '9.5' is not an amount in whole yen"),
        (("--use", "-1"), "--use"),
        (("--sell", "1.234"), "--sell: '1.234' is not a price in yen"),
        (("--from", "tomorrow", "--use", "1"), "--from: 'tomorrow' is not a day"),
    ],
)
def test_terms_that_cannot_be_are_refused(
    ppa: Ppa, sheet: Path, options: tuple[str, ...], sentence: str
) -> None:
    bring(ppa, sheet, a_row())
    result = ppa(*TERMS, *options)
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err


def test_terms_of_nobody_are_refused(ppa: Ppa) -> None:
    result = ppa(*TERMS, "--use", "28")
    assert result.code == 2
    assert NO in result.err
