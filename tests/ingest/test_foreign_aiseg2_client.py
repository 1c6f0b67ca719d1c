"""Our AiSEG2 simulator read by a client that is not ours, so that the simulator is checked too."""

import asyncio
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from ingest.simulator.aiseg2 import AisegManners
from ingest.simulator.aiseg2_pages import BUY, CONSUMPTION, GENERATION, SELL
from shared.months import instant
from tests.ingest.aisegs import (
    BEFORE,
    HOME,
    PASSWORD,
    TODAY,
    YESTERDAY,
    an_aiseg,
    in_a_loop,
    metered,
)
from tests.ingest.gateways import NOON

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv/foreign/bin/python"
CLIENT = Path(__file__).with_name("foreign_aiseg2_client.py")
KINDS = {"grid_sell": SELL, "grid_buy": BUY, "generation_pv1": GENERATION}


async def seen(folder: Path, manners: AisegManners, password: str = PASSWORD) -> tuple[int, str]:
    """Return how the client ended, and what it printed or said last."""
    async with an_aiseg(manners) as server:
        words = (f"http://127.0.0.1:{server.port}", password, str(folder))
        process = await asyncio.create_subprocess_exec(
            PYTHON, CLIENT, *words, str(BEFORE), str(YESTERDAY),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
    return process.returncode or 0, (out or err).decode()


@in_a_loop
async def test_a_client_of_others_reads_the_same_house(tmp_path: Path) -> None:
    code, said = await seen(tmp_path, AisegManners("busy"))
    assert code == 0, said
    told: dict[str, Any] = json.loads(said)
    start = instant(TODAY)
    kwh = {
        name: HOME.wh(kind, start, NOON) / 1000
        for name, kind in (
            ("generation", GENERATION), ("consumption", CONSUMPTION), ("buy", BUY), ("sell", SELL),
        )
    }  # fmt: skip
    assert told["totals"] == {
        "date": TODAY.isoformat(), **{f"{name}_kwh": figure for name, figure in kwh.items()},
    }  # fmt: skip
    assert (told["flow"]["generation_kw"], told["flow"]["buy_sell"]) == (2.1, "sell")
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for point in told["slots"]:
        sums[point["metric"], point["timestamp"][:10]] += int(point["value"])
    by_day = {(p["metric"], p["timestamp"]): int(p["value"]) for p in told["days"]}
    meters = {
        (metric, day.isoformat()): metered(kind, day)
        for metric, kind in KINDS.items()
        for day in (BEFORE, YESTERDAY)
    }
    assert sums == by_day == meters
    assert len(told["slots"]) == 3 * 2 * 48


@in_a_loop
async def test_it_is_kept_out_with_another_password(tmp_path: Path) -> None:
    code, said = await seen(tmp_path, AisegManners(), "wrong")
    assert code == 1
    assert "401" in said
