"""What was refused or has changed meanwhile, as a page that says what to do (409)."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from backoffice.blueprint import office
from shared.errors import Refused
from shared.web.request import roll_back_database


@office.app_errorhandler(Refused)
def answer_refused(error: Refused) -> ResponseReturnValue:
    """Undo what was begun, and say why it was not done and where to go on."""
    roll_back_database()
    return _page(refusal_words().get(error.kind, _("いまの状態では、この操作はできません。")))


def answer_stale() -> ResponseReturnValue:
    """Say that somebody else was quicker; nothing is done."""
    return _page(refusal_words()["stale"])


def refusal_words() -> dict[str, str]:
    """Return for each kind of refusal why nothing was done, and what to do."""
    return {
        "stale": _(
            "画面を開いたあとで、内容が変わりました。開き直して、いまの内容を確かめてください。"
        ),
        "day_values": _("この電気は日ごとの値で計っているので、指示数では直せません。"),
        "no_opening": _("その日のはじめの指示数がわかりません。先に締めの指示数を入れてください。"),
        "meter_replaced": _("その日に計器を交換しています。締めの指示数を直接入れてください。"),
        "not_closed": _("締め済の請求書だけを発行できます。"),
        "needs_request": _(
            "2人目の承認が要る設定です。「請求の実行」から、利用月ごとに申請してください。"
        ),
        "nothing_closed": _("発行できる請求書がありません。先に計算して締めてください。"),
        "own_request": _("申請した人は承認できません。ほかの人に承認を頼んでください。"),
        "is_void": _("取り消した請求書は、直せません。"),
        "not_held": _("この請求書は、もう要確認ではありません。いまの状態を確かめてください。"),
        "not_issued": _("この請求書は、発行済ではありません。いまの状態を確かめてください。"),
        "no_amount": _("金額がまだ出ていません。指示数か料金の条件を先に入れてください。"),
        "bill_before": _(
            "前の月の請求書が決まっていません。その差額を先に決めてから、もう一度計算してください。"
        ),
        "no_amount_today": _("いまの値では金額が出ません。訂正ではなく、取り消してください。"),
        "nothing_to_correct": _("計算し直しても同じ金額です。訂正するところはありません。"),
        "no_proposal": _("この請求書の見直しは、もう決まっています。"),
        "opening_moved": _(
            "前の月の訂正で始まりの指示数が変わったため、据え置けません。この請求書も訂正してください。"
        ),
        "no_gap": _("終わりの指示数はわかっています。推定するところはありません。"),
        "no_history": _("昨年の同じ日も前の30日もわからないため、推定できません。"),
        "archived_already": _("この顧客は、もう保管されています。"),
        "shut_out_already": _("この顧客のログインは、もう止められています。"),
        "nothing_to_restore": _("この顧客は、保管も停止もされていません。"),
        "not_deletable": _("この顧客には記録があるので、消せません。保管してください。"),
        "last_admin": _("最後の管理者は、役割を変えることも停止することもできません。"),
        "operator_disabled": _("この担当者は停止中です。先に停止を解いてください。"),
        "no_issuer": _(
            "事業者名が設定されていないため、登録番号のある請求書(適格請求書)を発行できません。"
            "管理者が「設定」で事業者名を入れてから、もう一度発行してください。"
        ),
        "not_begun": _("この月はまだ始まっていません。始まってから計算してください。"),
    }


def _page(text: str) -> ResponseReturnValue:
    return render_template("office/refused.html", text=text, back=_where()), 409


def _where() -> str:
    """Return the page on which to look at what the form was about."""
    about = request.view_args or {}
    if "invoice_no" in about:
        return url_for("office.invoice", invoice_no=about["invoice_no"])
    if "customer_no" in about:
        return url_for("office.customer", customer_no=about["customer_no"])
    if "month" in about:
        return url_for("office.month_run", month=about["month"])
    return url_for("office.morning")
