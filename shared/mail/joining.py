"""An operator's link to choose a password, mailed to whom it is for beside being shown.

Its token is made of the link's own row, so that neither the link nor the mail keeps it.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.doors.staff import INVITED_S, link_token
from shared.mail.letters import Button, Letter
from shared.mail.queueing import queue_mail
from shared.mail.wording import day_text, signature_of
from shared.models.doors import Operator, OperatorLink
from shared.models.mail import Outbox
from shared.months import day_of
from shared.settings import Settings

JOIN: Final = "operator_link"
LINK_ENDED: Final = "link_ended"
"""Why a mail is held whose link was used, replaced by another, or is over."""


@dataclass(frozen=True, slots=True)
class LostLink:
    """A link that counts still and whose mail did not arrive, with what the mail server said."""

    operator_id: int
    email: str
    reply: str
    tried_at: int | None


def queue_link_mail(session: Session, operator_id: int, now: int, actor: str) -> None:
    """Queue the newest link of an operator to the operator's own address."""
    link = session.scalars(
        select(OperatorLink)
        .where(OperatorLink.operator_id == operator_id)
        .order_by(OperatorLink.id.desc())
        .limit(1)
    ).one()
    recipient = session.get_one(Operator, operator_id).email
    mail = Outbox(kind=JOIN, key=f"{JOIN}:{link.id}:{now}", recipient=recipient, queued_at=now)
    queue_mail(session, mail, actor)


def find_live_link(session: Session, mail: Outbox, now: int) -> OperatorLink | None:
    """Return the link that a mail carries, or None where it opens nothing any more."""
    link = session.get_one(OperatorLink, int(mail.key.split(":")[1]))
    return link if link.used_at is None and now < link.expires_at else None


def find_lost_links(session: Session, now: int) -> list[LostLink]:
    """Return the links that count still and whose mails were refused, the newest first."""
    mails = session.scalars(
        select(Outbox)
        .where(Outbox.kind == JOIN, Outbox.state == "refused", Outbox.queued_at > now - INVITED_S)
        .order_by(Outbox.id.desc())
    ).all()
    live = [(mail, find_live_link(session, mail, now)) for mail in mails]
    return [
        LostLink(link.operator_id, mail.recipient, mail.reply, mail.tried_at)
        for mail, link in live
        if link is not None
    ]


def link_letter(
    session: Session, mail: Outbox, settings: Settings, secret: str, base_url: str
) -> Letter:
    """Ask who is invited, or has lost the password, to choose one."""
    link = session.get_one(OperatorLink, int(mail.key.split(":")[1]))
    until = day_text(day_of(link.expires_at))
    return Letter(
        subject="管理画面のパスワードを決めてください",
        greeting="ご担当者 様",
        opening=(
            f"{settings.operator_name or 'PPA料金照会'}の管理画面に入るためのリンクです。",
            "下のボタンを開き、ご自分のパスワードを決めてください。",
        ),
        button=Button(
            "パスワードを決める", f"{base_url}/office/login?link={link_token(secret, link)}"
        ),
        closing=(
            f"このリンクは一度だけ、{until}まで使えます。",
            "お心あたりのないときは、管理者に知らせ、このメールを消してください。",
        ),
        signature=signature_of(settings),
    )
