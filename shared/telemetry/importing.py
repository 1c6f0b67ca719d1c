"""Cumulative registers from a CSV file: all rows or none, repeatable, late rows welcome."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.csvfile import Faults, read_bytes, read_table
from shared.db import in_chunks
from shared.energy.quantities import Quantity, Source
from shared.errors import ValueRefused
from shared.models import telemetry
from shared.telemetry.storing import ensure_channels, find_sites, store_readings
from shared.units import parse_kwh

REQUIRED = ("customer_no", "read_at")
COLUMNS = {f"{quantity.value}_kwh": quantity for quantity in Quantity}
FIRST_YEAR, LAST_YEAR = 2000, 2099
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
    table = read_table(read_bytes(path), str(path), REQUIRED, tuple(COLUMNS))
    quantities = list(COLUMNS.values())
    faults = Faults(str(path))
    instants: dict[str, int] = {}
    registers: list[ParsedRow] = []
    customers: dict[str, bool] = {}
    count = 0
    for count, (line, (customer_no, read_at, *cells)) in enumerate(table.rows, 1):  # noqa: B007
        if customer_no not in customers:
            customers[customer_no or ""] = known(customer_no or "")
        if not customers[customer_no or ""]:
            faults.add(line, "customer_no", f"there is no customer {customer_no!r}")
            continue
        at = instants.get(read_at or "")
        if at is None:
            at = _instant(read_at or "", line, faults)
            if at is None:
                continue
            instants[read_at or ""] = at
        _add(
            registers,
            (customer_no or "", at),
            list(zip(quantities, cells, strict=True)),
            (line, faults),
        )
    faults.refuse_if_any()
    return count, registers


def _add(
    registers: list[ParsedRow],
    where: tuple[str, int],
    cells: Sequence[tuple[Quantity, str | None]],
    told: tuple[int, Faults],
) -> None:
    line, faults = told
    for quantity, cell in cells:
        if not cell:
            continue
        try:
            registers.append((where[0], quantity, where[1], parse_kwh(cell)))
        except ValueRefused as error:
            faults.add(line, f"{quantity.value}_kwh", str(error))


def _instant(text: str, line: int, faults: Faults) -> int | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        faults.add(line, "read_at", f"{text!r} is not a time such as 2024-01-16T00:00:00+09:00")
        return None
    if at.tzinfo is None:
        faults.add(line, "read_at", f"{text!r} has no offset such as +09:00")
        return None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        faults.add(line, "read_at", f"{text!r} is not between {FIRST_YEAR} and {LAST_YEAR}")
        return None
    return int(at.timestamp())


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
    return ImportReport(rows, len(set(registers)), new, apply)


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
