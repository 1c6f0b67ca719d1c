"""Messages to homeowners: written for some days, listed, withdrawn."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from shared.customers.entries import EntryRefused
from shared.customers.messages import FIELDS, list_messages, withdraw_message, write_message
from shared.errors import Refused
from shared.months import day_of
from shared.web import paging
from shared.web.request import database, now, principal


@office.get("/messages")
def messages() -> ResponseReturnValue:
    """List every message, newest first, and offer to write one."""
    blank = dict.fromkeys(FIELDS, "") | {"from_day": day_of(now()).isoformat()}
    return _page(blank, {})


@office.post("/messages")
def create_message() -> ResponseReturnValue:
    """Show a message to all homeowners, or to one, from a day on."""
    typed = {field: request.form.get(field, "") for field in FIELDS}
    try:
        message = write_message(database(), typed, now(), principal().name)
    except EntryRefused as refused:
        words = field_words()
        return _page(typed, {field: words[field][1] for field in refused.problems}), 422
    flash(_("お知らせ「%(title)s」を出しました。", title=message.title))
    return redirect(url_for("office.messages"), 303)


@office.post("/messages/<int:message_id>/withdraw")
def take_message_back(message_id: int) -> ResponseReturnValue:
    """Take a message from the homeowners' pages; what it said stays on record."""
    try:
        title = withdraw_message(database(), message_id, now(), principal().name)
        flash(_("お知らせ「%(title)s」を取り下げました。", title=title))
    except Refused:
        flash(_("このお知らせは、もう取り下げられています。"))
    return redirect(url_for("office.messages"), 303)


def _page(typed: dict[str, str], errors: dict[str, str]) -> str:
    shown = paging.asked_slice()
    page = list_messages(database(), shown.size, shown.offset)
    return render_template(
        "office/messages.html",
        page=page,
        pager=paging.Pager(shown, page.total),
        typed=typed,
        errors=errors,
        words=field_words(),
        today=day_of(now()),
    )


def field_words() -> dict[str, tuple[str, str]]:
    """Return for each field its name and the sentence for a bad value."""
    long_title = _("1行で、100文字までで入れてください。")
    long_body = _("2000文字までで入れてください。")
    return {
        "customer_no": (_("顧客番号(1軒だけのとき)"), _("この番号の顧客はいません。")),
        "title": (_("題"), long_title),
        "body": (_("本文"), long_body),
        "title_en": (_("題(英語)"), _("英語の本文には、英語の題も1行で入れてください。")),
        "body_en": (_("本文(英語)"), long_body),
        "from_day": (_("掲載を始める日"), _("2024-01-16 のように入れてください。")),
        "until_day": (_("掲載を終える日"), _("始める日か、それより後の日を入れてください。")),
    }
