"""The meters of a bill: a row for each meter in place, with both its registers."""

from collections.abc import Sequence

from shared.documents import words
from shared.invoices.documents import Document
from shared.months import Month

Row = dict[str, object]


def meter_rows(registers: Sequence[Document]) -> list[Row]:
    """Return a row for each meter; times are those of the readings (計量法, domain.md 2.4)."""
    return [
        {
            "channel": words.CHANNELS[register["channel"]],
            "serial": register["serial"] or words.UNKNOWN,
            "until": _certificate(register["certified_until"]),
            "opening": _edge(register, "opening"),
            "closing": _edge(register, "closing"),
            "energy": words.kwh(register["energy_wh"]),
        }
        for register in registers
    ]


def _certificate(until: str | None) -> str:
    if until is None:
        return ""
    month = Month.parse(until)
    return f"検定有効期限 {month.year}年{month.month}月"


def _edge(register: Document, edge: str) -> dict[str, str] | None:
    """Return a register with its time, and how it was had where that says more than the time."""
    wh, at = register[f"{edge}_wh"], register[f"{edge}_at"]
    if wh is None:
        return None
    how = words.HOWS.get(register[f"{edge}_how"] or "", "")
    read = "" if at is None else words.stamp(at)
    return {"kwh": words.register(wh), "at": f"{read} {how}".strip()}
