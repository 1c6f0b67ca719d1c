"""What a bill's document says, and that its bytes are made once."""

import io
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pypdf
import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session
from typst import TypstError

from shared.db import make_engine
from shared.documents.keeping import find_faces, find_rendering, keep
from shared.documents.typesetting import typeset
from shared.energy.quantities import Quantity
from shared.errors import NotFound
from shared.invoices.issuing import Act, release, void
from shared.invoices.revising import revise
from shared.models.customers import Customer
from shared.models.documents import InvoiceDocument
from shared.telemetry.storing import MeterChange, record_meter
from shared.triggers import drop
from shared.verify import verify
from tests.data.homes import NOW, a_home, at, billed, issued, registers, terms
from tests.data.papers import (
    JANUARY,
    OPERATOR,
    a_billed_home,
    meters,
    rendered,
    said,
    setting,
)
from tests.data.seed import BLANK, the_seeds_homes
from tests.data.seed import JANUARY as SEED

ACT = Act("somebody", NOW, NOW)
ISSUE = "2024-02-20 10:00"
LONGEST_NAME = "髙﨑𠮷" * 10


def a_paper(engine: Engine, **settings: str) -> str:
    """Give the text of the document of 86.20 kWh at 27.00 yen."""
    setting(engine, **OPERATOR | settings)
    a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    return said(rendered(engine, JANUARY).content)


@pytest.mark.parametrize(
    "told",
    [
        "適格請求書",
        "請求番号24011120220110",
        "発行日2024年2月20日",
        "顧客0170様",
        "〒150-0000東京都渋谷区例町4-5",
        "顧客番号1120220110",
        "例エネルギー株式会社",
        "登録番号T7123456789012",
        "〒100-0000東京都千代田区例町1-2-3",
        "電話03-0000-0000",
        "利用月2024年1月",
        "対象期間2024年1月16日〜2024年2月15日(31日間)",
        "基本料金1か月0円",
        "自家消費86.20kWh×27.00円2,327円",
        "10%対象合計(税込)2,327円",
        "内消費税211円",
        "計量方法:差分計量",
        "発電23370110検定有効期限2033年12月12,457.112kWh2024/01/1600:00",
        "12,845.312kWh2024/02/1600:05夜間388.20kWh",
        "売電A10442110検定有効期限2033年12月9,012.480kWh2024/01/1522:00夜間",
        "9,314.480kWh2024/02/1600:05夜間302.00kWh",
        "発電量388.20kWh−売電量302.00kWh=利用量86.20kWh",
        "区分B実測(途中に欠測あり)。",
        "お支払期限2024年3月27日",
        "お支払方法口座振替",
        "売電料金は参考表示",
        "2024/01/16(火)",
        "合計388.20302.0086.202,3274,832",
    ],
)
def test_a_document_says_all_that_the_law_and_the_reader_ask_for(
    paper_of_january: str, told: str
) -> None:
    assert told in paper_of_january


@pytest.fixture(scope="module")
def paper_of_january(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the text of the document, made once."""
    path = tmp_path_factory.mktemp("paper") / "ppa.sqlite3"
    shutil.copyfile(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    text = a_paper(engine)
    engine.dispose()
    return text


def test_without_a_number_of_the_issuer_it_is_no_qualified_invoice_and_tells_no_tax(
    engine: Engine,
) -> None:
    text = a_paper(engine, t_number="", due_day="", payment_text="")
    assert "請求書2024年1月分" in text
    for untold in ("適格", "登録番号", "税込", "消費税", "%対象", "お支払期限", "お支払方法"):
        assert untold not in text
    assert "合計2,327円" in text


def test_later_settings_change_no_document_that_nobody_has_opened_yet(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    customer_id = a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    setting(engine, operator_name="別の会社", t_number="T7010705000725", due_day="5")
    with Session(engine) as session, session.begin():
        session.get_one(Customer, customer_id).address = "転居先"
    text = said(rendered(engine, JANUARY).content)
    assert "例エネルギー株式会社" in text
    assert "東京都渋谷区例町4-5" in text
    assert "別の会社" not in text


def test_the_bytes_are_made_once_and_the_same_facts_make_the_same_bytes(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    with Session(engine) as session:
        one, other = (find_rendering(session, JANUARY) for _ in range(2))
        assert (one.is_kept, one.content) == (False, other.content)
    kept = rendered(engine, JANUARY)
    assert kept.content == one.content
    with Session(engine) as session, session.begin():
        assert keep(session, other, NOW + 5).is_kept
        row = session.scalars(select(InvoiceDocument)).one()
        assert (row.sha256, row.rendered_at) == (one.sha256, NOW)
        assert find_rendering(session, JANUARY) == kept


def test_another_rendering_that_came_first_is_the_document(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    with Session(engine) as session, session.begin():
        mine = find_rendering(session, JANUARY)
        first = keep(session, replace(mine, content=b"%PDF of another version"), NOW)
        assert keep(session, mine, NOW).content == first.content


def test_a_correction_says_so_and_what_it_replaces_names_it(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    customer_id = a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    before = rendered(engine, JANUARY)
    with Session(engine) as session, session.begin():
        terms(session, customer_id, date(2024, 1, 16), use_price=2000)
        revise(session, JANUARY, "単価の訂正", ACT, apply=True)
    new = said(rendered(engine, f"{JANUARY}-2").content)
    for told in (
        "適格請求書(修正)",
        "請求番号24011120220110-2",
        "請求番号24011120220110(2024年2月20日発行)を修正したものです。",
        "修正前の合計2,327円(内消費税211円)、修正後の合計1,724円(内消費税156円)、差額−603円",
        "理由:単価の訂正",
        "86.20kWh×20.00円1,724円",
    ):
        assert told in new
    old = rendered(engine, JANUARY)
    text = said(old.content)
    assert (old.face, old.file_name) == ("replaced", f"請求書_{JANUARY}_取消.pdf")
    assert "適格請求書(取消)" in text
    assert "代わりの請求書は、請求番号24011120220110-2です。" in text
    assert "お支払期限" not in text
    assert rendered(engine, JANUARY, "issued").content == before.content
    with Session(engine) as session:
        assert find_faces(session, JANUARY) == ["issued", "replaced"]


def test_a_void_bill_says_so_and_as_issued_it_stays_to_be_had(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    with Session(engine) as session, session.begin():
        void(session, JANUARY, "契約の誤り", ACT)
    text = said(rendered(engine, JANUARY).content)
    for told in (
        "取消",
        "2026年1月5日に取り消しました",
        "理由:契約の誤り",
        "お支払いは必要ありません",
    ):
        assert told in text
    assert "somebody" not in text
    assert "取消" not in said(rendered(engine, JANUARY, "issued").content)


@pytest.mark.parametrize("face", ["void", "replaced", "nonsense"])
def test_a_face_that_a_bill_does_not_have_is_not_found(engine: Engine, face: str) -> None:
    a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    with Session(engine) as session, pytest.raises(NotFound):
        find_rendering(session, JANUARY, face=face)


def test_what_is_not_issued_has_no_document(engine: Engine) -> None:
    a_billed_home(engine)
    with Session(engine) as session:
        with pytest.raises(NotFound, match="not issued"):
            find_rendering(session, JANUARY)
        assert find_faces(session, JANUARY) == []
        assert session.scalar(select(func.count(InvoiceDocument.invoice_id))) == 0


def test_a_swap_is_a_row_for_each_meter_and_an_estimate_is_said(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    with Session(engine) as session, session.begin():
        customer_id = a_home(session)
        site_id = meters(session, customer_id)
        swap = MeterChange(at("2024-01-24 14:00"), "99887766", 0, 12_559_000)
        record_meter(session, (site_id, Quantity.PV), swap, now=NOW, actor="test")
        pv = [
            ("2024-01-16 00:05", "12457.112"), ("2024-02-12 00:05", "230.5"),
            ("2024-02-20 09:00", "331.7"),
        ]  # fmt: skip
        export = [
            ("2024-01-16 00:05", "9012.48"), ("2024-02-12 00:05", "9270.4"),
            ("2024-02-20 09:00", "9352.16"),
        ]  # fmt: skip
        registers(session, customer_id, {Quantity.PV: pv, Quantity.EXPORT: export})
    billed(engine, "2024-01")
    with Session(engine) as session, session.begin():
        release(session, JANUARY, "確認済み", ACT)
    issued(engine, "2024-01", ISSUE)
    text = said(rendered(engine, JANUARY).content)
    assert "12,559.000kWh2024/01/2414:00101.89kWh" in text
    assert "発電998877660.000kWh2024/01/2414:00278.812kWh2024/02/1600:00前後からの推定" in text
    assert "区分C推定を含む。" in text
    assert "按分" in text


def test_a_price_that_changed_is_a_line_for_each_and_their_rounded_sum(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        customer_id = a_home(session, base_fee=980)
        terms(session, customer_id, date(2024, 2, 1), use_price=2850)
        days = ("2024-01-16", "2024-02-01", "2024-02-16")
        pv = [(f"{day} 00:00", kwh) for day, kwh in zip(days, ("0", "100.11", "200"), strict=True)]
        export = [(f"{day} 00:00", "0") for day in days]
        registers(session, customer_id, {Quantity.PV: pv, Quantity.EXPORT: export})
    billed(engine, "2024-01")
    issued(engine, "2024-01", ISSUE)
    text = said(rendered(engine, JANUARY).content)
    assert "自家消費(1月16日〜1月31日)100.11kWh×27.00円2,702.97円" in text
    assert "自家消費(2月1日〜2月15日)99.89kWh×28.50円2,846.87円" in text
    assert "利用料金(上の計)5,550円" in text
    assert "合計6,530円" in text


def test_only_the_contracts_days_are_charged_and_the_document_says_so(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        customer_id = a_home(session, contract=(date(2024, 2, 1), date(2033, 12, 15)))
        days = ("2024-01-16", "2024-02-01", "2024-02-16")
        pv = [(f"{day} 00:00", kwh) for day, kwh in zip(days, ("0", "100", "190"), strict=True)]
        export = [(f"{day} 00:00", "0") for day in days]
        registers(session, customer_id, {Quantity.PV: pv, Quantity.EXPORT: export})
    billed(engine, "2024-01")
    issued(engine, "2024-01", ISSUE)
    text = said(rendered(engine, JANUARY).content)
    assert "自家消費90.00kWh×27.00円2,430円" in text
    assert "利用量190.00kWhのうち、契約期間に当たる90.00kWhが料金の対象です。" in text


def test_rare_signs_of_a_long_name_are_all_shown_and_what_no_font_has_is_a_geta(
    engine: Engine,
) -> None:
    setting(engine, **OPERATOR)
    a_billed_home(engine, name=LONGEST_NAME)
    a_billed_home(engine, "1120220111", name="山\U0001f600田")
    issued(engine, "2024-01", ISSUE)
    assert f"{LONGEST_NAME}様" in said(rendered(engine, JANUARY).content)
    assert "山〓田様" in said(rendered(engine, "24011120220111").content)


def test_a_document_is_tagged_titled_japanese_and_small(engine: Engine) -> None:
    setting(engine, **OPERATOR)
    a_billed_home(engine, name=LONGEST_NAME)
    issued(engine, "2024-01", ISSUE)
    content = rendered(engine, JANUARY).content
    assert len(content) < 100_000
    reader = pypdf.PdfReader(io.BytesIO(content))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "ja-JP"
    assert reader.metadata is not None
    assert reader.metadata.title == f"適格請求書 {JANUARY}"
    xmp = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert len(reader.pages) == 2


def test_the_seeds_invoices_as_documents_say_the_seeds_figures(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    setting(engine, **OPERATOR)
    the_seeds_homes(engine)
    billed(engine, "2024-01", ISSUE)
    for row in SEED:
        if row["customer_no"] in BLANK:
            with Session(engine) as session, session.begin():
                release(session, row["invoice_no"], "確認済み", ACT)
    assert len(issued(engine, "2024-01", ISSUE)) == 22
    for row in SEED:
        text = said(rendered(engine, row["invoice_no"]).content)
        tax = row["total_yen"] * 10 // 110
        for told in (
            f"請求番号{row['invoice_no']}",
            f"基本料金1か月{row['base_yen']:,}円",
            f"{row['use_yen']:,}円10%対象合計(税込){row['total_yen']:,}円",
            f"(10%対象の内消費税{tax:,}円)",
            f"発電量{row['gen_kwh']}kWh−売電量{row['sell_kwh']}kWh=利用量{row['use_kwh']}kWh",
            f"{row['sell_yen']:,}円。売電料金は参考表示",
        ):
            assert told in text, (row["invoice_no"], told)
    engine.dispose()


def test_an_erased_document_is_not_made_again(engine: Engine) -> None:
    a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    rendered(engine, JANUARY)
    with Session(engine) as session, session.begin():
        session.execute(update(InvoiceDocument).values(content=b"", erased_at=NOW))
        with pytest.raises(NotFound, match="erased"):
            find_rendering(session, JANUARY)


def test_a_changed_document_is_found(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    a_billed_home(engine)
    issued(engine, "2024-01", ISSUE)
    rendered(engine, JANUARY)
    with Session(engine) as session:
        assert verify(session) == []
    with engine.begin() as connection:
        drop(connection)
        connection.exec_driver_sql("UPDATE invoice_document SET content = x'00'")
    with Session(engine) as session:
        assert [(found.invariant, found.subject) for found in verify(session)] == [("I6", JANUARY)]
    engine.dispose()


def test_a_document_without_one_of_its_facts_is_not_made() -> None:
    with pytest.raises(TypstError, match="does not contain key"):
        typeset("bill.typ", {}, NOW)
