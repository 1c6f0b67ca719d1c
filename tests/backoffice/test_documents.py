"""Documents on the desk, for whoever may read bills."""

import pytest
from sqlalchemy.orm import Session

from shared.invoices.chaining import Act
from shared.invoices.documents import get_invoice
from shared.invoices.issuing import make_void
from tests.backoffice.conftest import ROLES, Office
from tests.data.papers import said
from tests.people import NOW


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
