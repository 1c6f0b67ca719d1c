"""Registers and intervals as they are kept; a register that is set aside has its reason."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.csvfile import Column
from shared.energy.quantities import Quantity, Source
from shared.errors import NotFound
from shared.models import telemetry
from shared.telemetry.deriving import refresh
from shared.telemetry.intervals import find_intervals
from shared.telemetry.loading import find_readings
from shared.telemetry.storing import find_sites
from shared.units import register_text

JST = timezone(timedelta(hours=9))
COLUMNS = (
    Column("customer_no"),
    Column("read_at"),
    *(Column(f"{quantity.value}_kwh") for quantity in Quantity),
)


class Kept(NamedTuple):
    """One register or interval of one customer's channel, and whether it stands.

    `minutes` is the length of an interval that begins at `at`, None for a register.
    """

    customer_no: str
    quantity: Quantity
    at: int
    wh: int
    source: Source
    reason: str | None = None
    minutes: int | None = None

    def document(self) -> dict[str, object]:
        """Return it as an entry of `readings export --json`."""
        return {
            "customer_no": self.customer_no,
            "channel": self.quantity.value,
            "kind": "interval" if self.minutes else "register",
            "minutes": self.minutes,
            "read_at": time_text(self.at),
            "wh": self.wh,
            "state": "set_aside" if self.reason else "used",
            "reason": self.reason,
            "source": self.source.name.lower(),
        }


def time_text(at: int) -> str:
    """Return a UTC second as the ISO 8601 time of Japan."""
    return datetime.fromtimestamp(at, UTC).astimezone(JST).isoformat()


def find_kept(
    session: Session, customer_nos: Sequence[str], since: int | None, until: int | None
) -> list[Kept]:
    """Return registers and intervals in order of customer, channel and time; raises NotFound."""
    sites = find_sites(session, customer_nos or None)
    unknown = [number for number in customer_nos if number not in sites]
    if unknown:
        raise NotFound(f"there is no customer {', '.join(unknown)}")
    return find_kept_at(session, sites, since, until)


def find_kept_at(
    session: Session, sites: Mapping[str, int], since: int | None, until: int | None
) -> list[Kept]:
    """Return what is kept of the sites of some customers, in the same order."""
    refresh(session, list(sites.values()))
    channel, aside = telemetry.Channel, telemetry.SetAside
    ids = {
        (row.site_id, Quantity(row.quantity)): row.id
        for row in session.scalars(select(channel).where(channel.site_id.in_(sites.values())))
    }
    readings = find_readings(session, list(ids.values()), since or 0, until)
    refused = {
        (row.channel_id, row.at, row.source, row.wh): row.reason
        for row in session.scalars(select(aside).where(aside.channel_id.in_(ids.values())))
    }
    intervals = find_intervals(session, list(ids.values()), since or 0, until)
    found: list[Kept] = []
    for number in sorted(sites):
        for quantity in Quantity:
            channel_id = ids.get((sites[number], quantity), 0)
            registers = [
                Kept(number, quantity, r.at, r.wh, Source(r.source),
                     refused.get((channel_id, r.at, r.source, r.wh)))
                for r in sorted(readings.get(channel_id, ()))
            ]  # fmt: skip
            slots = [
                Kept(number, quantity, i.at, i.wh, Source(i.source), minutes=i.minutes)
                for i in intervals.get(channel_id, ())
            ]
            found += sorted(registers + slots, key=lambda kept: kept.at)
    return found


def csv_rows(kept_rows: Sequence[Kept]) -> Iterator[list[str]]:
    """Yield the registers that stand as rows of the import's columns, an instant each."""
    rows: dict[tuple[str, int], dict[Quantity, int]] = {}
    for kept in kept_rows:
        if kept.reason is None and kept.minutes is None:
            rows.setdefault((kept.customer_no, kept.at), {})[kept.quantity] = kept.wh
    for (number, at), known in sorted(rows.items()):
        yield [
            number,
            time_text(at),
            *(register_text(known[q]) if q in known else "" for q in Quantity),
        ]


def find_doubt(session: Session, where: tuple[int, Quantity], at: int) -> str | None:
    """Return why a typed register is set aside, or None where it stands."""
    refresh(session, [where[0]])
    channel, aside = telemetry.Channel, telemetry.SetAside
    return session.scalar(
        select(aside.reason)
        .join(channel, channel.id == aside.channel_id)
        .where(
            channel.site_id == where[0],
            channel.quantity == where[1].value,
            aside.at == at,
            aside.source == int(Source.MANUAL),
        )
    )
