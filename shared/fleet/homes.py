"""Whose homes the fleet is: those that people live in."""

from datetime import date

from sqlalchemy import BindParameter, ColumnElement, and_, or_

from shared.models.customers import Customer, Occupancy


def lived_in(today: date | BindParameter[date]) -> ColumnElement[bool]:
    """Return the condition that a customer, not archived, lives at a site on a day."""
    return and_(
        Customer.archived_at.is_(None),
        or_(Occupancy.from_day.is_(None), Occupancy.from_day <= today),
        or_(Occupancy.to_day.is_(None), Occupancy.to_day >= today),
    )
