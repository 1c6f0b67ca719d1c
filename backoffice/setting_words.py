"""What each setting is called, how it is written, and in which group it stands."""

from flask_babel import gettext as _

GROUPS = (
    (
        "operator",
        (
            "operator_name",
            "operator_postal_code",
            "operator_address",
            "operator_tel",
            "operator_email",
            "operator_hours",
            "t_number",
            "payment_text",
        ),
    ),
    (
        "billing",
        (
            "closing_day",
            "first_month",
            "grace_days",
            "due_day",
            "tax_rate",
            "tax_rounding",
            "large_change_yen",
            "approval",
            "customer_no_prefix",
            "bill_retention_years",
        ),
    ),
    ("compare", ("grid_price_sen", "grid_price_source", "co2_g_per_kwh", "co2_source")),
    ("mail", ("mail_shows_amount", "mail_link_days")),
    ("doors", ("require_totp",)),
)
"""Every key of shared.settings, once."""


def group_words() -> dict[str, str]:
    """Return what each group is called."""
    return {
        "operator": _("事業者"),
        "billing": _("請求"),
        "compare": _("くらべる値"),
        "mail": _("メール"),
        "doors": _("ログイン"),
    }


def setting_words() -> dict[str, tuple[str, str]]:
    """Return for each setting its name and how it is written."""
    line = _("1行で、500文字まで")
    day = _("1〜28 の日、または month-end(月末)")
    return {
        "operator_name": (_("事業者名"), line),
        "operator_postal_code": (_("事業者の郵便番号"), line),
        "operator_address": (_("事業者の住所"), line),
        "operator_tel": (_("事業者の電話番号"), line),
        "operator_email": (_("問い合わせのメールアドレス"), line),
        "operator_hours": (_("受付時間"), line),
        "t_number": (
            _("登録番号"),
            _("T と 13 桁の数字。事業者名も要ります。空なら、適格請求書ではなく請求書になります"),
        ),
        "payment_text": (_("支払方法の案内"), _("500文字まで。請求書に載ります")),
        "closing_day": (_("締日"), day),
        "first_month": (
            _("自動で計算する最初の月"),
            _("2024-01 のように。空なら、自動では計算しません"),
        ),
        "grace_days": (_("値を待つ日数"), _("0〜60 の整数")),
        "due_day": (_("支払期限の日"), day + _("。空なら、期限を載せません")),
        "tax_rate": (_("税率(パーセント)"), _("0〜100 の整数")),
        "tax_rounding": (_("税の端数"), _("切り捨て、四捨五入、切り上げのどれか")),
        "large_change_yen": (
            _("大きな変化とみなす差(円)"),
            _("0 以上の整数。いつもの3倍を超え、差がこれを超えると要確認"),
        ),
        "approval": (_("発行に2人目の承認"), _("使うか、使わないか")),
        "bill_retention_years": (
            _("請求書に氏名を残す年数"),
            _("9〜100 の整数。消去したお客さまの氏名が、請求書から消えるまでの年数"),
        ),
        "customer_no_prefix": (_("顧客番号のはじめ"), _("4桁までの数字")),
        "grid_price_sen": (
            _("電力会社の単価(銭/kWh)"),
            _("0 以上の整数。31.00円なら 3100。空なら、くらべません"),
        ),
        "grid_price_source": (_("単価の出典"), line),
        "co2_g_per_kwh": (_("CO2 排出係数(g/kWh)"), _("0〜10000 の整数。空なら、載せません")),
        "co2_source": (_("排出係数の出典"), line),
        "mail_shows_amount": (_("メールに金額を載せる"), _("載せるか、載せないか")),
        "mail_link_days": (_("メールのリンクの日数"), _("1〜3650 の整数")),
        "require_totp": (
            _("全員に2段階認証"),
            _("求めるか、求めないか。求めると、次のログインで登録になります"),
        ),
    }


def choices() -> dict[str, list[tuple[str, str]]]:
    """Return the texts and their words for settings that are chosen from a list."""
    yes_no = [("1", _("はい")), ("0", _("いいえ"))]
    return {
        "approval": yes_no,
        "mail_shows_amount": yes_no,
        "require_totp": yes_no,
        "tax_rounding": [
            ("floor", _("切り捨て")),
            ("half_up", _("四捨五入")),
            ("ceil", _("切り上げ")),
        ],
    }
