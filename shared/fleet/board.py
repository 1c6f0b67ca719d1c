"""The fleet board: each home's devices, when they were heard, and what will miss the closing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Integer, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session, aliased

from shared.energy.quantities import Quantity
from shared.errors import NotFound
from shared.fleet.homes import lived_in
from shared.fleet.states import State, state_of
from shared.models import customers, telemetry
from shared.models.fleet import GatewayTraffic
from shared.models.gateways import Feed, Gateway, GatewayWord, Poll
from shared.months import Month, day_of, instant
from shared.search import folded
from shared.telemetry.facts import SILENT_S

BILLED: Final = (Quantity.PV, Quantity.EXPORT)
MONTH_OCTETS: Final = 30_000_000
"""What our questions may cost a home's 4G in a month: several times the usual (gateways.md §5)."""
WORD: Final = (GatewayWord.clock_error_s, GatewayWord.firmware)
AHEAD_DAYS: Final = 3
"""How long before its closing a silent home becomes a visit (gateways.md §5 rule 9)."""


@dataclass(frozen=True, slots=True)
class Device:
    """One gateway and how its polls went; `missed` of `slots` today brought no good answer."""

    gateway_id: int
    driver: str
    address: str
    channels: tuple[str, ...]
    state: State
    outcome: str | None
    error: str
    tried_at: int | None
    last_ok_at: int | None
    next_try_at: int
    failures: int
    slots: int
    missed: int
    octets: int
    commissioned_at: int | None
    clock_error_s: int | None
    firmware: str


@dataclass(frozen=True, slots=True)
class Risk:
    """A home that will miss its closing: its last day, and the channels that are not heard."""

    last_day: date
    days_left: int
    channels: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """One home with its devices; `heard` tells when each billed channel was last heard."""

    site_id: int
    customer_no: str
    name: str
    devices: tuple[Device, ...]
    heard: Mapping[Quantity, int | None]
    risk: Risk | None

    @property
    def state(self) -> State:
        """Return the state of the device that needs a person most."""
        return min((d.state for d in self.devices), key=lambda s: s.rank, default=State.UNTRIED)

    @property
    def heard_at(self) -> int | None:
        """Return when the less recently heard channel was heard, None where one never was."""
        known = [at for at in self.heard.values() if at is not None]
        return min(known) if known and len(known) == len(self.heard) else None


def find_fleet(
    session: Session, now: int, closing_day: int, q: str = "", *, by_address: bool = False
) -> list[Home]:
    """Return the homes that people live in today, those that need a person first.

    `q` narrows by number, name, kana or mail, folded, and by a gateway's address where asked.
    """
    homes = _find_homes(session, day_of(now), q, by_address=by_address)
    devices = _find_devices(session, now)
    heard = find_heard(session)
    found = [
        _home(home, devices.get(home[0], ()), heard.get(home[0], {}), (now, closing_day))
        for home in homes
    ]
    return sorted(found, key=lambda h: (h.risk is None, h.state.rank, h.customer_no))


def _home(
    home: tuple[int, str, str],
    devices: Sequence[Device],
    heard: Mapping[Quantity, int | None],
    asked: tuple[int, int],
) -> Home:
    site_id, number, name = home
    now, closing_day = asked
    billed = {quantity: heard.get(quantity) for quantity in BILLED}
    return Home(site_id, number, name, tuple(devices), billed, find_risk(billed, now, closing_day))


def find_risk(heard: Mapping[Quantity, int | None], now: int, closing_day: int) -> Risk | None:
    """Return what will be missed at a closing at most three days away, computed now."""
    today = day_of(now)
    period = Month.holding(today, closing_day).period(closing_day)
    left = (period.end - today).days
    if left > AHEAD_DAYS:
        return None
    silent = [q for q, at in heard.items() if at is None or now - at > SILENT_S]
    last = period.end - timedelta(days=1)
    return Risk(last, left, tuple(silent)) if silent else None


def get_device_home(session: Session, gateway_id: int, now: int, closing_day: int) -> Home:
    """Return the home of a device as the board shows it; raises NotFound.

    Where nobody lives there today, it is the home of who lived there last.
    """
    gateway = session.get(Gateway, gateway_id)
    if gateway is None:
        raise NotFound(f"there is no gateway {gateway_id}")
    customer, occupancy = customers.Customer, customers.Occupancy
    row = session.execute(
        select(customer.customer_no, customer.name)
        .join(occupancy, occupancy.customer_id == customer.id)
        .where(
            occupancy.site_id == gateway.site_id,
            or_(occupancy.from_day.is_(None), occupancy.from_day <= day_of(now)),
        )
        .order_by(occupancy.id.desc())
        .limit(1)
    ).one()
    devices = _find_devices(session, now, gateway.site_id)[gateway.site_id]
    heard = find_heard(session, gateway.site_id).get(gateway.site_id, {})
    return _home((gateway.site_id, row.customer_no, row.name), devices, heard, (now, closing_day))


def _find_homes(
    session: Session, today: date, q: str, *, by_address: bool
) -> list[tuple[int, str, str]]:
    customer, occupancy = customers.Customer, customers.Occupancy
    wanted = (
        select(occupancy.site_id, customer.customer_no, customer.name)
        .join(customer, customer.id == occupancy.customer_id)
        .where(lived_in(today))
        .order_by(customer.customer_no)
    )
    if q:
        at_address = select(Gateway.site_id).where(Gateway.address.contains(q, autoescape=True))
        by_word = customer.search_text.contains(folded(q), autoescape=True)
        wanted = wanted.where(
            or_(by_word, occupancy.site_id.in_(at_address)) if by_address else by_word
        )
    return [(row.site_id, row.customer_no, row.name) for row in session.execute(wanted)]


def _find_devices(
    session: Session, now: int, site_id: int | None = None
) -> dict[int, list[Device]]:
    """Return gateways by their site, each with its newest poll and what today brought."""
    wanted = (
        select(Gateway, Poll.outcome, Poll.error, Poll.tried_at, *WORD)
        .outerjoin(GatewayWord, GatewayWord.gateway_id == Gateway.id)
        .outerjoin(Poll, is_newest_poll())
        .order_by(Gateway.id)
    )
    if site_id is not None:
        wanted = wanted.where(Gateway.site_id == site_id)
    channels, today, octets = _find_channels(session), _find_today(session, now), {}
    month = day_of(now).replace(day=1)
    for traffic in session.scalars(select(GatewayTraffic).where(GatewayTraffic.month == month)):
        octets[traffic.gateway_id] = traffic.octets
    found: dict[int, list[Device]] = defaultdict(list)
    for gateway, outcome, error, tried_at, clock_error_s, firmware in session.execute(wanted):
        slots, missed = today.get(gateway.id, (0, 0))
        found[gateway.site_id].append(
            Device(
                gateway.id, gateway.driver, gateway.address, tuple(channels[gateway.id]),
                state_of(outcome, gateway.failures, gateway.last_ok_at, now), outcome, error or "",
                tried_at, gateway.last_ok_at, gateway.next_try_at, gateway.failures, slots, missed,
                octets.get(gateway.id, 0), gateway.commissioned_at,
                clock_error_s, firmware or "",
            )
        )  # fmt: skip
    return found


def is_newest_poll() -> ColumnElement[bool]:
    """Return the condition that a poll is the newest of a query's gateway."""
    other = aliased(Poll)
    newest = select(func.max(other.slot)).where(other.gateway_id == Gateway.id).scalar_subquery()
    return and_(Poll.gateway_id == Gateway.id, Poll.slot == newest)


def _find_channels(session: Session) -> dict[int, list[str]]:
    channel = telemetry.Channel
    order = [quantity.value for quantity in Quantity]
    found: dict[int, list[str]] = defaultdict(list)
    for gateway_id, quantity in session.execute(
        select(Feed.gateway_id, channel.quantity).join(channel, channel.id == Feed.channel_id)
    ):
        found[gateway_id].append(quantity)
    return defaultdict(list, {i: sorted(names, key=order.index) for i, names in found.items()})


def _find_today(session: Session, now: int) -> dict[int, tuple[int, int]]:
    """Return how many slots of today were tried of each gateway, and how many brought nothing."""
    missed = func.sum(cast(case((Poll.outcome == "ok", 0), else_=1), Integer))
    rows = session.execute(
        select(Poll.gateway_id, func.count(), missed)
        .where(Poll.slot >= instant(day_of(now)))
        .group_by(Poll.gateway_id)
    )
    return {gateway_id: (slots, int(bad)) for gateway_id, slots, bad in rows}


def find_heard(
    session: Session, site_id: int | None = None
) -> dict[int, dict[Quantity, int | None]]:
    """Return when each channel of each site was last heard: its newest register or finished day."""
    channel, reading, day = telemetry.Channel, telemetry.Reading, telemetry.DayValue
    # Asked channel by channel, each answer is the end of a key; a GROUP BY reads years of them.
    at = select(func.max(reading.at)).where(reading.channel_id == channel.id).scalar_subquery()
    until = select(func.max(day.day)).where(day.channel_id == channel.id).scalar_subquery()
    found: dict[int, dict[Quantity, int | None]] = defaultdict(dict)
    wanted = select(
        channel.site_id, channel.quantity, channel.kind, at.label("at"), until.label("until")
    )
    if site_id is not None:
        wanted = wanted.where(channel.site_id == site_id)
    for row in session.execute(wanted):
        heard = row.at if row.kind == "register" else _end_of(row.until)
        found[row.site_id][Quantity(row.quantity)] = heard
    return found


def _end_of(day: date | None) -> int | None:
    return None if day is None else instant(day + timedelta(days=1))
