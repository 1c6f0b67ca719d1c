"""What a bill's own power spared, by the reference values that hold on its first day."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from shared.billing.savings import Savings, savings, spared_co2_g
from shared.invoices.rows import BillRow
from shared.settings import FROM_THE_BEGINNING, find_rows, find_settings


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that the operator set: since when it holds (None: always), and its source."""

    figure: int
    since: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Gains:
    """A bill against the grid; a part is None where the operator set no reference for it."""

    bill: BillRow
    price: Reference | None
    saved: Savings | None
    factor: Reference | None
    co2_g: int | None


def find_gains(session: Session, bill: BillRow) -> Gains | None:
    """Return what a bill spared, or None where nothing is set or the bill does not tell its use."""
    day = bill.period_start
    if day is None or bill.use_wh is None or bill.total_yen is None:
        return None
    settings, rows = find_settings(session, on=day), find_rows(session, on=day)

    def reference(key: str, figure: int | None, source: str) -> Reference | None:
        if figure is None:
            return None
        since = rows[key].valid_from
        return Reference(figure, None if since == FROM_THE_BEGINNING else since, source)

    price = reference("grid_price_sen", settings.grid_price_sen, settings.grid_price_source)
    factor = reference("co2_g_per_kwh", settings.co2_g_per_kwh, settings.co2_source)
    if price is None and factor is None:
        return None
    return Gains(
        bill=bill,
        price=price,
        saved=savings(bill.use_wh, bill.total_yen, price.figure) if price else None,
        factor=factor,
        co2_g=spared_co2_g(bill.use_wh, factor.figure) if factor else None,
    )
