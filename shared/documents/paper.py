"""What a bill's document prints, as texts: out of the bill and what was kept at its issue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from shared.documents import words
from shared.documents.issuer import operator_rows
from shared.documents.lines import charge_lines
from shared.documents.meters import meter_rows
from shared.invoices.documents import Document
from shared.invoices.exporting import QUALITIES
from shared.models.documents import ERASED
from shared.months import Period, day_of

ISSUED: Final = "issued"
VOID: Final = "void"
REPLACED: Final = "replaced"
FACES: Final = (ISSUED, VOID, REPLACED)
"""The faces of a bill's document: as issued, and as it is once void, or void and replaced."""

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a bill was issued to; `name` is empty once it was erased."""

    name: str
    postal_code: str
    address: str


def paper(bill: Document, recipient: Recipient, face: str, before: Document | None) -> Facts:
    """Return the texts of a bill's document with one of its faces.

    `before` is the bill that this one corrects. Nothing here asks today's settings (domain.md 2.2).
    """
    kept = bill["paper"]
    period = Period(*(date.fromisoformat(bill["period"][edge]) for edge in ("start", "end")))
    issued_on = date.fromisoformat(bill["issued_on"])
    marks = _marks(bill, face, before)
    added = f"({marks[0]['word']})" if marks else ""
    charge = charge_lines(bill, period)
    return {
        "title": f"{'適格' if kept['t_number'] else ''}請求書{added}",
        "number": bill["invoice_no"],
        "issued_on": words.long_day(issued_on),
        "date": {"year": issued_on.year, "month": issued_on.month, "day": issued_on.day},
        "customer_no": bill["customer_no"],
        "recipient": {
            "name": recipient.name or ERASED,
            "postal": recipient.postal_code.removeprefix("〒"),
            "address": recipient.address,
        },
        "issuer": operator_rows(kept, kept["t_number"]),
        "month": f"{words.long_month(bill['month'])}分",
        "period": words.span(period),
        "total": words.number(bill["total_yen"]),
        "is_void": face != ISSUED,
        "marks": marks,
        "facts": _facts(bill, period, face),
        "lines": charge.lines,
        "line_notes": [*charge.notes, *_rounding(kept)],
        "tax": _tax(bill),
        "meters": meter_rows(bill["registers"]),
        "method": _method(bill["registers"]),
        "energy": {name: words.kwh(bill[f"{name}_wh"]) for name in ("pv", "export", "use")},
        "remarks": _remarks(bill),
        "days": [_day(day) for day in bill["days"]],
        "sums": _sums(bill),
    }


def _facts(bill: Document, period: Period, face: str) -> list[tuple[str, str]]:
    """Return what stands beside the amount; a void bill asks for no payment."""
    kept = bill["paper"]
    told = [("利用月", words.long_month(bill["month"])), ("対象期間", words.span(period))]
    if face == ISSUED and kept["due_on"]:
        told.append(("お支払期限", words.long_day(kept["due_on"])))
    if face == ISSUED and kept["payment_text"]:
        told.append(("お支払方法", kept["payment_text"]))
    return told


def _marks(bill: Document, face: str, before: Document | None) -> list[Facts]:
    """Return the blocks that say void, and correction: the newest word first."""
    marks = []
    if face != ISSUED:
        void = bill["void"]
        instead = "この請求書によるお支払いは必要ありません。"
        if face == REPLACED:
            instead = f"代わりの請求書は、請求番号 {void['successor']} です。"
        said = f"この請求書は、{words.long_day(day_of(void['at']))}に取り消しました。"
        marks.append({"word": "取消", "rows": [said, instead, f"理由: {void['reason']}"]})
    if before is not None:
        marks.append({"word": "修正", "rows": _correction(bill, before)})
    return marks


def _correction(bill: Document, before: Document) -> list[str]:
    difference = bill["total_yen"] - before["total_yen"]
    old, new = (_total(one) for one in (before, bill))
    issued_on = words.long_day(before["issued_on"])
    return [
        f"この請求書は、請求番号 {before['invoice_no']}({issued_on}発行)を修正したものです。",
        f"修正前の合計 {old}、修正後の合計 {new}、差額 {words.number(difference)}円",
        f"理由: {before['void']['reason']}",
    ]


def _total(bill: Document) -> str:
    tax = f"(内消費税 {words.number(bill['tax_yen'])}円)" if bill["tax_yen"] is not None else ""
    return f"{words.number(bill['total_yen'])}円{tax}"


def _tax(bill: Document) -> Facts | None:
    """Return rate and tax; none without a T-number (decision 23)."""
    if bill["tax_yen"] is None:
        return None
    return {"rate": str(bill["paper"]["tax_rate"]), "yen": words.number(bill["tax_yen"])}


def _rounding(kept: Mapping[str, Any]) -> list[str]:
    """Return how the tax was rounded, once for the invoice."""
    if not kept["t_number"]:
        return []
    way = words.ROUNDINGS[kept["tax_rounding"]]
    return [f"消費税額は、この請求書につき一度、1円未満を{way}います。"]


def _method(registers: Sequence[Document]) -> str:
    if any(register["opening_how"] == "days" for register in registers):
        return "計量方法: 日ごとの値の合計(発電量 − 売電量)"
    return "計量方法: 差分計量(発電量 − 売電量)"


def _remarks(bill: Document) -> list[tuple[str, str]]:
    counts = [
        f"{word} {count}日"
        for quality, word in QUALITIES.items()
        if (count := sum(day["quality"] == quality for day in bill["days"]))
    ]
    sold = f"{words.kwh(bill['export_wh'])} kWh、{words.number(bill['export_yen'])}円"
    told = [
        ("区分", f"{bill['quality']} {words.GRADES[bill['quality']]}"),
        ("日ごとの区分", "、".join(counts) or words.UNKNOWN),
        ("売電料金(参考)", f"{sold}。売電料金は参考表示で、この請求には含まれません。"),
    ]
    if any(register["opening_wh"] is not None for register in bill["registers"]):
        told.append(("指示数", "10 Wh 未満を切り捨ててから差し引きます。"))
    return told


def _day(day: Document) -> list[str]:
    return [
        words.weekday(date.fromisoformat(day["date"])),
        words.kwh(day["pv_wh"]),
        words.kwh(day["export_wh"]),
        words.kwh(day["use_wh"]),
        words.fine(day["use_yen"]),
        words.fine(day["export_yen"]),
        QUALITIES[day["quality"]],
    ]


def _sums(bill: Document) -> list[str]:
    energy = [words.kwh(bill[name]) for name in ("pv_wh", "export_wh", "use_wh")]
    return ["合計", *energy, words.number(bill["use_yen"]), words.number(bill["export_yen"]), ""]
