"""A new mail among those to be sent, with the event that says so."""

from sqlalchemy.orm import Session

from shared.models.mail import MailEvent, Outbox


def queue_mail(session: Session, mail: Outbox, actor: str = "") -> None:
    """Queue a mail at its `queued_at`; raises IntegrityError where its key is taken."""
    mail.state = "queued"
    session.add(mail)
    session.flush()
    event = MailEvent(outbox_id=mail.id, at=mail.queued_at, kind="queued", actor=actor)
    session.add(event)
