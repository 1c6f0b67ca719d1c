"""CPU seconds of client and database, medians of rounds run in turn, and the table's rows."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

Clock = Callable[[], float]
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; `passes` is None where nothing could be measured."""

    id: str
    work: str
    floor: str = "–"
    measured: str = "–"
    ratio: str = "–"
    goal: str = ""
    passes: bool | None = None

    @property
    def verdict(self) -> str:
        """Return the last cell."""
        return {True: "pass", False: "short", None: "–"}[self.passes]


def cpu_clock(engine: Engine) -> Clock:
    """Return a clock of the CPU seconds of this process and of its one database server process.

    A server elsewhere, or a system without /proc, leaves only our own seconds.
    """
    if engine.dialect.name == "sqlite":
        return time.process_time
    with engine.connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    spent = Path(f"/proc/{pid}/schedstat")
    if engine.url.host not in {"127.0.0.1", "localhost"} or not spent.exists():
        return time.process_time
    return lambda: time.process_time() + int(spent.read_text("ascii").split()[0]) / NS


def seconds(clock: Clock, work: Callable[[], object]) -> float:
    """Return what a piece of work costs."""
    before = clock()
    work()
    return clock() - before


def in_turn(rounds: int, ways: Sequence[Callable[[int], float]]) -> list[float]:
    """Return the median cost of each way; every round runs all of them one after another.

    A way is given the number of its round, from 0 on; round 0 only warms up.
    """
    costs: list[list[float]] = [[] for _ in ways]
    for number in range(rounds + 1):
        for place, way in enumerate(ways):
            cost = way(number)
            if number:
                costs[place].append(cost)
    return [statistics.median(of_one) for of_one in costs]


def ratio_row(name: tuple[str, str], floor: float, measured: float, most: float) -> Row:
    """Return a row whose goal is a ratio to its floor."""
    ratio = measured / floor
    return Row(
        *name, told(floor), told(measured), f"{ratio:.2f}", f"≤ {most:g}×", passes=ratio <= most
    )


def told(spent: float) -> str:
    """Write CPU seconds in milliseconds."""
    return f"{spent * 1000:,.2f} ms"


def table(rows: Sequence[Row]) -> str:
    """Return the rows under their heads, in Markdown."""
    heads = ("id", "work", "floor", "measured", "ratio", "goal", "")
    cells = [heads] + [
        (r.id, r.work, r.floor, r.measured, r.ratio, r.goal, r.verdict) for r in rows
    ]
    widths = [max(len(line[place]) for line in cells) for place in range(len(heads))]
    lines = [_line(line, widths) for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
