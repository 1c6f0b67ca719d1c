"""Documents on the desk, for whoever may read bills."""

import io
import zipfile
from contextlib import AbstractContextManager
from urllib.parse import quote

import pypdf
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from shared.documents.preparing import find_requests, prepare
from shared.invoices.chaining import Act
from shared.invoices.documents import get_invoice
from shared.invoices.issuing import make_void
from shared.invoices.notifying import queue_mails
from shared.models.customers import Customer
from shared.models.documents import InvoiceDocument
from shared.models.invoices import Invoice
from shared.models.operations import Audit
from tests.backoffice.conftest import HOME, ROLES, Office
from tests.data.papers import said
from tests.people import CODES, NOW, PASSWORD


@pytest.mark.parametrize("role", ROLES)
def test_every_role_opens_a_bills_document(office: Office, role: str) -> None:
    browser = office.as_(role)
    page = browser.get(f"/office/invoices/{office.bill}")
    assert f"/office/invoices/{office.bill}.pdf" in page.links()
    answer = browser.get(f"/office/invoices/{office.bill}.pdf").answer
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")


def test_a_bill_that_is_not_issued_has_none_and_no_link_to_one(office: Office) -> None:
    browser = office.as_("admin")
    page = browser.get(f"/office/invoices/{office.held_bill}")
    assert not [link for link in page.links() if link.endswith(".pdf")]
    for ending in (".pdf", "/issued.pdf"):
        assert browser.get(f"/office/invoices/{office.held_bill}{ending}").status == 404


def test_a_void_bill_says_so_and_its_history_has_what_was_issued(office: Office) -> None:
    browser = office.as_("viewer")
    issued = browser.get(f"/office/invoices/{office.bill}.pdf").answer.data
    with Session(office.engine) as session, session.begin():
        row = get_invoice(session, office.bill)
        make_void(session, row, "誤り", Act("somebody", NOW, NOW))
    page = browser.get(f"/office/invoices/{office.bill}")
    assert f"/office/invoices/{office.bill}/issued.pdf" in page.links()
    assert "取消" in said(browser.get(f"/office/invoices/{office.bill}.pdf").answer.data)
    assert browser.get(f"/office/invoices/{office.bill}/issued.pdf").answer.data == issued


def test_a_month_comes_as_zip_and_is_made_where_little_is_missing(office: Office) -> None:
    browser = office.as_("viewer")
    answer = browser.get("/office/invoices.zip?month=2024-01").answer
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    assert quote("請求書_2024-01.zip") in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert len(archive.namelist()) == 2
    picked = browser.get(f"/office/invoices.zip?picked={office.bill}").answer
    with zipfile.ZipFile(io.BytesIO(picked.data)) as archive:
        assert archive.namelist() == [f"請求書_{office.bill}.pdf"]


def test_where_nothing_was_issued_there_is_no_zip(office: Office) -> None:
    page = office.as_("viewer").get("/office/invoices.zip?month=2024-02")
    assert (page.status, page.answer.headers["Location"]) == (303, "/office/invoices")


def test_where_much_is_missing_the_month_is_made_ready_first(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.documents.AT_ONCE", 1)
    browser = office.as_("billing")
    page = browser.get("/office/invoices.zip?month=2024-01")
    assert (page.status, page.answer.headers["Location"]) == (303, "/office/documents")
    assert browser.post("/office/documents", {"month": "2024-01"}).status == 303
    page = browser.get("/office/documents")
    assert page.answer.headers["Refresh"] == "5"
    assert "用意しています" in page.text
    with Session(office.engine) as session:
        (request_id,) = find_requests(session, NOW)

    def open_session(*, reads_only: bool = False) -> AbstractContextManager[Session]:
        return Session(office.engine) if reads_only else sessionmaker(office.engine).begin()

    assert prepare(open_session, office.clock, request_id) == 2
    page = browser.get("/office/documents")
    assert "Refresh" not in page.answer.headers
    assert "/office/invoices.zip?month=2024-01" in page.links()
    assert browser.get("/office/invoices.zip?month=2024-01").status == 200


def test_a_month_that_is_none_is_refused(office: Office) -> None:
    browser = office.as_("billing")
    assert browser.post("/office/documents", {"month": "nonsense"}).status == 400
    for query in ("", "?month=2024-01&part=0", "?month=2024-01&part=9"):
        assert browser.get(f"/office/documents/print.pdf{query}").status == 404


def test_bills_that_go_by_post_come_as_one_pdf(office: Office) -> None:
    with Session(office.engine) as session, session.begin():
        session.execute(update(Customer).values(email=""))
        ids = session.scalars(select(Invoice.id).where(Invoice.state == "issued")).all()
        queue_mails(session, ids, NOW)
    browser = office.as_("viewer")
    assert (
        "/office/documents/print.pdf?month=2024-01&part=1"
        in browser.get("/office/documents").links()
    )
    answer = browser.get("/office/documents/print.pdf?month=2024-01&part=1").answer
    assert len(pypdf.PdfReader(io.BytesIO(answer.data)).pages) == 4


def test_a_letter_brings_the_code_and_is_kept_nowhere(office: Office) -> None:
    browser = office.as_("billing")
    path = f"/office/customers/{HOME}/letter"
    refused = browser.post(path, {"password": "wrong"})
    assert (refused.status, CODES[HOME] in refused.text) == (422, False)
    answer = browser.post(path, {"password": PASSWORD}).answer
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    text = said(answer.data)
    for told in ("顧客0170様", CODES[HOME], "/login", "ご利用のしかた"):
        assert told in text
    with Session(office.engine) as session:
        assert session.scalar(select(func.count(InvoiceDocument.invoice_id))) == 0
        trail = session.scalars(select(Audit)).all()
        actions = [row.action for row in trail if row.subject == HOME]
        assert actions == ["code_revealed", "code_letter"]
        assert not [row for row in trail if CODES[HOME] in row.detail]


def test_a_viewer_makes_no_letter(office: Office) -> None:
    browser = office.as_("viewer")
    assert browser.post(f"/office/customers/{HOME}/letter", {"password": PASSWORD}).status == 403
