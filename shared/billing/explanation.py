"""From every amount of a bill down to the registers it rests on, as a tree of plain facts."""

from collections.abc import Mapping, Sequence

from shared.billing.bill import Bill
from shared.energy.periods import ChannelDays
from shared.units import fine_text, price_text

Node = dict[str, object]
"""`what`, its figure with the unit in the key, a `formula`, and `parts` one step down."""


def explain(made: Bill) -> Node:
    """Return total → base fee and use charge → prices x energy → registers → readings."""
    figures = made.figures
    return {
        "what": "total",
        "total_yen": figures.total_yen,
        "formula": "base + use",
        "parts": [
            {"what": "base", "base_yen": figures.base_yen},
            _use_charge(made),
        ],
        "aside": [_export_amount(made)],
    }


def _use_charge(made: Bill) -> Node:
    stretches = [_stretch(made, n, "use") for n in range(len(made.terms))]
    return {
        "what": "use charge",
        "use_yen": made.figures.use_yen,
        "formula": "half-up(sum of covered use x price), not below 0",
        "unrounded_yen": _unrounded([day.use_fine for day in made.days]),
        "parts": [*stretches, _use(made)],
    }


def _export_amount(made: Bill) -> Node:
    return {
        "what": "export amount",
        "export_yen": made.figures.export_yen,
        "formula": "half-up(sum of export x price), shown and never netted",
        "unrounded_yen": _unrounded([day.export_fine for day in made.days]),
        "parts": [_stretch(made, n, "export") for n in range(len(made.terms))],
    }


def _stretch(made: Bill, n: int, kind: str) -> Node:
    """Return one stretch of unchanged terms: its days, price, and the energy it charges."""
    start, terms = made.terms[n]
    end = made.terms[n + 1][0] if n + 1 < len(made.terms) else made.span.end
    days = [day for day in made.days if start <= day.day < end]
    price = terms.use_sen if kind == "use" else terms.export_sen
    if kind == "use":
        days = [day for day in days if terms.covers(day.day)]
        energy = [day.use_wh for day in days]
    else:
        energy = [day.export_wh for day in days]
    known = [wh for wh in energy if wh is not None]
    return {
        "what": f"{kind} by terms",
        "from": start.isoformat(),
        "until": end.isoformat(),
        "days": len(days),
        "price": None if price is None else price_text(price),
        f"{kind}_wh": sum(known) if len(known) == len(energy) else None,
    }


def _unrounded(amounts: Sequence[int | None]) -> str | None:
    known = [fine for fine in amounts if fine is not None]
    return fine_text(sum(known)) if len(known) == len(amounts) else None


def _use(made: Bill) -> Node:
    return {
        "what": "use",
        "use_wh": made.figures.use_wh,
        "formula": "generation - export",
        "parts": [
            _energy("pv", made.figures.pv_wh, made.pv),
            _energy("export", made.figures.export_wh, made.export),
        ],
    }


def _energy(name: str, wh: int | None, channel: ChannelDays) -> Node:
    return {
        "what": name,
        f"{name}_wh": wh,
        "formula": "closing - opening, each taken down to 10 Wh"
        if channel.of_registers
        else "sum of finished days",
        "parts": [
            {
                "what": "register",
                "serial": row.serial,
                "energy_wh": row.energy_wh,
                "opening": _register(row.opening_wh, row.opening_at, row.opening_how),
                "closing": _register(row.closing_wh, row.closing_at, row.closing_how),
            }
            for row in channel.registers
        ],
    }


def _register(wh: int | None, at: int | None, how: str | None) -> Mapping[str, object] | None:
    return (
        None if wh is None else {"wh": wh, "read_at": at, "how": None if how is None else str(how)}
    )
