"""One writer of bills at a time, so that runs, issues and revisions never cross."""

from sqlalchemy import text
from sqlalchemy.orm import Session

BILLS = 0x505041_42
"""The key of PostgreSQL's advisory lock; SQLite's writers wait for each other anyway."""


def lock_bills(session: Session) -> None:
    """Wait until nobody else writes bills, and keep it so to the end of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": BILLS})
