"""Each morning's mail to the operator: what waits for a person, counted."""

from contextlib import suppress
from dataclasses import asdict
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.invoices.notifying import BILL, NO_ADDRESS
from shared.mail.addresses import is_address
from shared.mail.letters import Button, Letter
from shared.mail.listing import BAD_ADDRESS
from shared.mail.queueing import queue_mail
from shared.mail.wording import day_text, signature_of
from shared.models.mail import Outbox
from shared.months import day_of, instant
from shared.settings import Settings, find_settings
from shared.waiting import count_waiting

DIGEST: Final = "digest"
MORNING_S: Final = 7 * 3600
"""07:00 in Japan."""


WORDS: Final = {
    "held": "要確認の請求",
    "proposals": "差額の候補",
    "refused": "届かなかったメール",
    "without_address": "送り先のない請求",
    "homes": "機器を見る必要のある家",
}


def find_counts(session: Session, now: int) -> dict[str, int]:
    """Count what waits for a person, by what WORDS names."""
    held = (Outbox.state == "held", Outbox.reason.in_((NO_ADDRESS, BAD_ADDRESS)))
    query = select(func.count(Outbox.id)).where(Outbox.kind == BILL, *held)
    return asdict(count_waiting(session, now)) | {"without_address": session.scalar(query) or 0}


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
        queued_at=now,
    )
    with suppress(IntegrityError), session.begin_nested():
        queue_mail(session, mail)


def digest_letter(session: Session, settings: Settings, base_url: str, now: int) -> Letter:
    """Tell what waits as it stands when the mail goes."""
    counts = find_counts(session, now)
    total = sum(counts.values())
    told = f"{total}件" if total else "ありません"
    return Letter(
        subject=f"今日の作業: {told}({day_text(day_of(now))})",
        greeting="ご担当者 様",
        opening=("人の手を待っているものをお知らせします。",),
        facts=tuple((words, f"{counts[name]}件") for name, words in WORDS.items()),
        button=Button("管理画面を開く", f"{base_url}/office/"),
        signature=signature_of(settings),
    )
