"""消去: a person's data erased for good, once it is said what goes and what stays until when."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from backoffice.confirming import is_confirmed, wrong_password
from backoffice.refusals import refusal_words
from shared.customers.stored import get_stored
from shared.erasing.doing import Word, erase, foresee_erasure
from shared.erasing.refusing import ErasureRefused
from shared.web.request import database, now, principal, site

CONFLICT = 409
OF_REASON = ("no_reason", "names_person")


@office.get("/customers/<customer_no>/erase")
def ask_erase(customer_no: str) -> ResponseReturnValue:
    """Say what erasing a person does: what goes at once, and what stays until when."""
    return _page(customer_no, {})


@office.post("/customers/<customer_no>/erase")
def erase_customer(customer_no: str) -> ResponseReturnValue:
    """Erase a person, with the own password and a reason that stays; audited."""
    get_stored(database(), customer_no)
    if not is_confirmed():
        return _page(customer_no, {"password": wrong_password()}), 422
    reason = request.form.get("reason", "")
    word = Word(site().settings.code_key, now(), principal().name, reason)
    try:
        erase(database(), customer_no, word)
    except ErasureRefused as refused:
        if refused.kind not in OF_REASON:
            return _page(customer_no, {}), CONFLICT
        return _page(customer_no, {"reason": _reason_words()[refused.kind]}), 422
    flash(_("顧客 %(number)s の記録を消去しました。", number=customer_no))
    return redirect(url_for("office.customer", customer_no=customer_no), 303)


def _page(customer_no: str, errors: dict[str, str]) -> str:
    stored = get_stored(database(), customer_no)
    outlook = foresee_erasure(database(), customer_no, now())
    refused = outlook.refused
    return render_template(
        "office/customer_erase.html",
        stored=stored,
        outlook=outlook,
        parts=_part_words(),
        due=[one for one in outlook.kept if one.is_due],
        staying=[one for one in outlook.kept if not one.is_due],
        refused=_refused_words(refused) if refused else "",
        is_erased=stored.erased_at is not None,
        way_out=_way_out(customer_no, refused) if refused else None,
        reason=request.form.get("reason", ""),
        errors=errors,
    )


def _part_words() -> dict[str, str]:
    """Return what goes at once, by the names of the parts; channels go with their devices."""
    return {
        "sessions": _("ログイン中の画面"),
        "links": _("メールから請求書を開くリンク"),
        "notes": _("メモ"),
        "messages": _("このお客さまだけへのお知らせ"),
        "mails": _("送ったメールの宛先とサーバーの返事"),
        "mail_events": _("メールサーバーの返事の記録"),
        "audit": _("操作の記録のうち、氏名や連絡先を書いた中身"),
        "half_hours": _("30分・1時間ごとの電気の使い方"),
        "gateways": _("この家の機器(ほかに住む人がいないとき)"),
    }


def _reason_words() -> dict[str, str]:
    return {
        "no_reason": _("200文字までの1行で入れてください。"),
        "names_person": _("理由は残ります。お客さまの氏名や連絡先を書かないでください。"),
    }


def _refused_words(refused: ErasureRefused) -> str:
    """Return why a person cannot be erased, and what to do first."""
    words = {
        "erased": _("このお客さまの記録は %(about)s に消去しました。", about=refused.about),
        "lives_there": _(
            "契約が終わっていません。先に「契約を終える」で最後の日を入れてください。"
        ),
        "unissued": _(
            "発行していない請求書 %(about)s があります。先に発行してください。", about=refused.about
        ),
        "undecided": _(
            "請求書 %(about)s に見直しの候補があります。先に決めてください。", about=refused.about
        ),
        "unbilled": _(
            "最後の日までの請求がまだです。先に利用月 %(about)s を計算して発行してください。",
            about=refused.about,
        ),
    }
    return words.get(refused.kind) or refusal_words()[refused.kind]


def _way_out(customer_no: str, refused: ErasureRefused) -> tuple[str, str]:
    """Return what to do first, in words, and where."""
    if refused.kind == "lives_there":
        return _("契約を終える"), url_for("office.ask_leave", customer_no=customer_no)
    if refused.kind in ("unissued", "undecided"):
        return _("請求書を開く"), url_for("office.invoice", invoice_no=refused.about)
    if refused.kind == "unbilled":
        return _("この月を開く"), url_for("office.month_run", month=refused.about)
    return _("この顧客を開く"), url_for("office.customer", customer_no=customer_no)
