"""When a home was last heard of."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.models.customers import Occupancy
from shared.models.telemetry import Channel, ChannelSpan


def find_last_received(session: Session, customer_id: int) -> int | None:
    """Return the instant of the newest reading of a customer's sites; None before the first."""
    return session.scalar(
        select(func.max(ChannelSpan.newest_at))
        .join(Channel, Channel.id == ChannelSpan.channel_id)
        .join(Occupancy, Occupancy.site_id == Channel.site_id)
        .where(Occupancy.customer_id == customer_id)
    )
