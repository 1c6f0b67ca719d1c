"""Paid or not, on the desk: the unpaid list, a word by hand, a file, and reminders."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from backoffice.acting import reason_missing, typed_reason
from backoffice.blueprint import office
from backoffice.import_words import Told, tell_fault
from backoffice.mails import tell_unsent
from backoffice.payment_words import payment_faults
from backoffice.refusals import refusal_words
from shared.csvfile import Column, CsvWriter, FileRefused
from shared.csvfile.writing import Cell
from shared.customers.entries import parse_day
from shared.errors import NotFound, Refused, ValueRefused
from shared.invoices.documents import get_invoice
from shared.invoices.payment_file import PaymentPlan, apply_payments, plan_payments
from shared.invoices.payments import (
    STATES,
    PaymentFilter,
    PaymentRow,
    Word,
    count_payment_rows,
    find_payment_rows,
    pay,
    take_back,
)
from shared.mail.reminding import remind_each
from shared.months import day_of
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.marks import takes_upload
from shared.web.request import database, now, principal, roll_back_database

MOST_BYTES = 2_000_000
MOST_REMINDED = 20_000
SHOWN = 200
TEXTS = ("氏名", "メールアドレス")
COLUMNS = tuple(
    Column(name, is_text=name in TEXTS)
    for name in (
        "利用月", "請求番号", "顧客番号", "氏名", "メールアドレス", "利用料金合計(円)", "支払期限",
        "入金日",
    )
)  # fmt: skip


def asked_payments() -> PaymentFilter:
    """Return the filter that the address asks for; a bad value counts as absent."""
    return PaymentFilter(
        state=paging.choice("state", STATES) or "unpaid",
        today=day_of(now()),
        month=paging.billing_month("month"),
        q=paging.word("q"),
    )


@office.get("/payments")
def payments() -> ResponseReturnValue:
    """List the bills that are not paid, or that are."""
    session, wanted, shown = database(), asked_payments(), paging.asked_slice()
    total, yen = count_payment_rows(session, wanted)
    counts = {
        state: count_payment_rows(session, PaymentFilter(state, wanted.today))[0]
        for state in STATES
    }
    return render_template(
        "office/payments.html",
        rows=find_payment_rows(session, wanted, shown.size, shown.offset),
        wanted=wanted,
        yen=yen,
        counts=counts,
        pager=paging.Pager(shown, total),
    )


@office.get("/payments.csv")
def payments_csv() -> ResponseReturnValue:
    """Send the bills that the filter finds."""
    writer = CsvWriter(COLUMNS, asked_encoding())
    rows = find_payment_rows(database(), asked_payments())
    return csv_answer("入金一覧.csv", writer.chunks(_cells(rows)))


def _cells(rows: Iterable[PaymentRow]) -> Iterator[tuple[Cell, ...]]:
    for row in rows:
        days = [day.strftime("%Y/%m/%d") if day else "" for day in (row.due_on, row.paid_on)]
        yield (
            row.month.slashed(), row.invoice_no, row.customer_no, row.name, row.email,
            row.total_yen, *days,
        )  # fmt: skip


@office.post("/payments/remind")
def remind() -> ResponseReturnValue:
    """Queue a reminder of the ticked bills, or of all that the filter finds."""
    numbers = list(dict.fromkeys(request.form.getlist("picked")))
    if request.form.get("every"):
        found = find_payment_rows(database(), asked_payments(), MOST_REMINDED)
        numbers = [row.invoice_no for row in found]
    report = remind_each(database(), numbers, now(), principal().name)
    flash(_("%(n)s 通の確認メールを送ります。", n=len(report.queued)))
    tell_unsent(report)
    return redirect(url_for("office.payments") + paging.query_string(), 303)


@office.post("/invoices/<invoice_no>/paid")
def mark_paid(invoice_no: str) -> ResponseReturnValue:
    """Note by hand that a bill was paid."""

    def act() -> None:
        day = parse_day(request.form.get("paid_on", "").strip())
        pay(database(), invoice_no, day, Word(now(), principal().name))

    return _decided(invoice_no, act, _("入金を記録しました。"))


@office.post("/invoices/<invoice_no>/unpaid")
def mark_unpaid(invoice_no: str) -> ResponseReturnValue:
    """Take the word back that a bill was paid, with a reason."""
    reason = typed_reason()
    if not reason:
        get_invoice(database(), invoice_no)
        flash(reason_missing(), "attention")
        return redirect(url_for("office.invoice", invoice_no=invoice_no), 303)
    word = Word(now(), principal().name)
    done = _("入金を取り消しました。")
    return _decided(invoice_no, lambda: take_back(database(), invoice_no, reason, word), done)


def _decided(invoice_no: str, act: Callable[[], None], done: str) -> ResponseReturnValue:
    try:
        act()
        flash(done)
    except NotFound:
        raise
    except ValueRefused:
        get_invoice(database(), invoice_no)
        flash(_("入金日を 2024-01-16 のように入れてください。"), "attention")
    except Refused as refused:
        roll_back_database()
        flash(refusal_words()[refused.kind], "attention")
    return redirect(url_for("office.invoice", invoice_no=invoice_no), 303)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file of payments would do, or what is wrong with it."""

    name: str
    content: str
    plan: PaymentPlan | None
    faults: list[Told] = field(default_factory=list)


@office.get("/payments/import")
def import_payments() -> ResponseReturnValue:
    """Ask for a file."""
    return render_template("office/payment_import.html", preview=None, error="", shown=SHOWN)


@office.post("/payments/import")
@takes_upload
def preview_payments() -> ResponseReturnValue:
    """Show what a file would do, and change nothing."""
    upload = request.files.get("file")
    content = upload.stream.read(MOST_BYTES + 1) if upload else b""
    if not content or len(content) > MOST_BYTES or upload is None:
        error = _("2 MB までの CSV ファイルを選んでください。")
        page = render_template("office/payment_import.html", preview=None, error=error, shown=SHOWN)
        return page, 422
    return _shown(_preview(content, (upload.filename or "file.csv")[:100]))


@office.post("/payments/import/apply")
@takes_upload
def apply_payment_file() -> ResponseReturnValue:
    """Take a file that was looked at; planned anew, for bills may have changed."""
    try:
        content = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error as error:
        raise BadRequest from error
    preview = _preview(content, request.form.get("name", "")[:100])
    if preview.plan is None:
        return _shown(preview)
    word = Word(now(), principal().name)
    done = apply_payments(database(), preview.plan, preview.name, word)
    flash(_("%(n)s 件の入金を記録しました。", n=done))
    return redirect(url_for("office.payments", state="paid"), 303)


def _preview(content: bytes, name: str) -> Preview:
    encoded = base64.b64encode(content).decode()
    try:
        return Preview(name, encoded, plan_payments(database(), content, name, now()))
    except FileRefused as refused:
        words = payment_faults()
        by_line = sorted(refused.faults, key=attrgetter("line"))
        faults = [tell_fault(fault, words) for fault in by_line[:SHOWN]]
        return Preview(name, encoded, None, faults)


def _shown(preview: Preview) -> ResponseReturnValue:
    page = render_template("office/payment_import.html", preview=preview, error="", shown=SHOWN)
    return page, 200 if preview.plan else 422
