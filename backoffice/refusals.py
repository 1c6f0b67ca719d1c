"""What was refused or has changed meanwhile, as a page that says what to do (409)."""

from collections.abc import Mapping
from http.client import BAD_REQUEST, FORBIDDEN, INTERNAL_SERVER_ERROR
from typing import Any

from flask import current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound as NoPage

from backoffice.blueprint import office
from backoffice.permissions import may
from shared.errors import NotFound, Refused
from shared.web.errors import answer_error, error_words
from shared.web.request import SAFE, find_principal, roll_back_database


@office.app_errorhandler(Refused)
def answer_refused(error: Refused) -> ResponseReturnValue:
    """Undo what was begun, and say why it was not done and where to go on."""
    roll_back_database()
    return _page(refusal_words().get(error.kind, _("いまの状態では、この操作はできません。")))


@office.app_errorhandler(HTTPException)
def answer_http(error: HTTPException) -> ResponseReturnValue:
    """Show who is signed in what was not done, and where to go on, beside the rail."""
    code = error.code or 0
    is_ours = BAD_REQUEST <= code < INTERNAL_SERVER_ERROR and "\0" not in request.path
    if find_principal() is None or not is_ours:
        return answer_error(error)
    roll_back_database()
    headers = [(name, text) for name, text in error.get_headers() if name != "Content-Type"]
    title, text = error_words(code)
    if code == FORBIDDEN:
        text = _(
            "あなたの役割では、この操作はできません。できる役割の人か、管理者に頼んでください。"
        )
    if request.method not in SAFE:
        text = " ".join((text, _("何も変えていません。")))
    return _shown(title, text), code, headers


@office.app_errorhandler(NotFound)
def answer_not_found(_error: NotFound) -> ResponseReturnValue:
    """Show that there is no such page."""
    return answer_http(NoPage())


def answer_stale() -> ResponseReturnValue:
    """Say that somebody else was quicker; nothing is done."""
    return _page(refusal_words()["stale"])


def refusal_words() -> dict[str, str]:
    """Return for each kind of refusal why nothing was done, and what to do."""
    return _about_bills() | _about_people()


def _about_bills() -> dict[str, str]:
    return {
        "stale": _(
            "画面を開いたあとで、内容が変わりました。開き直して、いまの内容を確かめてください。"
        ),
        "day_values": _(
            "この電気は日ごとの値で計っているので、指示数では直せません。機器のページから、その日を取り込み直してください。"
        ),
        "no_opening": _("その日のはじめの指示数がわかりません。先に締めの指示数を入れてください。"),
        "meter_replaced": _("その日に計器を交換しています。締めの指示数を直接入れてください。"),
        "not_closed": _(
            "締め済の請求書だけを発行できます。要確認なら、先に理由を解決してください。"
        ),
        "needs_request": _(
            "2人目の承認が要る設定です。「請求の実行」から、利用月ごとに申請してください。"
        ),
        "nothing_closed": _("発行できる請求書がありません。先に計算して締めてください。"),
        "own_request": _("申請した人は承認できません。ほかの人に承認を頼んでください。"),
        "is_void": _(
            "取り消した請求書は、直せません。請求し直すときは、利用月の計算をやり直してください。"
        ),
        "not_held": _("この請求書は、もう要確認ではありません。いまの状態を確かめてください。"),
        "not_issued": _("この請求書は、発行済ではありません。いまの状態を確かめてください。"),
        "no_amount": _("金額がまだ出ていません。指示数か料金の条件を先に入れてください。"),
        "bill_before": _(
            "前の月の請求書が決まっていません。その差額を先に決めてから、もう一度計算してください。"
        ),
        "no_amount_today": _("いまの値では金額が出ません。訂正ではなく、取り消してください。"),
        "nothing_to_correct": _("計算し直しても同じ金額です。訂正するところはありません。"),
        "no_proposal": _(
            "この請求書の見直しは、もう決まっています。「見直し」を開き直してください。"
        ),
        "opening_moved": _(
            "前の月の訂正で始まりの指示数が変わったため、据え置けません。この請求書も訂正してください。"
        ),
        "no_gap": _("終わりの指示数はわかっています。推定するところはありません。"),
        "no_history": _(
            "昨年の同じ日も前の30日もわからないため、推定できません。現地で読んだ指示数を入れてください。"
        ),
        "not_begun": _("この月はまだ始まっていません。始まってから計算してください。"),
    }


def _about_people() -> dict[str, str]:
    """Return what of customers, operators, mails and payments is refused."""
    return {
        "archived_already": _("この顧客は、もう保管されています。"),
        "shut_out_already": _("この顧客のログインは、もう止められています。"),
        "was_erased": _("このお客さまの記録は消去されています。新しく書き込むことはできません。"),
        "nothing_to_restore": _("この顧客は、保管も停止もされていません。"),
        "not_deletable": _("この顧客には記録があるので、消せません。保管してください。"),
        "last_admin": _(
            "最後の管理者は、役割を変えることも停止することもできません。先にほかの人を管理者にしてください。"
        ),
        "operator_disabled": _("この担当者は停止中です。先に停止を解いてください。"),
        "seal_broken": _(
            "しまってある値を開けません。鍵(PPA_CODE_KEY)が、しまったときと違います。管理者に知らせてください。"
        ),
        "no_address": _("顧客のメールアドレスがありません。先に入れてください。"),
        "being_sent": _("いま送信中です。10分ほどたってから、もう一度お試しください。"),
        "never_mailed": _(
            "この請求書には、送り直すメールがありません。"
            "手紙で送るなら、PDF を開いて印刷してください。"
        ),
        "not_to_pay": _(
            "この請求書は、入金済か、発行済ではありません。入金の一覧を開き直してください。"
        ),
        "reminded_today": _("きょうはもう確認メールを出しました。次は、あす出せます。"),
        "pays_issued": _(
            "入金を記録できるのは、発行済の請求書だけです。いまの状態を確かめてください。"
        ),
        "paid_later": _("入金日がまだ来ていません。今日までの日を入れてください。"),
        "paid_already": _(
            "この請求書は、もう入金済です。入金日を直すには、先に入金を取り消してください。"
        ),
        "not_paid": _("この請求書には、取り消す入金がありません。いまの状態を確かめてください。"),
    }


def _page(text: str) -> ResponseReturnValue:
    return _shown(_("この操作はしませんでした"), text), 409


def _shown(title: str, text: str) -> str:
    return render_template("office/refused.html", title=title, text=text, back=_where())


def _where() -> str:
    """Return the page on which to look at what the form was about, and that its reader may open."""
    about = request.view_args or {}
    if request.method in SAFE:
        return url_for("office.morning")
    if "invoice_no" in about:
        return url_for("office.invoice", invoice_no=about["invoice_no"])
    if "customer_no" in about:
        return url_for("office.customer", customer_no=about["customer_no"])
    if "month" in about:
        return url_for("office.month_run", month=about["month"])
    return _nearest(request.path, about)


def _nearest(path: str, about: Mapping[str, Any]) -> str:
    """Return the nearest page above an address that its reader may open."""
    person, routes = find_principal(), current_app.url_map.bind("")
    while path:
        try:
            endpoint, values = routes.match(path, method="GET")
        except HTTPException:
            endpoint, values = "", {}
        if person and endpoint and values.items() <= about.items() and may(person, endpoint):
            return path
        path = path.rpartition("/")[0]
    return url_for("office.morning")
