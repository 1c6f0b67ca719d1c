"""The closed lists of reasons, figures and ways to know in the reader's words (decision 21)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from shared.billing.checks import Reason
from shared.billing.reasons import SENTENCES, Settles

_TOLD = re.compile(r"[a-z]+(?: [a-z]+)*")


@dataclass(frozen=True, slots=True)
class Check:
    """A reason of a bill: `kind` holds, settled or warnings; its sentence and what it found."""

    reason: str
    kind: str
    name: str
    sentence: str
    found: str
    settles: Settles


def checks_told(bill: Mapping[str, Any]) -> list[Check]:
    """Return every reason that a bill gives, those that hold it first."""
    return [
        check_told(reason, bill["details"].get(reason, ""), kind)
        for kind in ("holds", "settled", "warnings")
        for reason in bill[kind]
    ]


def check_told(reason: str, detail: str = "", kind: str = "holds") -> Check:
    """Return one reason in the reader's words."""
    sentence = SENTENCES[Reason(reason)]
    is_english = str(get_locale() or "ja") == "en"
    return Check(
        reason,
        kind,
        reason_words()[reason][0],
        sentence.en if is_english else sentence.ja,
        detail if is_english else _TOLD.sub(_in_japanese, detail).replace(", ", "、"),
        sentence.settles,
    )


def _in_japanese(match: re.Match[str]) -> str:
    """Return what a rule found in Japanese; what has no word of its own stays."""
    words = {
        "pv": "発電", "export": "売電", "base fee": "基本料金", "use price": "利用単価",
        "export price": "売電単価", "month": "月全体", "usually": "いつもは", "yen": "円",
        "terms change inside a gap": "未受信の日のあいだに条件が変わる",
    }  # fmt: skip
    return words.get(match[0], match[0])


def channel_words() -> dict[str, str]:
    """Return the channels that a bill is made of."""
    return {
        "pv": _("発電"),
        "export": _("売電"),
        "import": _("買電"),
        "battery_charge": _("蓄電池 充電"),
        "battery_discharge": _("蓄電池 放電"),
    }


def figure_words() -> dict[str, str]:
    """Return the seven figures of a bill, in the order of the list."""
    return {
        "base_yen": _("基本料金"),
        "pv_wh": _("発電量"),
        "export_wh": _("売電量"),
        "use_wh": _("利用量"),
        "export_yen": _("売電料金"),
        "use_yen": _("利用料金"),
        "total_yen": _("利用料金合計"),
    }


def how_words() -> dict[str, str]:
    """Return how a register was had (decision 4)."""
    return {
        "exact": _("実測"),
        "night": _("夜間の読み"),
        "still": _("前後の読みが同じ"),
        "first": _("最初の読み"),
        "interpolated": _("按分"),
        "manual": _("手入力"),
        "estimated": _("推定"),
        "days": _("日ごとの値"),
    }


def doubt_words() -> dict[str, str]:
    """Return why a typed register is set aside."""
    named = {reason: name for reason, (name, _todo) in reason_words().items()}
    return named | {
        "zero": _("0 は指示数になりません"),
        "step_back": _("前の指示数より少し小さい"),
        "superseded": _("計器の交換の記録が優先します"),
        "at_swap": _("計器の交換の記録が優先します"),
        "implausible": _("計器に出ない大きさです"),
    }


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
