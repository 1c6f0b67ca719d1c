"""What is said on the pages of leaving and moving."""

from flask_babel import gettext as _

from shared.customers.leaving import LeavingRefused


def changed_meanwhile() -> str:
    """Return that somebody else was quicker."""
    return str(_("ほかの人が先に変更しました。今の内容を確かめて、もう一度送ってください。"))


def day_words() -> str:
    """Return how a day is written."""
    return str(_("2024-01-16 のように入れてください。"))


def refusal_words(refused: LeavingRefused) -> str:
    """Return why a stay cannot end, or go on, in the reader's words."""
    day = f"{refused.day:%Y/%m/%d}" if refused.day else ""
    words: dict[str, str] = {
        "left": _("この顧客の契約は、もう %(day)s で終わっています。", day=day),
        "archived": _("この顧客は保管されています。"),
        "too_early": _(
            "%(day)s より前の日では終えられません。発行済の請求書か契約の開始日があります。",
            day=day,
        ),
        "number_taken": _("この番号の顧客がもういます。"),
        "stays": _("この顧客の契約は終わっていません。"),
        "billed": _("最後の請求書が発行済なので、取り消せません。"),
        "house_taken": _("この家には次のお客さまがいるので、取り消せません。"),
    }
    return words[refused.kind]
