"""Whether the registers that a month closes with are known: the first step of a run."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import exists, func, or_, select
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
