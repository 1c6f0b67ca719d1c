"""What settles one bill: a person's word, an estimate, and taking it back."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.acting import done, is_stale, own_act, reason_missing, typed_reason
from backoffice.bill_pages import show_bill
from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from backoffice.refusals import answer_stale
from shared.invoices.closing import estimate_bill
from shared.invoices.issuing import release, void
from shared.web.request import database


@office.post("/invoices/<invoice_no>/release")
def release_invoice(invoice_no: str) -> ResponseReturnValue:
    """Settle the holds of a bill by a person's word."""
    if is_stale(invoice_no):
        return answer_stale()
    reason = typed_reason()
    if not reason:
        return show_bill(invoice_no, errors={"release": reason_missing()}), 422
    release(database(), invoice_no, reason, own_act())
    return done(_("%(no)s を確認済にし、締めました。", no=invoice_no), invoice_no)


@office.post("/invoices/<invoice_no>/estimate")
def estimate_invoice(invoice_no: str) -> ResponseReturnValue:
    """Close a bill with estimated registers."""
    if is_stale(invoice_no):
        return answer_stale()
    reason = typed_reason()
    if not reason:
        return show_bill(invoice_no, errors={"estimate": reason_missing()}), 422
    estimate_bill(database(), invoice_no, reason, own_act())
    return done(_("%(no)s の終わりの指示数を推定しました。", no=invoice_no), invoice_no)


@office.post("/invoices/<invoice_no>/void")
def void_invoice(invoice_no: str) -> ResponseReturnValue:
    """Take an issued bill back for good; asks for the own password (decision 29)."""
    if is_stale(invoice_no):
        return answer_stale()
    reason = typed_reason()
    if not reason:
        return show_bill(invoice_no, errors={"void_reason": reason_missing()}), 422
    if not is_confirmed():
        return show_bill(invoice_no, errors={"void": wrong_password()}), 422
    void(database(), invoice_no, reason, own_act())
    return done(_("%(no)s を取り消しました。", no=invoice_no), invoice_no)
