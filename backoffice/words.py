"""The closed list of hold reasons in the reader's words (decision 21)."""

from flask_babel import gettext as _


def reason_words() -> dict[str, tuple[str, str]]:
    """Return for each reason its name and what settles it."""
    return {
        "contract_missing": (_("契約期間なし"), _("契約期間を入れてください")),
        "terms_missing": (_("料金の条件なし"), _("単価と基本料金を入れてください")),
        "not_certified": (_("検定品でない計器"), _("計器の種類を確かめてください")),
        "boundary_unknown": (_("境界の値なし"), _("締日の指示数を入れてください")),
        "boundary_estimated": (_("境界の値が推定"), _("値を確かめて認めてください")),
        "coverage_unequal": (_("発電と売電の範囲が違う"), _("指示数を確かめてください")),
        "reading_conflict": (_("同じ時刻に違う値"), _("正しい値を選んでください")),
        "register_back": (_("指示数が戻った"), _("計器の交換を記録してください")),
        "export_over_generation": (_("売電が発電より多い"), _("計器のつなぎ方を確かめてください")),
        "use_negative": (_("利用量がマイナス"), _("指示数を確かめてください")),
        "over_capacity": (_("容量をこえる発電"), _("指示数を確かめてください")),
        "change_large": (_("いつもより大きな金額"), _("値を確かめて認めてください")),
        "certificate_expired": (_("検定の有効期限切れ"), _("交換を手配してください")),
        "opening_differs": (_("前月の終わりと違う"), _("前月の請求書を確かめてください")),
        "estimate_third": (_("推定が3か月続いた"), _("現地で指示数を読んでください")),
        "proposal_open": (_("前月に差額の候補"), _("前月の差額を決めてください")),
        "no_email": (_("メールアドレスなし"), _("手紙で送ってください")),
        "certificate_unknown": (_("検定の期限が不明"), _("期限を入れてください")),
        "waiting": (_("値を待っている"), _("数日待ってください")),
    }
