"""What is wrong with a file of payments, row by row, in the reader's words."""

from collections.abc import Mapping

from flask_babel import gettext as _


def payment_faults() -> Mapping[str, tuple[str, str]]:
    """Return what to say for each kind of fault that only a file of payments has."""
    said = {
        "no_bill": _("この番号の請求書はありません。"),
        "bill_twice": _("この請求書は、上の行にもあります。1行にまとめてください。"),
        "no_day": _("入金日を 2024-01-16 のように入れてください。"),
        "day_to_come": _("まだ来ていない日です。"),
        "no_yen": _("金額を、円の整数で入れてください。"),
        "id_long": _("100文字までにしてください。"),
        "not_payable": _("発行済の請求書ではありません。番号を確かめてください。"),
        "paid_before": _(
            "すでに入金の記録があります。違う入金なら、先にその記録を取り消してください。"
        ),
        "other_amount": _("請求額と違います。同じ金額だけを記録できます。"),
        "id_of_another": _("この番号は、ほかの請求書の入金に使われています。"),
    }
    return {kind: ("", text) for kind, text in said.items()}
