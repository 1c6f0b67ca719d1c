"""From the operator's files to the list of bills, by the command line alone."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.conftest import Ppa

SEED = [
    row
    for row in json.loads((Path(__file__).parents[1] / "golden.json").read_text("utf-8"))[
        "invoices_seed"
    ]
    if row["month"] == "2024/01"
]
BLANK = {"1120230057", "1120230039", "1120220106"}
CUSTOMERS = (
    "顧客番号,製造番号,氏名,氏名(カナ),契約開始日,契約終了日,基本料金(円),売電単価(円),"
    "利用単価(円),メールアドレス"
)


def customers_file(folder: Path) -> str:
    lines = [CUSTOMERS]
    for row in SEED:
        number = row["customer_no"]
        contract = "," if number in BLANK else "2023-12-16,2037-12-15"
        lines.append(
            f"{number},23370657,{row['name']},コキヤク,{contract},{row['base_yen']},16.00,27.00,"
            f"{number}@example.jp"
        )
    path = folder / "customers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="cp932")
    return str(path)


def readings_file(folder: Path) -> str:
    lines = ["customer_no,read_at,export_kwh,pv_kwh"]
    for row in SEED:
        number = row["customer_no"]
        lines.append(f"{number},2024-02-15T15:00:00Z,{row['sell_kwh']},{row['gen_kwh']}")
        lines.append(f"{number},2024-01-16T00:00:00+09:00,0.00,0.00")
    path = folder / "readings.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.usefixtures("engine")
def test_the_seeds_month_goes_from_files_to_the_list_of_bills(ppa: Ppa, tmp_path: Path) -> None:
    customers, readings = customers_file(tmp_path), readings_file(tmp_path)
    assert ppa("customers", "import", customers, "--apply").code == 0
    first = ppa("readings", "import", readings, "--apply", "--json")
    assert (first.code, first.json()["new"]) == (0, 88)
    assert ppa("readings", "import", readings, "--apply", "--json").json()["new"] == 0
    dry = ppa("bill", "run", "2024-01", "--json").json()
    assert (dry["applied"], dry["counts"]["closed"], dry["totals"]["total_yen"]) == (
        False, 19, 32_415,
    )  # fmt: skip
    assert len(list(csv.reader(io.StringIO(ppa("bill", "export", "2024-01").out)))) == 1
    run = ppa("bill", "run", "2024/01", "--apply", "--json").json()
    assert run == {**dry, "applied": True}
    listed = ppa("bill", "export", "2024-01")
    assert listed.raw.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in listed.raw
    rows = {row["請求番号"]: row for row in csv.DictReader(io.StringIO(listed.out[1:]))}
    for row in SEED:
        told = rows[row["invoice_no"]]
        assert (told["利用料金合計(円)"], told["利用量(kWh)"], told["売電料金(円)"]) == (
            str(row["total_yen"]), row["use_kwh"], str(row["sell_yen"]),
        )  # fmt: skip
    issue = ppa("bill", "issue", "2024-01", "--apply", "--json").json()
    assert (issue["counts"]["issued"], issue["counts"]["held"]) == (19, 3)
    released = ppa("bill", "release", "24011120230057", "--reason", "確認済み")
    assert (released.code, ppa("bill", "issue", "2024-01", "--apply").code) == (0, 0)
    shown = ppa("bill", "show", "24011120230057", "--json").json()
    assert (shown["state"], shown["total_yen"], len(shown["days"])) == ("issued", 980, 31)
    assert ppa("bill", "void", "24011120230057", "--reason", "誤り").code == 0
    taken_back = ppa("bill", "show", "24011120230057", "--json").json()["void"]
    assert (taken_back["at"][-6:], taken_back["reason"]) == ("+09:00", "誤り")
    assert ppa("verify", "--json").json() == {"findings": []}


def test_bills_that_one_reason_alone_holds_are_released_together(ppa: Ppa, tmp_path: Path) -> None:
    ppa("customers", "import", customers_file(tmp_path), "--apply")
    ppa("readings", "import", readings_file(tmp_path), "--apply")
    ppa("bill", "run", "2024-01", "--apply")
    many = ("bill", "release", "--month", "2024-01", "--reason", "契約書を確認")
    assert ppa(*many, "--kind", "no_such_reason").code == 2
    assert ppa(*many).code == 2
    done = ppa(*many, "--kind", "contract_missing")
    assert (done.code, done.out) == (0, "2024-01: 3 released\n")
    assert ppa("bill", "issue", "2024-01", "--apply", "--json").json()["counts"]["issued"] == 22


def test_late_readings_of_issued_bills_are_proposed_as_they_come(ppa: Ppa, tmp_path: Path) -> None:
    ppa("customers", "import", customers_file(tmp_path), "--apply")
    ppa("readings", "import", readings_file(tmp_path), "--apply")
    ppa("bill", "run", "2024-01", "--apply")
    ppa("bill", "issue", "2024-01", "--apply")
    assert ppa("bill", "proposals", "--json").json() == []
    closing = ("--at", "2024-02-16T00:00:00+09:00", "--reason", "写真")
    number = "24011120220110"
    (pv,) = (r for r in ppa("bill", "show", number, "--json").json()["registers"][:1])
    kwh = str(pv["closing_wh"] // 1000 + 1)
    told = ppa("readings", "set", number[4:], "pv", *closing, "--kwh", kwh)
    assert (told.code, f"{number}: issued 2327 yen -> proposed" in told.err) == (0, True)
    (found,) = ppa("bill", "proposals", "--json").json()
    assert (found["invoice_no"], found["old"]["total_yen"]) == (number, 2_327)
    assert found["causes"][0]["after"]["read_at"] == "2024-02-16T00:00:00+09:00"


def test_a_wrong_month_reason_or_number_is_told_in_one_line(ppa: Ppa) -> None:
    for argv, said in (
        (("bill", "run", "2024-13"), "'2024-13' is not a month"),
        (("bill", "run", "２０２４-01"), "is not a month"),
        (("bill", "run", "2024-01", "--as-of", "2024-02-20T00:00:00"), "--as-of"),
        (("bill", "show", "24011120220110", "--json"), "no invoice 24011120220110"),
        (("bill", "days", "24011120220110"), "no invoice 24011120220110"),
        (("bill", "run", "2024-01", "--as-of", "9999-12-31T23:59:59-09:00"), "--as-of"),
    ):
        result = ppa(*argv)
        assert (result.code, len(result.err.splitlines()), result.out) == (2, 1, "")
        assert said in result.err


def test_a_month_that_has_not_begun_is_refused(ppa: Ppa) -> None:
    assert ppa("bill", "run", "2024-03").code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("customer_no,read_at,pv_kwh\n1120220110,2024-01-16T00:00:00,1\n", "line 2, read_at"),
        ("customer_no,read_at,pv_kwh\n1199999999,2024-01-16T00:00:00Z,1\n", "line 2, customer_no"),
        ("customer_no,read_at,pv_kwh\n1120220110,2024-01-16T00:00:00Z,１\n", "line 2, pv_kwh"),
        ("customer_no,read_at,pv_kwh\n1120220110,2024-01-16T00:00:00Z,-1\n", "line 2, pv_kwh"),
        (
            "customer_no,read_at,pv_kwh\n1120220110,2024-01-16T00:00:00.5Z,1\n",
            "line 2, read_at: '2024-01-16T00:00:00.5Z' has a fraction",
        ),
        ("customer_no,read_at,gen\n", "line 1, gen"),
        ("customer_no,pv_kwh\n", "line 1, read_at"),
        ("", "empty"),
    ],
)
def test_a_readings_file_with_a_fault_is_refused_whole(
    ppa: Ppa, tmp_path: Path, text: str, said: str
) -> None:
    ppa("customers", "import", customers_file(tmp_path), "--apply")
    path = tmp_path / "bad.csv"
    path.write_text(text + "1120220110,2024-01-16T00:30:00Z,2\n" * bool(text.count("\n") > 1))
    result = ppa("readings", "import", str(path), "--apply")
    assert result.code == 2
    assert f"{path}" in result.err
    assert said in result.err
    assert ppa("readings", "export", "--json").json() == []


def test_meters_may_be_told_before_or_after_their_readings(ppa: Ppa, tmp_path: Path) -> None:
    ppa("customers", "import", customers_file(tmp_path), "--apply")
    path = tmp_path / "swap.csv"
    path.write_text(
        "customer_no,read_at,pv_kwh,export_kwh\n"
        "1120220110,2024-01-16T00:00:00+09:00,10000.0,500\n"
        "1120220110,2024-02-16T00:00:00+09:00,200.0,600\n"
    )
    replaced = (
        "meters", "replace", "1120220110", "pv", "--at", "2024-01-30T10:00:00+09:00",
        "--removed-kwh", "10123.4", "--installed-kwh", "0.2", "--serial", "B2",
        "--certified-until", "2034-01",
    )  # fmt: skip
    ppa("readings", "import", str(path), "--apply")
    ppa("bill", "run", "2024-01", "--apply")
    held = ppa("bill", "show", "24011120220110", "--json").json()
    assert held["state"] == "held"
    assert "register_back" in held["holds"]
    impossible = ppa(*replaced, "--digits", "1", "--installed-kwh", "10")
    assert (impossible.code, "--installed-kwh" in impossible.err) == (2, True)
    assert ppa(*replaced).code == 0
    ppa("bill", "run", "2024-01", "--apply")
    bill = ppa("bill", "show", "24011120220110", "--json").json()
    assert (bill["state"], bill["pv_wh"], bill["export_wh"]) == ("closed", 323_200, 100_000)
    assert bill["registers"][0]["opening_at"] == "2024-01-16T00:00:00+09:00"
    assert [(r["serial"], r["opening_wh"], r["closing_wh"]) for r in bill["registers"][:2]] == [
        ("", 10_000_000, 10_123_400),
        ("B2", 200, 200_000),
    ]


def test_a_typed_register_closes_a_month_whose_gateway_fell_silent(
    ppa: Ppa, tmp_path: Path
) -> None:
    ppa("customers", "import", customers_file(tmp_path), "--apply")
    path = tmp_path / "half.csv"
    path.write_text(
        "customer_no,read_at,pv_kwh,export_kwh\n"
        "1120220110,2024-01-16T00:00:00+09:00,100,50\n"
        "1120220110,2024-02-10T12:00:00+09:00,400,250\n"
    )
    ppa("readings", "import", str(path), "--apply")
    ppa("bill", "run", "2024-01", "--apply")
    for channel, kwh in (("pv", "460"), ("export", "300")):
        typed = ppa(
            "readings", "set", "1120220110", channel, "--at", "2024-02-16T00:00:00+09:00",
            "--kwh", kwh, "--reason", "現地検針",
        )  # fmt: skip
        assert typed.code == 0
    ppa("bill", "run", "2024-01", "--apply")
    bill = ppa("bill", "show", "24011120220110", "--json").json()
    assert (bill["state"], bill["quality"], bill["use_wh"]) == ("closed", "C", 110_000)
    assert {register["how"] for register in bill["registers"]} == {"manual"}


def test_the_exported_readings_are_the_same_again(ppa: Ppa, tmp_path: Path) -> None:
    ppa("customers", "import", customers_file(tmp_path), "--apply")
    ppa("readings", "import", readings_file(tmp_path), "--apply")
    out = tmp_path / "out.csv"
    assert ppa("readings", "export", "--output", str(out)).code == 0
    again = ppa("readings", "import", str(out), "--json").json()
    assert (again["rows"], again["new"]) == (44, 0)


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines"])
def test_a_reason_says_something(ppa: Ppa, reason: str) -> None:
    for words in (
        ("bill", "void", "24011120220110"),
        ("bill", "release", "24011120220110"),
        ("readings", "set", "1120220110", "pv", "--at", "2024-02-16T00:00:00Z", "--kwh", "1"),
    ):
        refused = ppa(*words, "--reason", reason)
        assert refused.code == 2
        assert "--reason" in refused.err


def test_a_result_goes_through_a_link_and_into_what_is_no_file(ppa: Ppa, tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    assert ppa("customers", "export", "--output", str(link)).code == 0
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    assert ppa("customers", "export", "--output", "/dev/null").code == 0
    assert not Path("/dev/null").is_file()
    refused = ppa("customers", "export", "--output", str(tmp_path / "none" / "x.csv"))
    assert (refused.code, "--output" in refused.err) == (2, True)


def test_a_bill_that_waits_for_one_meter_breaks_no_invariant(ppa: Ppa, tmp_path: Path) -> None:
    ppa("customers", "import", customers_file(tmp_path), "--apply")
    path = tmp_path / "late.csv"
    path.write_text(
        "customer_no,read_at,pv_kwh,export_kwh\n"
        "1120220110,2024-01-16T00:00:00+09:00,100,50\n"
        "1120220110,2024-02-10T00:00:00+09:00,400,250\n"
        "1120220110,2024-02-16T00:00:00+09:00,460,\n"
    )
    ppa("readings", "import", str(path), "--apply")
    waits = ("bill", "run", "2024-01", "--apply", "--as-of", "2024-02-17T00:00:00+09:00")
    assert ppa(*waits).code == 0
    bill = ppa("bill", "show", "24011120220110", "--json").json()
    assert (bill["state"], bill["holds"]) == ("open", ["waiting"])
    assert ppa("verify", "--json").json() == {"findings": []}
    ppa("bill", "run", "2024-01", "--apply", "--as-of", "2024-02-20T00:00:00+09:00")
    bill = ppa("bill", "show", "24011120220110", "--json").json()
    assert (bill["state"], bill["quality"], bill["total_yen"]) == ("held", "C", None)
    assert ppa("verify", "--json").json() == {"findings": []}
