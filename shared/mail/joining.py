"""An operator's link to choose a password, mailed to whom it is for beside being shown.

Its token is made of the link's own row, so that neither the link nor the mail keeps it.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.doors.staff import link_token
from shared.mail.letters import Button, Letter
from shared.mail.queueing import queue_mail
from shared.mail.wording import day_text, signature_of
from shared.models.doors import Operator, OperatorLink
from shared.models.mail import Outbox
from shared.months import day_of
from shared.settings import Settings

JOIN: Final = "operator_link"


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
