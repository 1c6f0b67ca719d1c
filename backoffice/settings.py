"""The operator's settings: as they are today, and changed, from a day on where they price."""

from collections.abc import Mapping
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.setting_words import GROUPS, choices, group_words, setting_words
from shared.customers.entries import parse_day
from shared.errors import ValueRefused
from shared.months import day_of
from shared.settings import (
    FROM_THE_BEGINNING,
    KEYS,
    find_history,
    find_rows,
    newest_row_id,
    set_setting,
    was_set,
)
from shared.web import paging
from shared.web.request import database, now, principal

SHOWN = 20


@office.get("/settings")
def settings() -> ResponseReturnValue:
    """Show every setting with its text today, what is to come, and who set what when."""
    return _page(_texts(), {})


@office.post("/settings")
def save_settings() -> ResponseReturnValue:
    """Record the settings that were changed, all of them or none."""
    held = _texts()
    typed = {key: _sent(key, held[key]) for key in KEYS}
    changed = {key: text for key, text in typed.items() if text != held[key]}
    typed["from"] = request.form.get("from", "")
    if request.form.get("version") != str(newest_row_id(database())):
        return _page(typed, {}, theirs=held), 409
    errors = _faults(changed, typed["from"])
    if errors:
        return _page(typed, errors), 422
    since = parse_day(typed["from"].strip()) if typed["from"].strip() else None
    for key, text in changed.items():
        _record(key, text, since)
    names = "、".join(setting_words()[key][0] for key in changed)
    flash(
        _("保存しました: %(names)s", names=names)
        if changed
        else _("変わるところはありませんでした。")
    )
    return redirect(url_for("office.settings"), 303)


def _sent(key: str, held: str) -> str:
    """Return what the form says of a setting; what it leaves out stays."""
    return request.form.get(key, held).replace("\r\n", "\n").strip()


def _faults(changed: Mapping[str, str], since: str) -> dict[str, str]:
    """Return a sentence for each setting, or the day, that cannot be used."""
    words, errors = setting_words(), {}
    for key, text in changed.items():
        try:
            KEYS[key].parse(text)
        except ValueRefused:
            errors[key] = _("この値は使えません。") + words[key][1]
    try:
        if since.strip():
            parse_day(since.strip())
    except ValueRefused:
        errors["from"] = _("2024-01-16 のように入れてください。")
    return errors


def _record(key: str, text: str, since: date | None) -> None:
    """Record one; of one that prices the day counts, and a first text counts from the beginning."""
    session, today = database(), day_of(now())
    first = today if was_set(session, key) else FROM_THE_BEGINNING
    valid_from = since if since and KEYS[key].dated else first
    warning = set_setting(
        session, key, text, valid_from=valid_from, now=now(), actor=principal().name
    )
    if warning:
        flash(_("登録番号のチェック数字が合いません。もう一度見くらべてください。"))


def _texts() -> dict[str, str]:
    rows = find_rows(database(), on=day_of(now()))
    return {name: rows[name].text if name in rows else key.default for name, key in KEYS.items()}


def _page(
    typed: Mapping[str, str], errors: dict[str, str], theirs: Mapping[str, str] | None = None
) -> str:
    session, shown = database(), paging.asked_slice()
    history, total = find_history(session, shown.size, shown.offset)
    today = day_of(now())
    return render_template(
        "office/settings.html",
        typed={"from": "", **typed},
        errors=errors,
        theirs={key: text for key, text in (theirs or {}).items() if typed[key] != text},
        groups=GROUPS,
        group_words=group_words(),
        words=setting_words(),
        choices=choices(),
        keys=KEYS,
        coming=[row for row in history if KEYS[row.key].dated and row.valid_from > today],
        history=history,
        pager=paging.Pager(shown, total),
        version=newest_row_id(session),
        is_stale=theirs is not None,
    )
