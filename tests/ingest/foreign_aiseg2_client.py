"""Reads an AiSEG2 with a client that is not ours, and prints what it saw as one JSON document.

Run by the Python of `.venv/foreign`: URL, password, cache folder, first and last day.
"""

import asyncio
import json
import sys

from aiseg2_mcp import parsers
from aiseg2_mcp.client import AisegClient
from aiseg2_mcp.history import HistoryStore

METRICS = ["grid_sell", "grid_buy", "generation_pv1"]


async def read(url: str, password: str, folder: str, first: str, last: str) -> dict[str, object]:
    """Return live flow, today's totals, and half-hours and days of the SD card."""
    client = AisegClient(url, "aiseg", password, retry_base_delay=0.01)
    flow = parsers.parse_power_flow(await client.fetch_power_flow())
    totals = await client.fetch_daily_totals()
    store = HistoryStore(client, folder)
    slots = await store.get_history("30min", first, last, METRICS, None, 10_000, 0)
    days = await store.get_history("day", first, last, METRICS, None, 1000, 0)
    return {
        "flow": flow.model_dump(),
        "totals": totals.model_dump(),
        "slots": [point.model_dump() for point in slots.series],
        "days": [point.model_dump() for point in days.series],
    }


if __name__ == "__main__":
    json.dump(asyncio.run(read(*sys.argv[1:])), sys.stdout)
