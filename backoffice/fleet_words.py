"""States, outcomes and hints of devices in the reader's words."""

from flask_babel import gettext as _


def state_words() -> dict[str, str]:
    """Return the states of a device, those that need a person first."""
    return {
        "gateway_silent": _("通信断"),
        "meter_silent": _("計器が無応答"),
        "auth_failed": _("認証失敗"),
        "data_odd": _("データ異常"),
        "untried": _("まだ通信なし"),
        "good": _("正常"),
    }


def outcome_words() -> dict[str, str]:
    """Return how asking for a channel ended, with what to do."""
    return {
        "ok": _("読めました"),
        "unreachable": _("つながりません。電源とルーターを確かめてください。"),
        "meter_silent": _(
            "機器にはつながりましたが、計器が答えません。計器との配線を確かめてください。"
        ),
        "busy": _("機器が忙しく、答えませんでした。少し待って、もう一度試してください。"),
        "bad_answer": _("答えの形が正しくありません。機種と設定を確かめてください。"),
        "auth_failed": _("パスワードが違います。管理者に、設定の直しを頼んでください。"),
        "no_data": _("値がまだありません。"),
        "no_channel": _("この機器には、その電気の値がありません。"),
        "no_history": _(
            "この機器は過去の値を覚えていません。合計は正しく請求できますが、途中の日の形は戻りません。"
        ),
        "wrong_meter": _(
            "計器の番号が記録と違います。交換した場合は、計器の交換を記録してください。"
        ),
        "implausible": _("ありえない値です。単位と語順を確かめてください。"),
        "refused_address": _("許されていないアドレスです。管理者に確かめてください。"),
    }


def hint_words() -> dict[str, str]:
    """Return what may be wrong with a register that was read."""
    return {
        "direction": _("この向きの値が進んでいません。計器の向き(売電と買電)が逆かもしれません。"),
        "word_order": _("値が大きすぎます。上位と下位の語順が逆かもしれません。"),
        "too_much": _("値が大きすぎます。単位(Wh と kWh)を確かめてください。"),
        "below_last": _(
            "前に記録した値より小さくなっています。計器を交換した場合は、交換を記録してください。"
        ),
    }


def request_words() -> dict[str, str]:
    """Return what may be asked of a device."""
    return {"read": _("試し読み"), "poll": _("いま読んで記録"), "backfill": _("過去の値の取り込み")}


def check_words() -> dict[str, str]:
    """Return the checks of a commissioning."""
    return {
        "serial": _("計器の番号が記録されている"),
        "register": _("はじめの指示数が記録されている"),
        "photo": _("写真の控えがある"),
        "read": _("試し読みで、すべての値が正しく読めた"),
    }


def driver_words() -> dict[str, str]:
    """Return the kinds of devices."""
    return {
        "modbus": "Modbus",
        "sunspec": "SunSpec",
        "aiseg2": "AiSEG2",
        "echonet": "ECHONET Lite",
    }


def alarm_words() -> dict[str, str]:
    """Return how near the end of a certificate is."""
    return {
        "expired": _("有効期限切れ"),
        "1": _("1か月以内"),
        "3": _("3か月以内"),
        "6": _("6か月以内"),
        "12": _("12か月以内"),
        "unknown": _("期限の記録なし"),
    }


def metrology_words() -> dict[str, str]:
    """Return what a channel's values are (decision 8)."""
    return {
        "certified": _("検定済の計器"),
        "special": _("特例の計量器"),
        "ct": _("CT(請求に使えない)"),
        "inverter": _("パワコン(請求に使えない)"),
    }
