"""Homes in words for the pure core: readings at times of day in Japan, boundaries, days."""

from datetime import date, datetime

from shared.energy.boundaries import Boundary, boundaries, boundary
from shared.energy.ledger import Ledger, judge
from shared.energy.periods import ChannelDays, ChannelFacts, days
from shared.energy.quantities import Battery, Quantity, Source
from shared.energy.readings import Channel, MeterEvent, Reading, Site
from shared.months import Period
from shared.units import parse_kwh


def at(text: str) -> int:
    """Return a time in Japan such as `2024-01-16 00:00` as a UTC second."""
    return int(datetime.fromisoformat(f"{text}+09:00").timestamp())


def read(text: str, kwh: str, source: Source = Source.IMPORT) -> Reading:
    """Return a reading of a register in kWh at a time in Japan."""
    return Reading(at(text), int(source), parse_kwh(kwh))


def swap(text: str, removed: str | None, installed: str, serial: str = "M2") -> MeterEvent:
    """Return a meter put in at a time in Japan."""
    return MeterEvent(
        at(text), serial, parse_kwh(installed), None if removed is None else parse_kwh(removed)
    )


def a_ledger(
    *readings: Reading,
    quantity: Quantity = Quantity.PV,
    events: tuple[MeterEvent, ...] = (),
    battery: Battery = Battery.NONE,
    panel_w: int | None = None,
) -> Ledger:
    """Return one channel judged by itself."""
    site = Site({quantity: Channel(readings, events)}, battery, panel_w)
    return judge(site).ledgers[quantity]


def midnight(ledger: Ledger, day: str) -> Boundary | None:
    """Return the boundary of a day."""
    return boundary(ledger, date.fromisoformat(day))


def a_span(ledger: Ledger, start: str, end: str) -> ChannelDays:
    """Return a channel's days from a day up to and without another."""
    facts = ChannelFacts(
        {known.day: known for known in boundaries(ledger)},
        ledger.first,
        ledger.events,
        ledger.closes,
    )
    return days(Period(date.fromisoformat(start), date.fromisoformat(end)), facts)


def reasons(ledger: Ledger) -> list[str]:
    """Return why readings were set aside, in order of time."""
    return [refusal.reason for refusal in sorted(ledger.refusals)]
