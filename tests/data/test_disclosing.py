"""All that is held of one customer goes out, and nothing of anybody else."""

import csv
import io
import json
import zipfile
from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.documents import disclosing
from shared.documents.disclosing import NOT_OF_ONE, disclose, told_tables
from shared.errors import NotFound
from shared.invoices.issuing import Act, void
from shared.mail.links import ensure_link
from shared.models.base import Base
from shared.models.customers import Customer, Occupancy
from shared.models.invoices import Invoice
from shared.models.operations import Audit
from tests.conftest import Ppa
from tests.data.homes import NOW, issued
from tests.data.papers import JANUARY, OPERATOR, a_billed_home, rendered, setting

MINE, THEIRS = "1120220110", "1120220111"
THEIR_BILL = f"2401{THEIRS}"


@pytest.fixture
def homes(engine: Engine) -> Engine:
    """Give two homes with an issued bill each, mails, links and documents; mine is void."""
    setting(engine, **OPERATOR)
    for number, name in ((MINE, "顧客0170"), (THEIRS, "顧客0169")):
        a_billed_home(engine, number, name=name)
    issued(engine, "2024-01", "2024-02-20 10:00")
    for number in (JANUARY, THEIR_BILL):
        rendered(engine, number)
    with Session(engine) as session, session.begin():
        for bill_id in session.scalars(select(Invoice.id)).all():
            ensure_link(session, "s" * 40, bill_id, NOW, 60)
        void(session, JANUARY, "契約の誤り", Act("clerk@example.jp", NOW, NOW))
    return engine


def disclosed(engine: Engine, number: str = MINE) -> dict[str, bytes]:
    with Session(engine) as session, session.begin():
        return {file.name: file.content for file in disclose(session, number, NOW, "admin")}


def test_every_table_is_told_or_left_out_for_a_reason() -> None:
    tables = set(Base.metadata.tables)
    assert set(NOT_OF_ONE) <= tables
    assert {*told_tables(), *NOT_OF_ONE} == tables


def test_all_of_one_customer_goes_out_and_nothing_of_another(homes: Engine) -> None:
    files = disclosed(homes)
    assert set(files) == {
        "お読みください.txt", "記録.json", "検針値.csv", f"請求書/請求書_{JANUARY}.pdf",
        f"請求書/請求書_{JANUARY}_取消.pdf",
    }  # fmt: skip
    assert files[f"請求書/請求書_{JANUARY}.pdf"] == rendered(homes, JANUARY, "issued").content
    text = files["記録.json"].decode()
    told = json.loads(text)["tables"]
    assert set(told) == set(told_tables())
    for table in ("customer", "occupancy", "invoice", "invoice_person", "outbox", "bill_link"):
        assert len(told[table]) == 1, table
    assert len(told["invoice_day"]) == 31
    assert {row["action"] for row in told["audit"]} >= {"bill.void", "customer_disclosed"}
    for foreign in (THEIRS, THEIR_BILL, "顧客0169", "clerk@example.jp"):
        assert foreign not in text
    assert told["invoice"][0]["voided_by"] == "office"
    assert told["invoice"][0]["issued_at"].endswith("+09:00")
    for secret in ("code_index", "code_sealed", "token_hash", "nonce"):
        assert secret not in text


def test_the_readings_are_those_of_the_own_days_only(homes: Engine) -> None:
    assert len(readings(homes)) == 4
    with Session(homes) as session, session.begin():
        mine = session.scalars(select(Customer).where(Customer.customer_no == MINE)).one()
        stay = session.scalars(select(Occupancy).where(Occupancy.customer_id == mine.id)).one()
        stay.from_day, stay.to_day = date(2024, 1, 16), date(2024, 2, 15)
    kept = readings(homes)
    assert [(row["channel"], row["read_at"]) for row in kept] == [
        ("pv", "2024-01-16T00:00:00+09:00")
    ]
    assert {row["customer_no"] for row in kept} == {MINE}


def readings(engine: Engine) -> list[dict[str, str]]:
    text = disclosed(engine)["検針値.csv"].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_it_is_on_record_who_asked_and_nobody_unknown_is_told(homes: Engine) -> None:
    disclosed(homes)
    with Session(homes) as session:
        row = session.scalars(select(Audit).where(Audit.action == "customer_disclosed")).one()
        assert (row.subject, row.actor) == (MINE, "admin")
        with pytest.raises(NotFound):
            list(disclose(session, "9999999999", NOW, "admin"))


def test_the_command_writes_the_zip(ppa: Ppa, engine: Engine) -> None:
    a_billed_home(engine)
    path = ppa.home / "mine.zip"
    assert ppa("customers", "disclose", MINE, "--output", str(path)).code == 0
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["お読みください.txt", "記録.json", "検針値.csv"]
    assert ppa("customers", "disclose", "9999999999", "--output", str(path)).code == 2


def test_a_table_that_leads_to_nobody_is_noticed(
    homes: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = {name: why for name, why in NOT_OF_ONE.items() if name != "logo"}
    monkeypatch.setattr(disclosing, "NOT_OF_ONE", left_out)
    with pytest.raises(LookupError, match="nothing leads from logo"):
        disclosed(homes)
