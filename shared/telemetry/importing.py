"""Cumulative registers from a CSV file: all rows or none, repeatable, late rows welcome."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.clock import parse_stated_instant
from shared.csvfile import Problems, read_rows
from shared.db import in_chunks
from shared.energy.quantities import Quantity, Source
from shared.errors import ValueRefused
from shared.models import telemetry
from shared.telemetry.storing import ensure_channels, find_sites, store_readings
from shared.units import parse_kwh

REQUIRED = ("customer_no", "read_at")
COLUMNS = {f"{quantity.value}_kwh": quantity for quantity in Quantity}
CHUNK = 20_000

ParsedRow = tuple[str, Quantity, int, int]
"""Customer number, channel, instant, Wh."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many registers a file holds, and how many of them are new."""

    rows: int
    registers: int
    new: int
    applied: bool

    def document(self) -> dict[str, object]:
        """Return the report as JSON."""
        return {
            "rows": self.rows,
            "registers": self.registers,
            "new": self.new,
            "same": self.registers - self.new,
            "applied": self.applied,
        }


def read_registers(path: Path, known: Callable[[str], bool]) -> tuple[int, list[ParsedRow]]:
    """Return the number of rows and the registers of a file; raises FileRefused.

    `known` says whether a customer number exists.
    """
    problems = Problems(str(path))
    parse = _Parser(problems, known)
    count = 0
    for line, cells in read_rows(path, str(path), REQUIRED, tuple(COLUMNS), problems=problems):
        count += 1
        parse.row(line, cells)
    problems.check()
    return count, list(dict.fromkeys(parse.registers))


class _Parser:
    """Rows to registers; times and customers that were seen before are not read again."""

    def __init__(self, problems: Problems, known: Callable[[str], bool]) -> None:
        self.registers: list[ParsedRow] = []
        self._problems = problems
        self._known = known
        self._customers: dict[str, bool] = {}
        self._instants: dict[str, int | None] = {}
        self._columns = tuple(COLUMNS.items())

    def row(self, line: int, cells: Sequence[str | None]) -> None:
        """Take a row of customer number, time and one cell a channel."""
        customer_no, read_at = cells[0] or "", cells[1] or ""
        if customer_no not in self._customers:
            self._customers[customer_no] = self._known(customer_no)
        if not self._customers[customer_no]:
            self._problems.add(line, "customer_no", f"there is no customer {customer_no!r}")
            return
        at = self._instants.get(read_at)
        if at is None:
            at = self._instants[read_at] = self._instant(read_at, line)
        if at is None:
            return
        for (column, quantity), cell in zip(self._columns, cells[2:], strict=True):
            if cell:
                try:
                    self.registers.append((customer_no, quantity, at, parse_kwh(cell)))
                except ValueRefused as error:
                    self._problems.add(line, column, str(error))

    def _instant(self, text: str, line: int) -> int | None:
        try:
            return parse_stated_instant(text)
        except ValueRefused as error:
            self._problems.add(line, "read_at", str(error))
            return None


def import_readings(
    session: Session,
    path: Path,
    *,
    now: int,
    apply: bool,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> ImportReport:
    """Take a file of registers, or say what it would bring; raises FileRefused."""
    sites = find_sites(session)
    rows, registers = read_registers(path, sites.__contains__)
    if not apply:
        return ImportReport(rows, len(registers), _count_new(session, registers, sites), apply)
    channels = ensure_channels(session, {(sites[no], quantity) for no, quantity, _, _ in registers})
    source, new, done = int(Source.IMPORT), 0, 0
    keyed = {(no, q): channels[sites[no], q] for no, q in {(r[0], r[1]) for r in registers}}
    for chunk in in_chunks(registers, CHUNK):
        new += store_readings(
            session, [(keyed[no, q], at, source, wh) for no, q, at, wh in chunk], now
        )
        done += len(chunk)
        progress(done, len(registers))
    return ImportReport(rows, len(registers), new, apply)


def _count_new(session: Session, registers: Sequence[ParsedRow], sites: dict[str, int]) -> int:
    """Return how many registers are not stored yet."""
    channel, reading = telemetry.Channel, telemetry.Reading
    wanted: dict[tuple[int, str], set[tuple[int, int]]] = {}
    for no, quantity, at, wh in registers:
        wanted.setdefault((sites[no], quantity.value), set()).add((at, wh))
    ids = {
        (row.site_id, row.quantity): row.id
        for row in session.execute(select(channel.site_id, channel.quantity, channel.id))
    }
    new = 0
    for key, pairs in wanted.items():
        if key in ids:
            stored = session.execute(
                select(reading.at, reading.wh).where(
                    reading.channel_id == ids[key],
                    reading.source == int(Source.IMPORT),
                    reading.at.between(min(pairs)[0], max(pairs)[0]),
                )
            )
            pairs = pairs - {(row.at, row.wh) for row in stored}  # noqa: PLW2901
        new += len(pairs)
    return new
