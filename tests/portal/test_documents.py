"""A homeowner's bill as a document."""

import io
import zipfile
from urllib.parse import quote

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.models.documents import InvoiceDocument
from tests.data.papers import said
from tests.portal.conftest import Portal


def test_a_bill_opens_as_a_document_under_a_name_that_every_browser_takes(portal: Portal) -> None:
    browser = portal.mine()
    page = browser.get(f"/bills/{portal.my_bill}")
    assert f"/bills/{portal.my_bill}.pdf" in page.links()
    answer = browser.get(f"/bills/{portal.my_bill}.pdf").answer
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == (
        f'inline; filename="invoice-{portal.my_bill}.pdf"; '
        f"filename*=UTF-8''{quote('請求書')}_{portal.my_bill}.pdf"
    )
    assert "顧客0170様" in said(answer.data)
    assert "2,327円" in said(answer.data)


def test_a_document_is_made_once_and_then_the_same(portal: Portal) -> None:
    browser = portal.mine()
    first, second = (browser.get(f"/bills/{portal.my_bill}.pdf").answer.data for _ in range(2))
    assert first == second
    with Session(portal.engine) as session:
        assert session.scalar(select(func.count(InvoiceDocument.invoice_id))) == 1


def test_a_years_bills_come_as_one_zip_of_ones_own(portal: Portal) -> None:
    browser = portal.mine()
    assert "/bills.zip?year=2024" in browser.get("/bills").links()
    answer = browser.get("/bills.zip?year=2024").answer
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist() == [f"請求書_{portal.my_bill}.pdf"]
    for year in ("2023", "nonsense", ""):
        assert browser.get(f"/bills.zip?year={year}").status == 404
