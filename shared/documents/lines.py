"""The lines of a bill: the base fee, and a line for each stretch of one unit price."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from shared.documents import words
from shared.invoices.documents import Document
from shared.months import Period
from shared.units import fine_text, grouped, parse_price

SELF_USE = "自家消費"
NO_PRICE = "単価なし"

Line = dict[str, str]


@dataclass(frozen=True, slots=True)
class Charge:
    """The lines of a bill, and what has to be said under them."""

    lines: list[Line]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days of one price, the last one without; `use_wh` is what the contract's days used."""

    start: date
    end: date
    price: str
    use_wh: int


def charge_lines(bill: Document, period: Period) -> Charge:
    """Return the lines of a bill; where a price changed, exact parts and their rounded sum."""
    stretches = _stretches(bill, period)
    base = _line("基本料金", "1か月", words.number(bill["base_yen"]))
    use_yen = words.number(bill["use_yen"])
    notes = _notes(bill, stretches)
    if len(stretches) == 1:
        only = stretches[0]
        return Charge([base, _line(SELF_USE, _times(only), use_yen)], notes)
    parts = [_line(f"{SELF_USE}({_days(one)})", _times(one), _exact(one)) for one in stretches]
    return Charge([base, *parts, _line("利用料金(上の計)", "", use_yen)], notes)


def _line(what: str, how: str, yen: str) -> Line:
    return {"what": what, "how": how, "yen": yen}


def _times(stretch: _Stretch) -> str:
    return f"{words.kwh(stretch.use_wh)} kWh × {grouped(stretch.price)}円"


def _exact(stretch: _Stretch) -> str:
    return grouped(fine_text(stretch.use_wh * parse_price(stretch.price)))


def _days(stretch: _Stretch) -> str:
    last = stretch.end - timedelta(days=1)
    return f"{stretch.start.month}月{stretch.start.day}日〜{last.month}月{last.day}日"


def _stretches(bill: Document, period: Period) -> list[_Stretch]:
    """Return the stretches that are charged, neighbours of one price as one.

    Where no day is covered, the bill still says at which price nothing was charged.
    """
    charge = next(part for part in bill["explanation"]["parts"] if "use_yen" in part)
    told = [part for part in charge["parts"] if part["what"] == "use by terms"]
    told = [part for part in told if part["days"]] or told[:1]
    found: list[_Stretch] = []
    for part in told:
        start, end = (date.fromisoformat(part[edge]) for edge in ("from", "until"))
        one = _Stretch(
            max(start, period.start), min(end, period.end), part["price"] or "0", part["use_wh"]
        )
        if found and found[-1].price == one.price and found[-1].end == one.start:
            found[-1] = replace(found[-1], end=one.end, use_wh=found[-1].use_wh + one.use_wh)
        else:
            found.append(one)
    return found


def _notes(bill: Document, stretches: list[_Stretch]) -> list[str]:
    charged = sum(one.use_wh for one in stretches)
    notes = ["利用料金は、1円未満を四捨五入しています。"]
    if charged < 0:
        notes = ["利用量の合計がマイナスのため、利用料金は 0円です。"]
    if charged != bill["use_wh"]:
        notes.append(
            f"利用量 {words.kwh(bill['use_wh'])} kWh のうち、契約期間に当たる "
            f"{words.kwh(charged)} kWh が料金の対象です。"
        )
    return notes
