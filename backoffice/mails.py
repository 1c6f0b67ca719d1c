"""The bills' mails on the desk: where each stands, what to do about it, and what it says."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.refusals import refusal_words
from shared.csvfile import Column, CsvWriter
from shared.csvfile.writing import Cell
from shared.errors import NotFound, Refused, ValueRefused
from shared.mail.desk import MailPage, Resent, get_mail_page, queue_test, resend_each
from shared.mail.joining import find_lost_links
from shared.mail.links import revoke
from shared.mail.listing import STATES, MailFilter, MailRow, count_mails, find_mails
from shared.telemetry.exporting import time_text
from shared.web import paging
from shared.web.downloads import asked_encoding, csv_answer
from shared.web.request import database, now, principal, roll_back_database, site

TEXTS = ("氏名", "宛先", "状態", "返事", "次の試行")
COLUMNS = tuple(
    Column(name, is_text=name in TEXTS)
    for name in ("利用月", "請求番号", "氏名", "宛先", "状態", "試行", "返事", "次の試行")
)
MOST = 20_000
NAMED = 5


def asked_mails() -> MailFilter:
    """Return the filter that the address asks for; a bad value counts as absent."""
    return MailFilter(
        state=paging.choice("state", STATES),
        month=paging.billing_month("month"),
        q=paging.word("q"),
        needs_person=request.args.get("needs") == "1",
    )


@office.get("/mail")
def mail() -> ResponseReturnValue:
    """List the mails that the filter finds."""
    session, wanted, shown = database(), asked_mails(), paging.asked_slice()
    counts = count_mails(session, wanted, goes_out=goes_out())
    rows = find_mails(session, wanted, goes_out=goes_out(), limit=shown.size, offset=shown.offset)
    every = count_mails(session, MailFilter(), goes_out=goes_out())
    needing = count_mails(session, MailFilter(needs_person=True), goes_out=goes_out())
    return render_template(
        "office/mail.html",
        rows=rows,
        wanted=wanted,
        counts=every,
        needing=sum(needing.values()),
        words=mail_words(),
        goes_out=goes_out(),
        lost_links=find_lost_links(session, now()),
        pager=paging.Pager(shown, sum(counts.values())),
    )


@office.get("/mail.csv")
def mail_csv() -> ResponseReturnValue:
    """Send the mails that the filter finds."""
    rows = find_mails(database(), asked_mails(), goes_out=goes_out())
    writer = CsvWriter(COLUMNS, asked_encoding())
    return csv_answer("メール一覧.csv", writer.chunks(_cells(rows, *mail_words())))


def _cells(
    rows: Iterable[MailRow], states: dict[str, str], reasons: dict[str, str]
) -> Iterator[tuple[Cell, ...]]:
    for row in rows:
        said = reasons.get(row.reason, "") if row.state == "held" else row.reply
        following = "" if row.next_at is None else time_text(row.next_at)
        yield (
            row.month.slashed(), row.invoice_no, row.name, row.recipient, states[row.state],
            row.attempts, said, following,
        )  # fmt: skip


@office.post("/mail/resend")
def resend_mails() -> ResponseReturnValue:
    """Queue mails again: the ticked ones, or all that the filter finds."""
    numbers = list(dict.fromkeys(request.form.getlist("picked")))
    if request.form.get("every"):
        found = find_mails(database(), asked_mails(), goes_out=goes_out(), limit=MOST)
        numbers = [row.invoice_no for row in found]
    try:
        report = resend_each(database(), numbers, now(), principal().name)
    except NotFound:
        roll_back_database()
        flash(_("その請求書はありません。何も送り直していません。"), "attention")
        return redirect(url_for("office.mail"), 303)
    flash(_("%(n)s 通を送り直します。", n=len(report.queued)))
    tell_unsent(report)
    back = "office.invoices" if request.form.get("from") == "invoices" else "office.mail"
    return redirect(url_for(back) + paging.query_string(), 303)


def tell_unsent(report: Resent) -> None:
    """Say which of many mails do not go, reason by reason."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for number, kind in report.kept.items():
        by_kind[kind].append(number)
    for kind, numbers in by_kind.items():
        named = "、".join(numbers[:NAMED]) + (" " + _("ほか") if len(numbers) > NAMED else "")
        text = _("%(n)s 通は送りません(%(no)s)。", n=len(numbers), no=named)
        flash(f"{text}{refusal_words()[kind]}", "attention")


@office.get("/mail/<invoice_no>")
def bill_mail(invoice_no: str) -> ResponseReturnValue:
    """Show one bill's mail: where it stands, what happened, and what it says."""
    page = _page(invoice_no)
    return render_template(
        "office/bill_mail.html", page=page, words=mail_words(), goes_out=goes_out()
    )


@office.get("/mail/<invoice_no>/html")
def mail_html(invoice_no: str) -> ResponseReturnValue:
    """Show the HTML of one bill's mail, exactly as it goes but for the link."""
    return Response(_page(invoice_no).letter.html(), mimetype="text/html")


@office.post("/mail/<invoice_no>/revoke")
def revoke_mail_link(invoice_no: str) -> ResponseReturnValue:
    """Let a bill's mailed link open nothing any more; audited."""
    try:
        revoke(database(), invoice_no, now(), principal().name)
        flash(_("リンクを止めました。送り直すと、新しいリンクになります。"))
    except Refused:
        flash(_("止めるリンクがありません。"), "attention")
    return redirect(url_for("office.bill_mail", invoice_no=invoice_no), 303)


@office.post("/mail/<invoice_no>/test")
def send_test_mail(invoice_no: str) -> ResponseReturnValue:
    """Send a bill's mail to oneself; without a server it is said that nothing goes."""
    _page(invoice_no)
    person = principal().name
    try:
        queue_test(database(), invoice_no, person, now(), person)
        flash(_("%(to)s へテストメールを送ります。1分ほどで届きます。", to=person))
    except ValueRefused:
        flash(_("あなたのログイン名は、メールを送れるアドレスではありません。"), "attention")
    return redirect(url_for("office.bill_mail", invoice_no=invoice_no), 303)


def _page(invoice_no: str) -> MailPage:
    """Return one bill's mail; a bill that was never issued has none."""
    base_url = site().settings.base_url
    try:
        return get_mail_page(database(), invoice_no, base_url, now(), goes_out=goes_out())
    except Refused as refused:
        raise NotFound(str(refused)) from refused


def goes_out() -> bool:
    """Say whether a mail server is set."""
    return site().settings.sends_mail


def mail_words() -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of the states, and why a mail is held."""
    states = {
        "queued": _("送信待ち"),
        "sending": _("送信中"),
        "accepted": _("送信済"),
        "refused": _("不達"),
        "held": _("保留"),
    }
    reasons = {
        "no_address": _("メールアドレスがありません"),
        "bad_address": _("メールを送れるアドレスではありません"),
        "no_server": _("メールサーバーが設定されていません"),
        "before_mail": _("メールのしくみより前に発行されました"),
        "void": _("請求書が取り消されました"),
        "erased": _("お客さまの記録が消去されました"),
    }
    return states, reasons
