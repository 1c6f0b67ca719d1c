"""Each morning's mail to the operator: what waits for a person, counted."""

from dataclasses import dataclass, fields
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.invoices.notifying import BILL, NO_ADDRESS
from shared.mail.addresses import is_address
from shared.mail.letters import Button, Letter
from shared.mail.listing import BAD_ADDRESS
from shared.mail.wording import day_text, signature_of
from shared.models.mail import MailEvent, Outbox
from shared.months import day_of, instant
from shared.settings import Settings, find_settings
from shared.worklist import find_worklist

DIGEST: Final = "digest"
MORNING_S: Final = 7 * 3600
"""07:00 in Japan."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a person."""

    held: int
    proposals: int
    refused: int
    without_address: int
    devices: int

    @property
    def total(self) -> int:
        """Return all of it."""
        return sum(getattr(self, field.name) for field in fields(self))


WORDS: Final = {
    "held": "要確認の請求",
    "proposals": "差額の候補",
    "refused": "届かなかったメール",
    "without_address": "送り先のない請求",
    "devices": "機器を見る必要のある家",
}


def find_waiting(session: Session, now: int) -> Waiting:
    """Count what waits for a person."""
    held = (Outbox.state == "held", Outbox.reason.in_((NO_ADDRESS, BAD_ADDRESS)))
    query = select(func.count(Outbox.id)).where(Outbox.kind == BILL, *held)
    work = find_worklist(session, now)
    return Waiting(
        held=work.held,
        proposals=work.proposals,
        refused=len(work.refused),
        without_address=session.scalar(query) or 0,
        devices=len(work.troubles),
    )


def find_digest_due(session: Session, now: int) -> bool:
    """Say whether today's mail to the operator is still to be written."""
    today = day_of(now)
    if now < instant(today) + MORNING_S or not is_address(find_settings(session).operator_email):
        return False
    return session.scalar(select(Outbox.id).where(Outbox.key == _key(now))) is None


def _key(now: int) -> str:
    return f"{DIGEST}:{day_of(now).isoformat()}"


def queue_digest(session: Session, now: int) -> None:
    """Write today's mail to the operator; where another process was quicker, nothing."""
    mail = Outbox(
        kind=DIGEST,
        key=_key(now),
        recipient=find_settings(session).operator_email,
        state="queued",
        queued_at=now,
    )
    try:
        with session.begin_nested():
            session.add(mail)
    except IntegrityError:
        return
    session.add(MailEvent(outbox_id=mail.id, at=now, kind="queued"))


def digest_letter(session: Session, settings: Settings, base_url: str, now: int) -> Letter:
    """Tell what waits as it stands when the mail goes."""
    waiting = find_waiting(session, now)
    counts = {name: getattr(waiting, name) for name in WORDS}
    told = f"{waiting.total}件" if waiting.total else "ありません"
    return Letter(
        subject=f"今日の作業: {told}({day_text(day_of(now))})",
        greeting="ご担当者 様",
        opening=("人の手を待っているものをお知らせします。",),
        facts=tuple((words, f"{counts[name]}件") for name, words in WORDS.items()),
        button=Button("管理画面を開く", f"{base_url}/office/"),
        signature=signature_of(settings),
    )
