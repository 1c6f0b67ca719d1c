"""The letter of each kind of mail, made when it is sent."""

from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy.orm import Session

from shared.invoices.notifying import BILL
from shared.mail.confirming import ADDRESS, CHANGED, address_letter, changed_letter
from shared.mail.digest import DIGEST, digest_letter
from shared.mail.joining import JOIN, link_letter
from shared.mail.letters import Letter
from shared.mail.links import ensure_link
from shared.mail.wording import bill_letter, find_bill_facts, reminder_letter
from shared.models.mail import Outbox
from shared.months import DAY_S
from shared.settings import Settings

REMINDER: Final = "reminder"
TEST: Final = "test"


def office_url(base_url: str, invoice_no: str) -> str:
    """Return where the back office shows a bill: the link of mails that no customer gets."""
    return f"{base_url}/office/invoices/{invoice_no}"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes letters; it holds the secret of their links and the address that they lead to."""

    secret: str = field(repr=False)
    base_url: str

    def write(self, session: Session, mail: Outbox, settings: Settings, now: int) -> Letter:
        """Return a mail's letter, with its link made or found again."""
        if mail.kind == DIGEST:
            return digest_letter(session, settings, self.base_url, now)
        if mail.kind == ADDRESS:
            return address_letter(session, mail, settings, self.secret, self.base_url)
        if mail.kind == CHANGED:
            return changed_letter(session, mail, settings)
        if mail.kind == JOIN:
            return link_letter(session, mail, settings, self.secret, self.base_url)
        if mail.invoice_id is None:
            raise ValueError(f"mail {mail.id} is of no kind that can be written: {mail.kind}")
        facts = find_bill_facts(session, mail.invoice_id)
        if mail.kind == TEST:
            until = now + settings.mail_link_days * DAY_S
            url = office_url(self.base_url, facts.invoice_no)
            letter = bill_letter(facts, settings, url, until)
            return replace(letter, subject=f"[テスト] {letter.subject}")
        link = ensure_link(session, self.secret, mail.invoice_id, now, settings.mail_link_days)
        words = {BILL: bill_letter, REMINDER: reminder_letter}[mail.kind]
        return words(facts, settings, f"{self.base_url}/b/{link.token}", link.expires_at)
