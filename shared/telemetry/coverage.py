"""Whether the registers at a day's end are known: the first step of a run, and each morning."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import (
    ColumnElement,
    Date,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from shared.models.customers import Customer, Occupancy
from shared.models.telemetry import Boundary, Channel, DayValue
from shared.months import Period

BILLED = ("pv", "export")
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Missing:
    """A home of which the register at the end is not known on some channels."""

    customer_no: str
    name: str
    channels: list[str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many homes have all their registers at a day's 00:00 JST; `missing` are the first few."""

    day: date
    homes: int
    missing_count: int
    missing: list[Missing]

    @property
    def known(self) -> int:
        """Return how many homes have all of them."""
        return self.homes - self.missing_count


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """How many homes there were on a day, and of how many all registers at its end are known."""

    day: date
    homes: int
    known: int


def find_coverage(session: Session, period: Period, today: date) -> Coverage:
    """Return the coverage at the end of a period, or at the last midnight inside it so far."""
    day = min(period.end, today)
    owners = (
        select(Customer.customer_no, Customer.name, Occupancy.site_id)
        .join(Occupancy, Occupancy.customer_id == Customer.id)
        .where(
            Customer.archived_at.is_(None),
            or_(Occupancy.from_day.is_(None), Occupancy.from_day < day),
            or_(Occupancy.to_day.is_(None), Occupancy.to_day >= period.end - timedelta(days=1)),
        )
        .subquery()
    )
    homes = session.scalar(select(func.count()).select_from(owners)) or 0
    known = exists().where(Boundary.channel_id == Channel.id, Boundary.day == day)
    told = exists().where(
        DayValue.channel_id == Channel.id, DayValue.day == day - timedelta(days=1)
    )
    rows = session.execute(
        select(owners.c.customer_no, owners.c.name, Channel.quantity)
        .outerjoin(Channel, (Channel.site_id == owners.c.site_id) & Channel.quantity.in_(BILLED))
        .where(or_(Channel.id.is_(None), ~known & ~told))
        .order_by(owners.c.customer_no, Channel.quantity.desc())
    )
    found: dict[str, Missing] = {}
    for number, name, quantity in rows:
        home = found.setdefault(number, Missing(number, name, []))
        home.channels.append(quantity or "")
    return Coverage(day, homes, len(found), list(found.values())[:SHOWN])


def find_day_coverage(session: Session, day: date) -> Coverage:
    """Return the coverage at the end of one day, of who lived there on it."""
    end = day + timedelta(days=1)
    return find_coverage(session, Period(day, end), end)


def find_days_covered(session: Session, last: date, count: int) -> list[DayCoverage]:
    """Return the coverage of some days in a row, in two questions; see `find_coverage`."""
    days = [last - timedelta(days=n) for n in range(count)][::-1]
    known = _known_channels(days)
    billed = (
        select(Channel.site_id, func.count().label("channels"))
        .where(Channel.quantity.in_(BILLED))
        .group_by(Channel.site_id)
        .subquery()
    )
    whole = (
        select(Occupancy.customer_id, known.c.day)
        .join(Customer, Customer.id == Occupancy.customer_id)
        .join(billed, billed.c.site_id == Occupancy.site_id)
        .join(known, known.c.site_id == Occupancy.site_id)
        .where(_lives(known.c.day))
        .group_by(Occupancy.customer_id, known.c.day, billed.c.channels)
        .having(func.count(known.c.channel_id.distinct()) == billed.c.channels)
        .subquery()
    )
    counted = session.execute(select(whole.c.day, func.count()).group_by(whole.c.day)).all()
    known_homes = {day: count for day, count in counted if day is not None}
    homes = session.execute(
        select(*[func.count().filter(_lives(literal(day, Date))) for day in days])
        .select_from(Occupancy)
        .join(Customer, Customer.id == Occupancy.customer_id)
    ).one()
    return [
        DayCoverage(day, there, known_homes.get(day, 0))
        for day, there in zip(days, homes, strict=True)
    ]


def _lives(day: ColumnElement[date]) -> ColumnElement[bool]:
    """Say whether a customer lives in a home on a day, and is still kept."""
    return and_(
        Customer.archived_at.is_(None),
        or_(Occupancy.from_day.is_(None), Occupancy.from_day <= day),
        or_(Occupancy.to_day.is_(None), Occupancy.to_day >= day),
    )


def _known_channels(days: list[date]) -> Subquery:
    """Return the billed channels that are known at the end of each of the days."""
    ends = {day + timedelta(days=1): day for day in days}
    ended = case(*[(Boundary.day == end, literal(day, Date)) for end, day in ends.items()])
    registers = (
        select(Channel.site_id, Boundary.channel_id, ended.label("day"))
        .join(Channel, Channel.id == Boundary.channel_id)
        .where(Channel.quantity.in_(BILLED), Boundary.day.between(min(ends), max(ends)))
    )
    told = (
        select(Channel.site_id, DayValue.channel_id, DayValue.day.label("day"))
        .join(Channel, Channel.id == DayValue.channel_id)
        .where(Channel.quantity.in_(BILLED), DayValue.day.between(days[0], days[-1]))
    )
    return union_all(registers, told).subquery()
