"""One writer of bills at a time, so that runs, issues and revisions never cross."""

from sqlalchemy import text
from sqlalchemy.orm import Session

BILLS, RUNS = 0x505041_42, 0x505041_52
"""The keys of PostgreSQL's advisory locks; SQLite's writers wait for each other anyway."""


def lock_bills(session: Session) -> None:
    """Wait until nobody else writes bills, and keep it so to the end of the transaction."""
    _lock(session, BILLS)


def lock_runs(session: Session) -> None:
    """Wait until nobody else looks which runs to ask for, to the end of the transaction."""
    _lock(session, RUNS)


def _lock(session: Session, key: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
