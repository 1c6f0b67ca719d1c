"""編集: a day or an edge of a bill corrected by its register, shown before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.acting import done, is_stale, own_act, reason_missing, typed, typed_reason
from backoffice.blueprint import office
from backoffice.refusals import answer_stale
from backoffice.words import doubt_words, figure_words
from shared.energy.quantities import Quantity
from shared.errors import ValueRefused
from shared.invoices.correcting import Corrected, Edge, Meant, correct, register_of_day
from shared.invoices.documents import Document, get_bill
from shared.invoices.standing import find_standing
from shared.units import parse_kwh
from shared.web.request import database, now, roll_back_database

FIELDS = ("what", "channel", "day", "kwh", "reason")
DAY, REGISTER = "day", "register"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a form would do: the register that it means, and how the bill comes out."""

    edge: Edge
    meant: Meant | None
    outcome: Corrected


@office.get("/invoices/<invoice_no>/edit")
def edit_invoice(invoice_no: str) -> ResponseReturnValue:
    """Show the forms: a day's energy, or the register at an edge."""
    return _page(get_bill(database(), invoice_no), {}, {})


@office.post("/invoices/<invoice_no>/edit")
def correct_invoice(invoice_no: str) -> ResponseReturnValue:
    """Show what a correction means; with `save` keep it."""
    bill, form = get_bill(database(), invoice_no), {name: typed(name) for name in FIELDS}
    if is_stale(invoice_no):
        return answer_stale()
    edge, errors = _asked(bill, form)
    if edge is None or errors:
        return _page(bill, form, errors), 422
    meant = None
    if form["what"] == DAY:
        meant = register_of_day(database(), invoice_no, edge, now())
        edge = meant.edge
    outcome = correct(database(), invoice_no, edge, typed_reason(), own_act())
    if "save" not in request.form:
        roll_back_database()
        return _page(bill, form, {}, Preview(edge, meant, outcome))
    if outcome.is_proposed:
        done(_("指示数を記録しました。発行済の請求書なので、見直しで決めてください。"), invoice_no)
        return redirect(url_for("office.proposals"), 303)
    return done(_("指示数を記録し、%(no)s を計算し直しました。", no=invoice_no), invoice_no)


def _asked(bill: Document, form: Mapping[str, str]) -> tuple[Edge | None, dict[str, str]]:
    """Return the register or the day's energy that a form states, or a sentence for each fault."""
    errors = {}
    if not typed_reason():
        errors["reason"] = reason_missing()
    try:
        wh = parse_kwh(form["kwh"])
    except ValueRefused:
        errors["kwh"] = _("12.34 のように、kWh の数字で入れてください。")
        return None, errors
    allowed = {one for one, _label in day_choices(bill, form["what"])}
    if form["day"] not in allowed or form["channel"] not in ("pv", "export"):
        errors["day"] = _("この請求書の日から選んでください。")
        return None, errors
    return Edge(Quantity(form["channel"]), date.fromisoformat(form["day"]), int(wh)), errors


def day_choices(bill: Document, what: str) -> list[tuple[str, str]]:
    """Return the days of a bill, or its two edges."""
    if bill["period"] is None:
        return []
    if what == REGISTER:
        return [(bill["period"]["end"], _("終わり")), (bill["period"]["start"], _("はじめ"))]
    return [(day["date"], day["date"]) for day in reversed(bill["days"])]


def _page(
    bill: Document,
    form: Mapping[str, str],
    errors: Mapping[str, str],
    preview: Preview | None = None,
) -> str:
    return render_template(
        "office/invoice_edit.html",
        bill=bill,
        standing=find_standing(database(), bill["invoice_no"]),
        form_of={
            what: form if form.get("what") == what else dict.fromkeys(FIELDS, "")
            for what in (DAY, REGISTER)
        },
        errors=errors,
        preview=preview,
        days={what: day_choices(bill, what) for what in (DAY, REGISTER)},
        doubts=doubt_words(),
        figures=figure_words(),
    )
