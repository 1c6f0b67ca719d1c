"""A person is erased: what goes at once, what stays until when, and what can never come back."""

from datetime import date

import pytest
from sqlalchemy import Engine, Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared import audit
from shared.customers.entries import Entry
from shared.customers.leaving import Leaving, end_stay
from shared.customers.messages import FIELDS, write_message
from shared.customers.notes import add_note
from shared.customers.planning import plan_changes
from shared.documents.disclosing import NOT_OF_ONE, told_tables
from shared.doors.renewing import restore_customer
from shared.energy.quantities import Quantity, Source
from shared.erasing.doing import Word, erase, find_erasures, foresee_erasure
from shared.erasing.refusing import ErasureRefused
from shared.erasing.retaining import erase_due, find_due
from shared.erasing.tables import AFTER_THE_TERM, AT_ONCE, STAYS
from shared.errors import Refused
from shared.mail.links import ensure_link
from shared.models.customers import Customer, CustomerNote, Occupancy
from shared.models.documents import ERASED, InvoiceDocument, InvoicePerson
from shared.models.doors import WebSession
from shared.models.gateways import Feed, Gateway
from shared.models.invoices import BillRun, Invoice, PastBill
from shared.models.mail import BillLink, MailEvent, Outbox
from shared.models.operations import Audit, Message
from shared.models.telemetry import Channel, EnergyInterval
from shared.telemetry.intervals import IntervalRow, store_intervals
from shared.verify.whole import verify
from tests.conftest import Ppa
from tests.data.homes import NOW, at, issued
from tests.data.papers import JANUARY, OPERATOR, a_billed_home, rendered, said, setting

MINE, THEIRS = "1120220110", "1120220111"
KEY = "a secret for auth codes, in tests only"
LAST_DAY = date(2024, 2, 15)
NAME, MAIL, STREET = "顧客0170", f"{MINE}@example.jp", "例町4-5"
ISSUED_AT = "2024-02-20 10:00"
WORD = Word(KEY, NOW, "admin@example.jp", "本人の求め")


@pytest.fixture
def homes(engine: Engine) -> Engine:
    """Give two homes with an issued bill each; mine has left, and has a row in every table."""
    setting(engine, **OPERATOR)
    for number, name in ((MINE, NAME), (THEIRS, "顧客0169")):
        a_billed_home(engine, number, name=name)
    issued(engine, "2024-01", ISSUED_AT)
    rendered(engine, JANUARY)
    with Session(engine) as session, session.begin():
        mine = customer(session)
        ensure_link(session, "s" * 40, session.scalars(bills()).one().id, NOW, 60)
        end_stay(session, MINE, Leaving(LAST_DAY, "cancelled"), NOW, "clerk")
        texts = dict.fromkeys(FIELDS, "") | {
            "customer_no": MINE, "title": f"{NAME}さまへ", "body": "点検", "from_day": "2024-02-01",
        }  # fmt: skip
        write_message(session, texts, NOW, "clerk")
        add_note(session, MINE, ("2024-02-01", f"{NAME}さまより電話"), NOW, "clerk")
        audit.record(session, NOW, "clerk", "customer_changed", MINE, {"name": ["", NAME]})
        seat = WebSession(
            id_hash=b"1", customer_id=mine.id, created_at=0, seen_at=0, expires_at=NOW,
            address="192.0.2.1",
        )  # fmt: skip
        past = PastBill(
            invoice_no="2012-1", customer_id=mine.id, month=date(2012, 1, 1), name=NAME,
            imported_at=0,
        )  # fmt: skip
        mail = session.scalars(select(Outbox).where(Outbox.customer_id == mine.id)).one()
        told = MailEvent(outbox_id=mail.id, at=0, kind="deferred", detail=f"450 {MAIL}")
        session.add_all([seat, past, told])
        mine.phone, mine.note, mine.kana, mine.serial = "03-0000-0170", "犬", "コキャク", "HR-1"
        a_house_of_devices(session, mine.id)
    return engine


def a_house_of_devices(session: Session, customer_id: int) -> None:
    """Give the house a gateway and half-hours: of the stay, and of a day after it."""
    stay = session.scalars(select(Occupancy).where(Occupancy.customer_id == customer_id)).one()
    channel = session.scalars(
        select(Channel).where(Channel.site_id == stay.site_id, Channel.quantity == Quantity.PV)
    ).one()
    gateway = Gateway(site_id=stay.site_id, driver="sunspec", address="192.0.2.9:502")
    session.add(gateway)
    session.flush()
    session.add(Feed(channel_id=channel.id, gateway_id=gateway.id))
    for time in ("2024-02-01 12:00", "2024-02-20 12:00"):
        store_intervals(session, [IntervalRow(channel.id, at(time), 30, 5, Source.POLL)], NOW)


def customer(session: Session) -> Customer:
    return session.scalars(select(Customer).where(Customer.customer_no == MINE)).one()


def bills() -> Select[Invoice]:
    return select(Invoice).join(Customer).where(Customer.customer_no == MINE)


def all_cells(session: Session) -> str:
    """Return everything of the database that is text."""
    connection = session.connection()
    tables = Customer.metadata.sorted_tables
    return "\n".join(str(row) for t in tables for row in connection.execute(select(t)))


def test_every_table_is_decided_about_once() -> None:
    untold = {"energy_interval", "feed", "gateway"}
    decided = [*AT_ONCE, *AFTER_THE_TERM, *STAYS]
    assert len(decided) == len(set(decided))
    assert set(decided) == {*told_tables(), *untold}
    assert untold <= set(NOT_OF_ONE)


def test_at_once_goes_what_no_bill_needs_and_with_the_term_the_rest(homes: Engine) -> None:
    with Session(homes) as session, session.begin():
        outlook = foresee_erasure(session, MINE, NOW)
        assert outlook.counts == {
            "sessions": 1, "notes": 1, "messages": 1, "half_hours": 1, "feeds": 1, "gateways": 1,
            "links": 1, "mails": 1, "mail_events": 1, "audit": 2,
        }  # fmt: skip
        assert [(one.invoice_no, str(one.until), one.is_due) for one in outlook.kept] == [
            ("2012-1", "2022-03-31", True), (JANUARY, "2034-02-20", False),
        ]  # fmt: skip
        before = customer(session).code_index
        done = erase(session, MINE, WORD)
        assert (done.counts, done.kept) == (outlook.counts, outlook.kept)
        one = customer(session)
        assert (one.name, one.address) == (NAME, "東京都渋谷区例町4-5")
        assert one.code_index != before
        assert (one.erased_at, one.disabled_at, one.archived_at) == (NOW, NOW, NOW)
        for model in (WebSession, CustomerNote, Message, Gateway, Feed):
            assert session.scalars(select(model)).all() == []
        assert session.scalars(select(EnergyInterval.at)).all() == [at("2024-02-20 12:00")]
        assert session.scalars(select(PastBill.name)).one() == ERASED
        assert session.scalars(select(BillLink.revoked_at)).one() == NOW
        text = all_cells(session)
        for gone in (MAIL, "03-0000-0170", "犬", "コキャク", "HR-1", "電話", "さまへ", "192.0.2"):
            assert gone not in text, gone
        assert find_due(session, NOW) == []
        assert verify(session) == []


def test_when_the_last_term_is_over_no_name_is_left_and_all_proofs_hold(homes: Engine) -> None:
    with Session(homes) as session, session.begin():
        erase(session, MINE, WORD)
        mine = customer(session).id
        assert find_due(session, at("2034-02-20 23:59")) == []
        later = at("2034-02-21 00:00")
        assert find_due(session, later) == [mine]
        assert erase_due(session, mine, later, "scheduler") == 1
        assert erase_due(session, mine, later, "scheduler") == 0
        assert find_due(session, later) == []
        assert session.scalars(bills()).one().name == ERASED
        text = all_cells(session)
        assert NAME not in text
        assert STREET in text  # of the neighbour, whose address is the same
        people = session.scalars(select(InvoicePerson).order_by(InvoicePerson.invoice_id)).all()
        assert [person.name for person in people] == ["", "顧客0169"]
        assert session.scalars(select(InvoiceDocument.content)).all() == [b""]
        assert [(one.customer_no, one.is_whole) for one in find_erasures(session)] == [(MINE, True)]
        assert verify(session) == []
    paper = said(rendered(homes, JANUARY).content)
    assert "(消去済み)様" in paper
    assert NAME not in paper
    with Session(homes) as session:
        assert session.scalars(select(InvoiceDocument.content)).all() == [b""]


def test_nobody_is_erased_who_lives_there_or_is_not_billed_to_the_end(homes: Engine) -> None:
    with Session(homes) as session:
        assert refusal(session, THEIRS) == "lives_there"
        for text, kind in (("", "no_reason"), (f"{NAME}さまの求め", "names_person")):
            with pytest.raises(ErasureRefused) as refused:
                erase(session, MINE, Word(KEY, NOW, "admin", text))
            assert refused.value.kind == kind
        session.execute(update(Outbox).values(state="sending", claimed_at=NOW - 60))
        assert refusal(session, MINE) == "being_sent"
        customer(session).left_on = date(2024, 3, 15)
        assert refusal(session, MINE) == "unbilled"
        session.add(
            BillRun(month=date(2024, 2, 1), as_of=0, actor="a", state="done", requested_at=0)
        )
        assert refusal(session, MINE) == "being_sent"
        old = session.scalars(bills()).one()
        cells = {c.name: getattr(old, c.name) for c in Invoice.__table__.columns}
        new = cells | {
            "id": None, "month": date(2024, 2, 1), "invoice_no": "240211202201100",
            "state": "held", "issued_at": None, "hash": None,
        }  # fmt: skip
        session.add(Invoice(**new))
        assert refusal(session, MINE) == "unissued"


def refusal(session: Session, number: str) -> str:
    session.flush()
    refused = foresee_erasure(session, number, NOW).refused
    assert refused is not None
    with pytest.raises(ErasureRefused):
        erase(session, number, WORD)
    return refused.kind


def test_an_erased_person_is_never_filled_in_again(homes: Engine) -> None:
    with Session(homes) as session, session.begin():
        erase(session, MINE, WORD)
    with Session(homes) as session:
        with pytest.raises(Refused, match="takes no more data"):
            plan_changes(session, [Entry(MINE, {"email": MAIL}, {}, {})], NOW)
        with pytest.raises(Refused, match="takes no more data"):
            add_note(session, MINE, ("2024-02-01", "電話"), NOW, "clerk")
        with pytest.raises(Refused, match="takes no more data"):
            restore_customer(session, MINE, NOW, "clerk")
        assert refusal(session, MINE) == "erased"
        one = customer(session)
        for column, text in (
            ("email", MAIL), ("name", "顧客0171"), ("erased_at", None), ("disabled_at", None),
        ):  # fmt: skip
            setattr(one, column, text)
            refused_by_database(session, "filled again")
        row = session.scalars(select(Audit).where(Audit.erased_at.is_not(None)).limit(1)).one()
        row.detail = "x"
        refused_by_database(session, "append-only")


def test_the_guards_let_through_the_erasing_and_nothing_beside_it(homes: Engine) -> None:
    with Session(homes) as session:
        row = session.scalars(select(Audit).where(Audit.action == "customer_changed")).one()
        left = session.scalars(select(Audit).where(Audit.action == "customer_left")).one()
        event = session.scalars(select(MailEvent).where(MailEvent.kind == "deferred")).one()
        bill = session.scalars(bills()).one()
        nothing = {"detail": "", "erased_at": 5}
        for changed, columns in (
            (row, {"detail": ""}), (row, {"erased_at": 5}), (row, {**nothing, "actor": "x"}),
            (row, {"detail": "x", "erased_at": 5}), (left, nothing), (event, {"detail": ""}),
            (bill, {"name": ""}), (bill, {"name": ERASED, "total_yen": 1}),
        ):  # fmt: skip
            for name, cell in columns.items():
                setattr(changed, name, cell)
            refused_by_database(session, "append-only|only be voided")
        session.execute(update(Audit).where(Audit.id == row.id).values(**nothing))
        with pytest.raises(IntegrityError, match="append-only"):
            session.execute(delete(Audit).where(Audit.id == row.id))


def refused_by_database(session: Session, words: str) -> None:
    with pytest.raises(IntegrityError, match=words):
        session.flush()
    session.rollback()


def test_the_command_shows_first_and_applies_a_list_again(ppa: Ppa, homes: Engine) -> None:
    asked = ("customers", "erase", MINE, "--reason", "本人の求め")
    now = "2026-01-05T10:00:00+09:00"
    dry = ppa(*asked, now=now)
    assert dry.code == 0
    assert f"{MINE}: would be erased at once: 1 notes" in dry.out
    assert f"{MINE}: stays until 2034-02-20: name and address on {JANUARY}" in dry.out
    assert "nothing was erased" in dry.err
    assert ppa("customers", "erasures").out.splitlines()[1:] == []
    refused = ppa("customers", "erase", THEIRS, "--reason", "r", "--apply", now=now)
    assert (refused.code, "has not left yet" in refused.err) == (1, True)
    assert ppa(*asked, "--apply", now=now).code == 0
    path = ppa.home / "erasures.csv"
    assert ppa("customers", "erasures", "--output", str(path)).code == 0
    assert MINE in path.read_text(encoding="utf-8")
    again = ppa("customers", "erase", "--list", str(path), "--reason", "復元", "--apply", now=now)
    assert (again.code, "was erased on 2026-01-05 already" in again.err) == (0, True)
    path.write_text("number\n1\n", encoding="utf-8")
    wrong = ppa("customers", "erase", "--list", str(path), "--reason", "復元")
    assert (wrong.code, "line 1 must be customer_no" in wrong.err) == (2, True)
    assert ppa("customers", "erase", "--reason", "r").code == 2
    with Session(homes) as session:
        row = session.scalars(select(Audit).where(Audit.action == "customer_erased")).one()
        assert (row.subject, NAME in row.detail) == (MINE, False)
