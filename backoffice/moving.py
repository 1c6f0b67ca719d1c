"""The end of a stay and the hand-over of a house: each says what will happen before it does."""

from collections.abc import Mapping
from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.customer_forms import field_words, registrar
from backoffice.foreseen import Foreseen, foresee_change
from backoffice.moving_words import changed_meanwhile, day_words, refusal_words
from shared.billing.terms import FROM_THE_BEGINNING, terms_on
from shared.customers.entries import Entry, EntryRefused, parse_day, parse_entry
from shared.customers.leaving import (
    REASONS,
    Leaving,
    LeavingRefused,
    earliest_last_day,
    end_stay,
    hand_over,
    resume_stay,
)
from shared.customers.stored import Stored, get_stored
from shared.errors import ValueRefused
from shared.months import Month, day_of
from shared.settings import find_settings
from shared.units import price_text
from shared.web.request import database, now, principal

NEWCOMER = (
    "customer_no",
    "name",
    "kana",
    "email",
    "phone",
    "postal_code",
    "address",
    "contract_from",
    "contract_to",
    "base_fee",
    "export_price",
    "use_price",
)
READS = timedelta(days=365)


@office.get("/customers/<customer_no>/leave")
def ask_leave(customer_no: str) -> ResponseReturnValue:
    """Ask for the last day of a stay, and why it ends."""
    stored = get_stored(database(), customer_no)
    end = terms_on(stored.terms, day_of(now())).end
    is_due = end is not None and end <= day_of(now()) + timedelta(days=180)
    typed = {
        "last_day": (end if is_due and end else _closing_day()).isoformat(),
        "reason": "term_end" if is_due else "cancelled",
    }
    return _leave_page(stored, typed, {})


@office.post("/customers/<customer_no>/leave")
def leave(customer_no: str) -> ResponseReturnValue:
    """Say what ending the stay does, and end it when that was seen."""
    stored = get_stored(database(), customer_no)
    typed = {field: request.form.get(field, "") for field in ("last_day", "reason")}
    if _is_stale(stored):
        return _leave_page(stored, typed, {"": changed_meanwhile()}), 409
    try:
        leaving = _leaving(typed["last_day"], typed["reason"])
        if request.form.get("step") == "preview":
            foreseen = foresee_change(
                stored.customer_id, leaving.last_day, lambda: _end(customer_no, leaving)
            )
            return _leave_page(stored, typed, {}, (leaving, foreseen))
        _end(customer_no, leaving)
    except LeavingRefused as refused:
        return _leave_page(stored, typed, {"last_day": refusal_words(refused)}), 422
    except ValueRefused:
        return _leave_page(stored, typed, {"last_day": day_words()}), 422
    flash(_("契約は %(day)s で終わります。", day=f"{leaving.last_day:%Y/%m/%d}"))
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


@office.post("/customers/<customer_no>/stay")
def stay(customer_no: str) -> ResponseReturnValue:
    """Take the end of a stay back."""
    try:
        resume_stay(database(), customer_no, now(), principal().name)
        flash(_("契約の終わりを取り消しました。契約期間を確かめてください。"))
    except LeavingRefused as refused:
        flash(refusal_words(refused))
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


@office.get("/customers/<customer_no>/move")
def ask_move(customer_no: str) -> ResponseReturnValue:
    """Ask who takes the house over, and from when."""
    stored = get_stored(database(), customer_no)
    last_day = _closing_day()
    return _move_page(stored, _proposed(stored, last_day), {})


@office.post("/customers/<customer_no>/move")
def move(customer_no: str) -> ResponseReturnValue:
    """Say what handing the house over does, and do it when that was seen."""
    stored = get_stored(database(), customer_no)
    typed = {field: request.form.get(field, "") for field in ("last_day", *NEWCOMER)}
    if _is_stale(stored):
        return _move_page(stored, typed, {"": changed_meanwhile()}), 409
    if request.form.get("step") == "back":
        return _move_page(stored, typed, {})
    newcomer, errors = _newcomer(typed)
    if newcomer is None:
        return _move_page(stored, typed, errors), 422
    try:
        leaving = _leaving(typed["last_day"], "moved")
        if request.form.get("step") == "preview":
            foreseen = foresee_change(
                stored.customer_id,
                leaving.last_day,
                lambda: hand_over(database(), customer_no, leaving, newcomer, registrar()),
            )
            return _move_page(stored, typed, {}, (leaving, foreseen))
        hand_over(database(), customer_no, leaving, newcomer, registrar())
    except LeavingRefused as refused:
        field = "customer_no" if refused.kind == "number_taken" else "last_day"
        return _move_page(stored, typed, {field: refusal_words(refused)}), 422
    number = newcomer.customer_no
    flash(_("家を %(number)s に引き継ぎました。認証コードをお渡しください。", number=number))
    return redirect(url_for("office.customer", customer_no=number), 303)


def _end(customer_no: str, leaving: Leaving) -> None:
    end_stay(database(), customer_no, leaving, now(), principal().name)


def _leaving(day: str, reason: str) -> Leaving:
    return Leaving(parse_day(day.strip()), reason if reason in REASONS else "cancelled")


def _newcomer(typed: Mapping[str, str]) -> tuple[Entry | None, dict[str, str]]:
    """Return the new customer as typed, or a sentence for each field at fault."""
    prefix, words = find_settings(database()).customer_no_prefix, field_words()
    cells = {field: typed[field] for field in NEWCOMER}
    cells["customer_no"] = prefix + cells["customer_no"].strip()
    errors: dict[str, str] = {}
    entry = None
    try:
        entry = parse_entry(cells, prefix)
    except EntryRefused as refused:
        errors = {field: words[field][1] for field in refused.problems}
    try:
        parse_day(typed["last_day"].strip())
    except ValueRefused:
        errors["last_day"] = day_words()
    return (None if errors else entry), errors


def _proposed(stored: Stored, last_day: date) -> dict[str, str]:
    """Return what the form begins with: the house's address and the prices that hold."""
    held = terms_on(stored.terms, day_of(now()))
    first_day = last_day + timedelta(days=1)
    return {
        **dict.fromkeys(("customer_no", "name", "kana", "email", "phone"), ""),
        "last_day": last_day.isoformat(),
        "postal_code": stored.contact["postal_code"],
        "address": stored.contact["address"],
        "contract_from": first_day.isoformat(),
        "contract_to": held.end.isoformat() if held.end and held.end >= first_day else "",
        "base_fee": "" if held.base_yen is None else str(held.base_yen),
        "export_price": "" if held.export_sen is None else price_text(held.export_sen),
        "use_price": "" if held.use_sen is None else price_text(held.use_sen),
    }


def _closing_day() -> date:
    """Return the last day of the billing period that runs."""
    closing = find_settings(database(), on=day_of(now())).closing_day
    return Month.holding(day_of(now()), closing).period(closing).end - timedelta(days=1)


def _is_stale(stored: Stored) -> bool:
    return request.form.get("version") != str(stored.version)


def _leave_page(
    stored: Stored,
    typed: Mapping[str, str],
    errors: dict[str, str],
    seen: tuple[Leaving, Foreseen] | None = None,
) -> str:
    return _page("office/leave.html", stored, (typed, errors), seen)


def _move_page(
    stored: Stored,
    typed: Mapping[str, str],
    errors: dict[str, str],
    seen: tuple[Leaving, Foreseen] | None = None,
) -> str:
    return _page("office/move.html", stored, (typed, errors), seen)


def _page(
    template: str,
    stored: Stored,
    form: tuple[Mapping[str, str], dict[str, str]],
    seen: tuple[Leaving, Foreseen] | None,
) -> str:
    settings = find_settings(database())
    leaving, foreseen = seen or (None, None)
    last_day = leaving.last_day if leaving else None
    earliest = earliest_last_day(database(), stored)
    return render_template(
        template,
        stored=stored,
        typed=form[0],
        errors=form[1],
        words={"last_day": (_("最後の日"), ""), **field_words()},
        prefix=settings.customer_no_prefix,
        earliest=None if earliest == FROM_THE_BEGINNING else earliest,
        leaving=leaving,
        foreseen=foreseen,
        final_month=Month.holding(last_day, settings.closing_day) if last_day else None,
        reads_until=last_day + READS if last_day else None,
        first_day=last_day + timedelta(days=1) if last_day else None,
    )
