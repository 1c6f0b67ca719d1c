"""The tax inside a total, and the settings that it rests on (decision 23)."""

import json

from shared.billing.bill import taxed
from shared.settings import Settings

TAX = ("t_number", "tax_rate", "tax_rounding")
"""The settings that a bill's snapshot keeps: number, rate in per cent, rounding."""


def tax_in(total_yen: int | None, settings: Settings) -> int | None:
    """Return the tax in yen inside a total in yen; none is told without a T-number."""
    if not settings.t_number:
        return None
    return taxed(total_yen, settings.tax_rate, settings.tax_rounding)


def tax_told(settings: Settings) -> dict[str, object]:
    """Return what a snapshot keeps of the settings."""
    return {name: getattr(settings, name) for name in TAX}


def written(snapshot: dict[str, object]) -> str:
    """Return a bill's snapshot as it is kept."""
    return json.dumps(snapshot, ensure_ascii=False, sort_keys=True)


def told_anew(snapshot: str, settings: Settings) -> str | None:
    """Return a bill's snapshot by other settings of the tax; None where it rests on these."""
    kept = json.loads(snapshot)
    now = tax_told(settings)
    return None if now.items() <= kept.items() else written(kept | now)
