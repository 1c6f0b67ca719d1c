"""What the operator tells homeowners on their pages: written, shown on its days, withdrawn."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from shared import audit
from shared.customers.entries import EntryRefused, parse_day
from shared.db import rows_of
from shared.errors import NotFound, Refused, ValueRefused
from shared.invoices.rows import Page
from shared.models.customers import Customer
from shared.models.operations import Message

FIELDS = ("customer_no", "title", "body", "title_en", "body_en", "from_day", "until_day")
TITLE_MOST = 100
BODY_MOST = 2_000
_CONTROL = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Notice:
    """A message as a homeowner reads it; the English words are blank where none were written."""

    message_id: int
    title: str
    body: str
    title_en: str
    body_en: str
    from_day: date

    def words(self, lang: str) -> tuple[str, str]:
        """Return title and body for a reader of `ja` or `en`; what is not there, in Japanese."""
        if lang == "en" and self.title_en:
            return self.title_en, self.body_en or self.body
        return self.title, self.body


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as the office lists it; `customer_no` is None where it is for all."""

    message: Message
    customer_no: str | None


_TOLD: Final = (
    select(
        Message.id, Message.title, Message.body, Message.title_en, Message.body_en,
        Message.from_day,
    )
    .where(
        or_(Message.customer_id.is_(None), Message.customer_id == bindparam("customer_id")),
        Message.from_day <= bindparam("day"),
        or_(Message.until_day.is_(None), Message.until_day >= bindparam("day")),
        Message.withdrawn_at.is_(None),
    )
    .order_by(Message.from_day.desc(), Message.id.desc())
)  # fmt: skip


def find_messages(session: Session, customer_id: int, day: date) -> list[Notice]:
    """Return what a homeowner is told on a day, newest first."""
    return [
        Notice(*row) for row in rows_of(session, _TOLD, {"customer_id": customer_id, "day": day})
    ]


def list_messages(session: Session, limit: int, offset: int) -> Page[MessageRow]:
    """Return one page of all messages ever written, newest first."""
    rows = session.execute(
        select(Message, Customer.customer_no)
        .outerjoin(Customer, Customer.id == Message.customer_id)
        .order_by(Message.id.desc())
        .limit(limit)
        .offset(offset)
    )
    total = session.scalar(select(func.count(Message.id))) or 0
    return Page([MessageRow(*row) for row in rows], total)


def write_message(session: Session, typed: Mapping[str, str], now: int, actor: str) -> Message:
    """Store a message from the texts of FIELDS; audited.

    Raises EntryRefused with every field at fault.
    """
    problems: dict[str, str] = {}
    texts = _texts(typed, problems)
    first = _day(typed, "from_day", problems)
    last = _day(typed, "until_day", problems) if typed["until_day"].strip() else None
    if first and last and last < first:
        problems["until_day"] = f"{last} is before {first}"
    customer_id = _customer_id(session, typed["customer_no"].strip(), problems)
    if problems or first is None:
        raise EntryRefused(problems)
    message = Message(
        customer_id=customer_id,
        from_day=first,
        until_day=last,
        created_at=now,
        created_by=actor,
        **texts,
    )
    session.add(message)
    session.flush()
    told = {"title": message.title, "from": first.isoformat(), "until": str(last or "")}
    audit.record(session, now, actor, "message_written", typed["customer_no"].strip(), told)
    return message


def withdraw_message(session: Session, message_id: int, now: int, actor: str) -> str:
    """Take a message from the homeowners' pages and return its title; audited.

    Raises NotFound, and Refused where it was withdrawn before.
    """
    message = session.get(Message, message_id, with_for_update=True)
    if message is None:
        raise NotFound(f"there is no message {message_id}")
    if message.withdrawn_at is not None:
        raise Refused(f"message {message_id} is withdrawn already")
    message.withdrawn_at = now
    number = ""
    if message.customer_id is not None:
        number = session.get_one(Customer, message.customer_id).customer_no
    audit.record(session, now, actor, "message_withdrawn", number, {"title": message.title})
    return message.title


def _texts(typed: Mapping[str, str], problems: dict[str, str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for field in FIELDS[1:5]:
        text = typed[field].replace("\r\n", "\n").strip()
        most = TITLE_MOST if field.startswith("title") else BODY_MOST
        is_one_line = field.startswith("title") and "\n" not in text
        if _CONTROL.search(text) or (field.startswith("title") and not is_one_line):
            problems[field] = "has control characters"
        elif len(text) > most:
            problems[field] = f"has more than {most} characters"
        elif not text and field in ("title", "body"):
            problems[field] = "must not be empty"
        texts[field] = text
    if texts["body_en"] and not texts["title_en"]:
        problems.setdefault("title_en", "must not be empty where there is an English text")
    return texts


def _day(typed: Mapping[str, str], field: str, problems: dict[str, str]) -> date | None:
    try:
        return parse_day(typed[field].strip())
    except ValueRefused as refused:
        problems[field] = str(refused)
        return None


def _customer_id(session: Session, customer_no: str, problems: dict[str, str]) -> int | None:
    if not customer_no:
        return None
    found = session.scalar(
        select(Customer.id).where(Customer.customer_no == customer_no, Customer.erased_at.is_(None))
    )
    if found is None:
        problems["customer_no"] = f"there is no customer {customer_no[:40]}"
    return found
