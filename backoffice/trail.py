"""The audit trail in the reader's words: what was done, and each thing before and after."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from shared.models.operations import Audit

PAIR = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of a row: its name, what it was (None: only said), and what it is."""

    name: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the trail as it is read."""

    row: Audit
    what: str
    lines: list[Line]


def tell(row: Audit) -> Told:
    """Return a row with the words of its action and its lines."""
    detail = json.loads(row.detail) if row.detail else {}
    lines = lines_of(detail) if isinstance(detail, dict) else [Line("", None, row.detail)]
    if row.erased_at is not None:
        lines = [Line("", None, _("(消去済み)"))]
    return Told(row, action_words().get(row.action, row.action), lines)


def lines_of(detail: Mapping[str, object]) -> list[Line]:
    """Return what a detail says, name by name; a list of two is before and after."""
    if "old" in detail and "new" in detail:
        rest = {key: told for key, told in detail.items() if key not in ("old", "new")}
        return [Line("", _text(detail["old"]), _text(detail["new"])), *lines_of(rest)]
    words = name_words()
    return [_line(words.get(key, key), told) for key, told in detail.items()]


def _line(name: str, told: object) -> Line:
    if isinstance(told, list | tuple) and len(told) == PAIR:
        return Line(name, _text(told[0]), _text(told[1]))
    return Line(name, None, _text(told))


def _text(told: object) -> str:
    if told is None or told == "":
        return "—"
    if isinstance(told, bool):
        return str(_("はい") if told else _("いいえ"))
    return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)


def action_words() -> dict[str, str]:
    """Return what each action is called; one that is not here is told as it is."""
    return {
        "bill.issue": _("請求書を発行"),
        "bill.issue.ask": _("発行を申請"),
        "bill.issue.start": _("発行を開始"),
        "bill.issue.withdraw": _("発行の申請を取り下げ"),
        "bill.release": _("要確認を解除"),
        "bill.void": _("請求書を取消"),
        "bill.revise": _("請求書を訂正"),
        "bill.refuse": _("差額の候補を却下"),
        "bill.estimate": _("推定で締めた"),
        "channel.metrology": _("計量の区分を変更"),
        "code_letter": _("認証コードの手紙を作成"),
        "code_revealed": _("認証コードを表示"),
        "code_rotated": _("認証コードを再発行"),
        "codes_rotated": _("すべての認証コードを再発行"),
        "customer_archived": _("顧客を保管"),
        "customer_changed": _("顧客を変更"),
        "customer_deleted": _("顧客を削除"),
        "customer_disclosed": _("顧客の記録を書き出し"),
        "customer_disabled": _("顧客のログインを停止"),
        "customer_erased": _("顧客の記録を消去"),
        "customer_forgotten": _("保存期間が過ぎた氏名を消去"),
        "customer_left": _("契約を終了"),
        "customer_registered": _("顧客を登録"),
        "customer_restored": _("保管・停止を取り消し"),
        "customer_stays": _("契約の終了を取り消し"),
        "email_confirmed": _("メールアドレスを確認"),
        "gateway.backfill": _("過去の値の取り込みを依頼"),
        "gateway.commissioned": _("機器の設置を確認"),
        "gateway.poll": _("読み取りと記録を依頼"),
        "gateway.read": _("試し読みを依頼"),
        "gateways.import": _("機器を取り込み"),
        "house_handed_over": _("家を引き継ぎ"),
        "logo_set": _("ロゴを変更"),
        "mail.bounced": _("メールが返送"),
        "mail.remind": _("お支払いの確認メール"),
        "mail.resend": _("メールを送り直し"),
        "mail.revoke": _("メールのリンクを停止"),
        "message_withdrawn": _("お知らせを取り下げ"),
        "message_written": _("お知らせを掲載"),
        "note_added": _("メモを追加"),
        "operator_added": _("担当者を追加"),
        "operator_changed": _("担当者を変更"),
        "operator_invited": _("担当者を招待"),
        "operator_joined": _("担当者が登録を完了"),
        "password_changed": _("パスワードを変更"),
        "password_link": _("パスワード再設定の案内"),
        "payment.import": _("入金を取り込み"),
        "payment.paid": _("入金を記録"),
        "payment.taken_back": _("入金を取り消し"),
        "register.set": _("指示数を入力"),
        "setting_set": _("設定を変更"),
        "terms_recorded": _("契約の条件を変更"),
        "totp_enrolled": _("2段階認証を登録"),
        "totp_removed": _("2段階認証を解除"),
    }


def name_words() -> dict[str, str]:
    """Return what the things in details are called."""
    return {
        "address": _("住所"),
        "at": _("時刻"),
        "base_fee": _("基本料金"),
        "battery": _("蓄電池"),
        "bills": _("請求書の数"),
        "channels": _("計る電気の数"),
        "contract": _("契約期間"),
        "day": _("日"),
        "done": _("すべて消去"),
        "email": _("メールアドレス"),
        "export_price": _("売電単価"),
        "first_day": _("最初の日"),
        "from": _("適用開始"),
        "issued": _("発行した数"),
        "kana": _("カナ"),
        "last_day": _("最後の日"),
        "name": _("氏名"),
        "note": _("各種情報"),
        "panel_w": _("パネル容量(W)"),
        "pcs": _("パワコン(PCS)"),
        "pcs_w": _("PCS の容量(W)"),
        "phone": _("電話番号"),
        "postal_code": _("郵便番号"),
        "reason": _("理由"),
        "role": _("役割"),
        "rows": _("行の数"),
        "serial": _("製造番号"),
        "terms_from": _("適用開始日"),
        "title": _("題"),
        "until": _("最後の日"),
        "use_price": _("利用単価"),
    }
