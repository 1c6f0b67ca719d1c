"""A homeowner's new mail address: it counts once its own mailbox has said so.

The link's token is made of the mail that carries it, so nothing is stored that could be stolen;
only the newest request of a customer counts, and for a day. Holding the link proves the mailbox;
that it is this home's, and no stranger's whose address was typed by mistake, the pages ask besides.
"""

import hmac
import unicodedata
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared import audit
from shared.customers.entries import parse_email
from shared.doors.sessions import may_read
from shared.errors import NotFound, ValueRefused
from shared.mail.letters import Button, Letter
from shared.mail.queueing import queue_mail
from shared.mail.wording import contact_line, signature_of
from shared.models.customers import Customer
from shared.models.mail import Outbox
from shared.months import DAY_S
from shared.search import search_text
from shared.settings import Settings
from shared.tokens import make_token

ADDRESS: Final = "address"
CHANGED: Final = "address_changed"
LASTS_S: Final = DAY_S
MOST_A_DAY: Final = 5
"""Requests of one customer within a day, so that nobody's mailbox is flooded from here."""
_PURPOSE: Final = b"address"


@dataclass(frozen=True, slots=True)
class AskedAddress:
    """A link that counts: whose mails would go to which address."""

    customer_id: int
    customer_no: str
    address: str

    def is_of(self, typed: str) -> bool:
        """Say whether a person has typed this home's number, in whatever width and grouping."""
        seen = unicodedata.normalize("NFKC", typed)
        return "".join(sign for sign in seen if sign.isalnum()) == self.customer_no


def ask_to_confirm(session: Session, customer_id: int, typed: str, now: int) -> str:
    """Queue a mail with a link to a new address and return the address; nothing changes yet.

    Raises ValueRefused for what is no address, the one that counts already, and too many tries.
    """
    address = parse_email(typed.strip())
    customer = session.get_one(Customer, customer_id)
    if not address:
        raise ValueRefused("no mail address was given")
    if address == customer.email:
        raise ValueRefused(f"{address} is the address on record already")
    asked = session.scalar(
        select(func.count(Outbox.id)).where(
            Outbox.customer_id == customer_id,
            Outbox.kind == ADDRESS,
            Outbox.queued_at > now - DAY_S,
        )
    )
    if (asked or 0) >= MOST_A_DAY:
        raise ValueRefused(f"more than {MOST_A_DAY} changes of address in a day")
    mail = Outbox(
        kind=ADDRESS,
        key=f"{ADDRESS}:{customer_id}:{now}:{asked or 0}",
        customer_id=customer_id,
        recipient=address,
        queued_at=now,
    )
    queue_mail(session, mail)
    return address


def address_letter(
    session: Session, mail: Outbox, settings: Settings, secret: str, base_url: str
) -> Letter:
    """Ask the new mailbox whether it wants the bills' mails."""
    name = session.get_one(Customer, mail.customer_id).name
    sender = f"【{settings.operator_name}】" if settings.operator_name else ""
    return Letter(
        subject=f"{sender}メールアドレスの確認",
        greeting=f"{name} 様",
        opening=(
            "請求のお知らせを、このメールアドレスにお送りする手続きがありました。",
            "下のボタンを開いて、「このアドレスにする」を押してください。",
            "ログインしていない端末では、請求書にある顧客番号をお尋ねします。",
        ),
        facts=(),
        button=Button(
            "メールアドレスを確認する",
            f"{base_url}/b/address/{mail.id}/{_token(secret, mail)}",
        ),
        closing=(
            "このリンクは24時間使えます。",
            "お心あたりのないときは、何もしないでください。アドレスは変わりません。",
            contact_line(settings),
        ),
        signature=signature_of(settings),
    )


def _token(secret: str, mail: Outbox) -> str:
    return make_token(secret, _PURPOSE, mail.id, mail.recipient.encode())


def get_asked_address(
    session: Session, secret: str, link: tuple[int, str], now: int
) -> AskedAddress:
    """Return what a link confirms; raises NotFound for any link that does not count.

    `link` is the mail's id and the token. It counts for a day, until the next request, and while
    its customer may come in.
    """
    mail_id, token = link
    mail = session.get(Outbox, mail_id)
    if mail is None or mail.kind != ADDRESS or now >= mail.queued_at + LASTS_S:
        raise NotFound("there is no such link")
    if not hmac.compare_digest(_token(secret, mail).encode(), token.encode("utf-8", "replace")):
        raise NotFound("there is no such link")
    newest = select(func.max(Outbox.id)).where(
        Outbox.customer_id == mail.customer_id, Outbox.kind == ADDRESS
    )
    customer = session.get(Customer, mail.customer_id)
    if customer is None or not may_read(customer, now) or session.scalar(newest) != mail_id:
        raise NotFound("there is no such link")
    return AskedAddress(customer.id, customer.customer_no, mail.recipient)


def confirm_address(session: Session, secret: str, link: tuple[int, str], now: int) -> str:
    """Let a confirmed address count from now on; again, it changes nothing more."""
    asked = get_asked_address(session, secret, link, now)
    customer = session.get_one(Customer, asked.customer_id, with_for_update=True)
    if customer.email != asked.address:
        _tell_old_address(session, customer, link[0], now)
        customer.email = asked.address
        customer.search_text = search_text(
            customer.customer_no, customer.name, customer.kana, asked.address
        )
        customer.version += 1
        customer.updated_at = now
        actor = f"customer:{customer.customer_no}"
        audit.record(session, now, actor, "email_confirmed", customer.customer_no, {})
    return asked.address


def _tell_old_address(session: Session, customer: Customer, asked_id: int, now: int) -> None:
    """Queue a word to the address that counted until now, where there was one."""
    if not customer.email.strip():
        return
    mail = Outbox(
        kind=CHANGED,
        key=f"{CHANGED}:{asked_id}:{now}",
        customer_id=customer.id,
        recipient=customer.email.strip(),
        queued_at=now,
    )
    queue_mail(session, mail)


def changed_letter(session: Session, mail: Outbox, settings: Settings) -> Letter:
    """Tell an old address that mails go elsewhere now; it carries no link and not the new one."""
    name = session.get_one(Customer, mail.customer_id).name
    sender = f"【{settings.operator_name}】" if settings.operator_name else ""
    return Letter(
        subject=f"{sender}メールアドレスが変わりました",
        greeting=f"{name} 様",
        opening=("請求のお知らせは、これから新しいメールアドレスにお送りします。",),
        closing=(
            "お心あたりのないときは、すぐにご連絡ください。",
            contact_line(settings),
        ),
        signature=signature_of(settings),
    )
