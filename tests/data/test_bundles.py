"""A month's documents made ready in the background, as one ZIP, and as one PDF to print."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pikepdf
import pypdf
import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from shared.documents import preparing
from shared.documents.bundling import each_document, zipped
from shared.documents.keeping import Rendering, find_rendering
from shared.documents.merging import merged
from shared.documents.preparing import (
    find_by_post,
    find_months_of_documents,
    find_own_of_year,
    find_requests,
    find_unready,
    prepare,
    request_documents,
)
from shared.invoices.issuing import Act, void
from shared.models.customers import Customer
from shared.models.documents import DocumentRequest, InvoiceDocument
from shared.months import Month
from tests.data.homes import NOW, issued
from tests.data.papers import JANUARY, OPERATOR, a_billed_home, said, setting

MONTH = Month(2024, 1)
HOMES = ("1120220110", "1120220111", "1120220112")
NUMBERS = [f"2401{home}" for home in HOMES]


@pytest.fixture
def month(engine: Engine) -> Engine:
    """Give a month of three issued bills, the second of them for somebody without mail."""
    setting(engine, **OPERATOR)
    for home in HOMES:
        customer_id = a_billed_home(engine, home)
        if home == HOMES[1]:
            with Session(engine) as session, session.begin():
                session.execute(update(Customer).where(Customer.id == customer_id).values(email=""))
    issued(engine, "2024-01", "2024-02-20 10:00")
    return engine


def opener(engine: Engine) -> preparing.OpenSession:
    def open_session(*, reads_only: bool = False) -> AbstractContextManager[Session]:
        return Session(engine) if reads_only else sessionmaker(engine).begin()

    return open_session


def asked(engine: Engine) -> int:
    with Session(engine) as session, session.begin():
        return request_documents(session, MONTH, "someone", NOW)


def prepared(engine: Engine, request_id: int, now: int = NOW) -> int:
    return prepare(opener(engine), lambda: now, request_id)


def kept_count(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count(InvoiceDocument.invoice_id))) or 0


def test_a_month_is_made_ready_once_however_often_it_is_asked_for(month: Engine) -> None:
    request_id = asked(month)
    assert asked(month) == request_id
    with Session(month) as session:
        assert find_requests(session, NOW) == [request_id]
        (before,) = find_months_of_documents(session)
        assert (before.total, before.ready, before.by_post, before.is_asked) == (3, 0, 1, True)
    assert prepared(month, request_id) == 3
    assert (prepared(month, request_id), kept_count(month)) == (0, 3)
    with Session(month) as session:
        assert find_requests(session, NOW) == []
        (after,) = find_months_of_documents(session)
        assert (after.total, after.ready, after.is_asked, after.error) == (3, 3, False, "")
        assert find_unready(session, NUMBERS) == []


def test_what_somebody_works_on_is_left_to_them_until_they_are_silent(month: Engine) -> None:
    request_id = asked(month)
    with Session(month) as session, session.begin():
        session.execute(update(DocumentRequest).values(lease_until=NOW + preparing.LEASE_S))
    assert (prepared(month, request_id), kept_count(month)) == (0, 0)
    assert prepared(month, request_id, NOW + preparing.LEASE_S) == 3


def test_a_killed_work_goes_on_where_it_was(month: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "CHUNK", 1)
    request_id = asked(month)
    made: list[str] = []

    def dies(session: Session, number: str) -> Rendering:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(number)
        return find_rendering(session, number)

    with monkeypatch.context() as patch:
        patch.setattr(preparing, "find_rendering", dies)
        with pytest.raises(KeyboardInterrupt):
            prepared(month, request_id)
    assert kept_count(month) == 2
    assert prepared(month, request_id, NOW + preparing.LEASE_S) == 1
    assert kept_count(month) == 3


def test_one_document_that_cannot_be_made_stops_no_other_and_is_named(
    month: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(session: Session, number: str) -> Rendering:
        if number == NUMBERS[0]:
            raise ValueError(number)
        return find_rendering(session, number)

    monkeypatch.setattr(preparing, "find_rendering", fails)
    assert prepared(month, asked(month)) == 2
    with Session(month) as session:
        (after,) = find_months_of_documents(session)
        assert (after.ready, after.is_asked, after.error) == (2, False, NUMBERS[0])


def test_a_bill_that_becomes_void_needs_its_other_document(month: Engine) -> None:
    prepared(month, asked(month))
    with Session(month) as session, session.begin():
        void(session, JANUARY, "誤り", Act("test", NOW, NOW))
        assert find_unready(session, NUMBERS) == [JANUARY]


def test_a_zip_holds_each_document_under_its_name(month: Engine) -> None:
    with Session(month) as session:
        content = b"".join(zipped(each_document(session, NUMBERS)))
        again = b"".join(zipped(each_document(session, NUMBERS)))
        first = find_rendering(session, JANUARY).content
    assert content == again
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"請求書_{number}.pdf" for number in NUMBERS]
        assert archive.read(f"請求書_{JANUARY}.pdf") == first


def test_only_bills_without_a_mail_that_arrives_go_by_post(month: Engine) -> None:
    with Session(month) as session:
        numbers = find_by_post(session, MONTH, 10)
        assert numbers == [NUMBERS[1]]
        assert find_by_post(session, MONTH, 10, 1) == []


def test_one_pdf_to_print_has_the_pages_of_all(month: Engine) -> None:
    with Session(month) as session:
        documents = [one.content for one in each_document(session, NUMBERS)]
    whole = merged(documents, "郵送する請求書")
    reader = pypdf.PdfReader(io.BytesIO(whole))
    assert len(reader.pages) == 6
    assert all(f"請求番号{number}" in said(whole) for number in NUMBERS)


def test_one_pdf_of_many_keeps_the_tags_of_each(month: Engine) -> None:
    with Session(month) as session:
        documents = [one.content for one in each_document(session, NUMBERS)]
    whole = merged(documents, "郵送する請求書")
    assert whole == merged(documents, "郵送する請求書")
    with pikepdf.open(io.BytesIO(whole)) as pdf:
        tree, pages = pdf.Root.StructTreeRoot, [page.obj.objgen for page in pdf.pages]
        told = [list(tagged(top)) for top in tree.K]
        assert len(told) == len(NUMBERS)
        for place, elements in enumerate(told):
            own = pages[2 * place : 2 * place + 2]
            assert {one.Pg.objgen for one in elements if "/Pg" in one} == set(own)
        numbers = [int(number) for number in list(tree.ParentTree.Nums)[::2]]
        assert numbers == [int(page.obj.StructParents) for page in pdf.pages] == list(range(6))
        names = {bytes(name) for name in list(tree.IDTree.Names)[::2]}
        heads = [bytes(one.ID) for elements in told for one in elements if "/ID" in one]
        assert (len(heads), set(heads)) == (len(names), names)
        asked = [bytes(name) for elements in told for one in elements for name in headings(one)]
        assert set(asked) <= names
        assert (str(pdf.Root.Lang), bool(pdf.Root.MarkInfo.Marked)) == ("ja-JP", True)


def test_what_has_no_tags_is_merged_without_them() -> None:
    with pikepdf.new() as plain:
        plain.add_blank_page()
        kept = io.BytesIO()
        plain.save(kept)
    with pikepdf.open(io.BytesIO(merged([kept.getvalue()] * 2, "白紙"))) as pdf:
        assert (len(pdf.pages), "/StructTreeRoot" in pdf.Root) == (2, False)


def tagged(element: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Yield a tag and all those inside."""
    yield element
    kids: Any = element.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield from tagged(kid)


def headings(element: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Yield the names of a cell's headings."""
    for attributes in element.get("/A", []):
        yield from attributes.get("/Headers", [])


def test_a_year_of_ones_own_holds_nobody_elses(month: Engine) -> None:
    with Session(month) as session:
        mine = session.scalars(select(Customer.id).order_by(Customer.id)).first() or 0
        assert find_own_of_year(session, mine, 2024) == [JANUARY]
        assert find_own_of_year(session, mine, 2023) == []
        assert date(2024, 1, 1) == MONTH.first()
