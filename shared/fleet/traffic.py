"""The octets that asking a device costs its home's 4G, by calendar month."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import merge_rows
from shared.models.fleet import GatewayTraffic
from shared.months import day_of

COLUMNS = ("gateway_id", "month", "octets", "asks")


def add_traffic(session: Session, octets: Mapping[int, int], now: int) -> None:
    """Add what each gateway (by id) cost in one asking; whoever asks holds its lease."""
    month = day_of(now).replace(day=1)
    spent = {gateway_id: cost for gateway_id, cost in octets.items() if cost}
    table = GatewayTraffic
    known = {
        row.gateway_id: (row.octets, row.asks)
        for row in session.execute(
            select(table.gateway_id, table.octets, table.asks).where(
                table.gateway_id.in_(spent), table.month == month
            )
        )
    }
    rows = [
        (
            gateway_id,
            month,
            cost + known.get(gateway_id, (0, 0))[0],
            known.get(gateway_id, (0, 0))[1] + 1,
        )
        for gateway_id, cost in spent.items()
    ]
    merge_rows(session, table, COLUMNS, rows, keep=False)
