"""What the books get: the journal of a month, and the bills of the system before ours."""

import csv
import io
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from shared.models.invoices import Invoice
from tests.conftest import Ppa
from tests.data.homes import a_home, registers

NO = "1120220110"
HEADER = (
    "利用月,請求番号,顧客番号,氏名,基本料金,発電量,売電量,利用量,売電料金,利用料金,利用料金合計"
)
ROW = f"2023/11,2311{NO},{NO},顧客0110,980,388.20,302.00,86.20,4832,2327,3307"


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def test_the_journal_adds_up_to_the_live_bills(ppa: Ppa, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        homes = [a_home(session, number) for number in (NO, "1120220111")]
        for home in homes:
            pv = [("2024-01-16 00:00", "100"), ("2024-02-16 00:00", "400")]
            export = [("2024-01-16 00:00", "50"), ("2024-02-16 00:00", "150")]
            registers(session, home, {Quantity.PV: pv, Quantity.EXPORT: export})
    ppa("settings", "set", "operator_name", "例電力")
    ppa("settings", "set", "t_number", "T7000012050002")
    ppa("bill", "run", "2024-01", "--apply")
    ppa("bill", "issue", "2024-01", "--apply")
    ppa("customers", "terms", NO, "--from", "2024-01-16", "--use", "30", now="2026-02-01T09:00Z")
    revised = ("bill", "revise", f"2401{NO}", "--reason", "単価の訂正", "--json")
    shown = ppa(*revised).json()
    assert (shown["invoice_no"], shown["difference_yen"]) == (f"2401{NO}-2", 600)
    assert ppa(*revised, "--apply").json() == shown
    assert ppa(*revised).code == 1
    assert ppa("bill", "void", "24011120220111", "--reason", "誤り").code == 0
    rows = table(ppa("bill", "journal", "2024-01").out)
    assert [(row["区分"], row["利用料金合計(円)"]) for row in rows] == [
        ("発行", "5400"), ("発行", "5400"), ("取消", "-5400"), ("訂正", "6000"), ("取消", "-5400"),
    ]  # fmt: skip
    listed = table(ppa("bill", "export", "2024-01").out)
    live = sum(int(row["利用料金合計(円)"]) for row in listed if row["状態"] == "発行済")
    assert sum(int(row["利用料金合計(円)"]) for row in rows) == live == 6000
    assert sum(int(row["うち消費税(円)"]) for row in rows) == 545
    assert ppa("verify", PPA_CODE_KEY="").code == 0
    with Session(engine) as session:
        digests = session.scalars(select(Invoice.person_digest)).all()
    assert len(set(digests)) == 2
    assert {len(digest or "") for digest in digests} == {64}


@pytest.mark.usefixtures("engine")
def test_the_old_systems_list_is_a_past_that_is_only_shown(
    ppa: Ppa, engine: Engine, tmp_path: Path
) -> None:
    with Session(engine) as session, session.begin():
        a_home(session)
    path = tmp_path / "old.csv"
    path.write_text(f"{HEADER}\n{ROW}\n", encoding="cp932")
    take = ("bill", "history", str(path))
    assert ppa(*take).out == "new 1, changed 0, same 0\n"
    assert ppa("bill", "show", f"2311{NO}").code == 2
    assert ppa(*take, "--apply").out == "new 1, changed 0, same 0\n"
    assert ppa(*take, "--apply").out == "new 0, changed 0, same 1\n"
    shown = ppa("bill", "show", f"2311{NO}", "--json").json()
    assert (shown["state"], shown["use_wh"], shown["total_yen"]) == ("past", 86_200, 3307)
    out = tmp_path / "out.csv"
    ppa("bill", "export", "2023-11", "--output", str(out))
    assert table(out.read_text("utf-8-sig"))[0]["状態"] == "旧システム"
    assert ppa("bill", "history", str(out)).out == "new 0, changed 0, same 1\n"
    assert ppa("verify").code == 0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROW.replace(f",{NO},", ",1199999999,"), "line 2, 顧客番号"),
        (ROW.replace("2023/11", "2023/13"), "line 2, 利用月"),
        (ROW.replace("388.20", "-1"), "line 2, 発電量"),
        (f"{ROW}\n{ROW}", "line 3, 請求番号"),
    ],
)
def test_a_past_with_a_fault_is_refused_whole(
    ppa: Ppa, sqlite_url: str, tmp_path: Path, row: str, said: str
) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(
        "顧客番号,製造番号,氏名,氏名(カナ),契約開始日,契約終了日,基本料金(円),売電単価(円),"
        f"利用単価(円),メールアドレス\n{NO},1,顧客0110,コキャク,,,0,16,27,\n",
        encoding="utf-8",
    )
    ppa("customers", "import", str(path), "--apply")
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    result = ppa("bill", "history", str(path), "--apply")
    assert result.code == 2
    assert said in result.err
