"""Issued bills that would come out otherwise today: old against new, accepted or refused."""

from collections.abc import Mapping

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.acting import done, own_act, reason_missing, typed_reason
from backoffice.blueprint import office
from backoffice.refusals import answer_stale
from backoffice.words import figure_words, how_words
from shared.invoices.documents import get_invoice
from shared.invoices.proposing import find_proposals, get_open, refuse
from shared.invoices.revising import revise
from shared.web import paging
from shared.web.request import database, roll_back_database


@office.get("/proposals")
def proposals() -> ResponseReturnValue:
    """List the open proposals, of a month where asked."""
    return _page({})


@office.post("/proposals/<invoice_no>/accept")
def accept_proposal(invoice_no: str) -> ResponseReturnValue:
    """Issue the correction and void the bill, if it still comes out as the page showed."""
    found = _open_as_shown(invoice_no)
    if found is None:
        return answer_stale()
    if not typed_reason():
        return _page({invoice_no: reason_missing()}), 422
    made = revise(database(), invoice_no, typed_reason(), own_act(), apply=True)
    if made.new != found["new"]:
        roll_back_database()
        return answer_stale()
    text = _(
        "%(old)s を取り消し、訂正 %(new)s を発行しました。", old=invoice_no, new=made.invoice_no
    )
    return done(text, made.invoice_no)


@office.post("/proposals/<invoice_no>/refuse")
def refuse_proposal(invoice_no: str) -> ResponseReturnValue:
    """Keep the bill, and why."""
    if _open_as_shown(invoice_no) is None:
        return answer_stale()
    if not typed_reason():
        return _page({invoice_no: reason_missing()}), 422
    refuse(database(), invoice_no, typed_reason(), own_act())
    return done(_("%(no)s を据え置きました。", no=invoice_no), invoice_no)


def _open_as_shown(invoice_no: str) -> Mapping[str, object] | None:
    """Return the open proposal that the form showed, None where it is another; raises NotFound."""
    row = get_open(database(), get_invoice(database(), invoice_no))
    if row is None or row.digest != request.form.get("digest"):
        return None
    (found,) = [one for one in find_proposals(database()) if one["invoice_no"] == invoice_no]
    return found


def _page(errors: Mapping[str, str]) -> str:
    month, shown = paging.billing_month("month"), paging.asked_slice()
    found = find_proposals(database(), month)
    return render_template(
        "office/proposals.html",
        proposals=found[shown.offset : shown.offset + shown.size],
        difference=sum(one["difference_yen"] for one in found),
        pager=paging.Pager(shown, len(found)),
        month=month,
        figures=figure_words(),
        hows=how_words(),
        errors=errors,
        all_months=url_for("office.proposals"),
    )
