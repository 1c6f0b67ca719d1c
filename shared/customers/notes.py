"""Dated notes about a customer, for the people of the office."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.customers.entries import EntryRefused, parse_day, parse_entry
from shared.customers.stored import get_stored
from shared.errors import ValueRefused
from shared.models.customers import CustomerNote


def find_notes(session: Session, customer_id: int) -> list[CustomerNote]:
    """Return a customer's notes, the newest day first."""
    return list(
        session.scalars(
            select(CustomerNote)
            .where(CustomerNote.customer_id == customer_id)
            .order_by(CustomerNote.day.desc(), CustomerNote.id.desc())
        )
    )


def add_note(
    session: Session, customer_no: str, texts: tuple[str, str], now: int, actor: str
) -> None:
    """Note something of a day, both as typed; audited.

    Raises NotFound, WasErased, and EntryRefused naming `note_day` or
    `note_body`.
    """
    stored, problems = get_stored(session, customer_no), {}
    stored.check_not_erased()
    body, day = "", date.min
    try:
        day = parse_day(texts[0].strip())
    except ValueRefused as refused:
        problems["note_day"] = str(refused)
    try:
        body = parse_entry({"note": texts[1]}, "").contact["note"]
    except EntryRefused as refused:
        problems["note_body"] = refused.problems["note"]
    if not body and "note_body" not in problems:
        problems["note_body"] = "must not be empty"
    if problems:
        raise EntryRefused(problems)
    session.add(
        CustomerNote(
            customer_id=stored.customer_id, day=day, body=body, written_at=now, written_by=actor
        )
    )
    audit.record(session, now, actor, "note_added", customer_no, {"day": day.isoformat()})
