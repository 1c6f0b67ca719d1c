"""The words of the mails about bills, in Japanese, made of what was frozen at issue."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.mail.letters import Button, Letter
from shared.models.documents import InvoicePaper
from shared.models.invoices import Invoice
from shared.months import day_of, month_of
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class BillFacts:
    """What a mail may tell of a bill; `replaces` is the number of the bill it corrects."""

    invoice_no: str
    name: str
    month: date
    start: date
    last: date
    total_yen: int | None
    due_on: date | None
    replaces: str | None

    @property
    def month_text(self) -> str:
        """Return 2024年1月."""
        return f"{self.month.year}年{self.month.month}月"


def find_bill_facts(session: Session, invoice_id: int) -> BillFacts:
    """Return what a mail may tell of an issued bill."""
    bill = session.get_one(Invoice, invoice_id)
    paper = session.get(InvoicePaper, invoice_id)
    replaces = session.scalar(
        select(Invoice.invoice_no).where(Invoice.successor_id == invoice_id).limit(1)
    )
    return BillFacts(
        invoice_no=bill.invoice_no,
        name=bill.name,
        month=month_of(bill.month).first(),
        start=bill.period_start,
        last=bill.period_end - timedelta(days=1),
        total_yen=bill.total_yen,
        due_on=paper.due_on if paper else None,
        replaces=replaces,
    )


def day_text(day: date) -> str:
    """Return 2024年1月16日."""
    return f"{day.year}年{day.month}月{day.day}日"


def signature_of(settings: Settings) -> tuple[str, ...]:
    """Return who writes and how to reach a person there."""
    address = f"〒{settings.operator_postal_code} " if settings.operator_postal_code else ""
    reach = [
        f"電話 {settings.operator_tel}" if settings.operator_tel else "",
        f"メール {settings.operator_email}" if settings.operator_email else "",
    ]
    lines = (settings.operator_name, address + settings.operator_address, *reach)
    return tuple(line for line in lines if line.strip())


def contact_line(settings: Settings) -> str:
    """Return how to reach a person, in one sentence."""
    if settings.operator_tel or settings.operator_email:
        return "ご不明な点は、下の連絡先までお気軽にお問い合わせください。担当者がお答えします。"
    return "ご不明な点は、契約書に書かれた連絡先までお問い合わせください。担当者がお答えします。"


def bill_letter(facts: BillFacts, settings: Settings, url: str, expires_at: int) -> Letter:
    """Tell that a bill is there, or that it corrects another one."""
    opening = [
        "いつもご利用いただき、ありがとうございます。",
        f"{facts.month_text}分の請求書ができました。",
    ]
    subject = f"{facts.month_text}分の請求書のお知らせ"
    if facts.replaces:
        subject = f"{facts.month_text}分の請求書の訂正のお知らせ"
        opening[1] = (
            f"{facts.month_text}分の請求書を訂正しました。"
            f"前の請求書({facts.replaces})は取り消されています。"
        )
    return _letter(facts, settings, subject, opening, url, expires_at)


def reminder_letter(facts: BillFacts, settings: Settings, url: str, expires_at: int) -> Letter:
    """Ask for a payment that is not there yet, politely."""
    opening = [
        f"{facts.month_text}分のご請求について、お支払いの確認がまだ取れておりません。",
        "行き違いでお支払い済みのときは、どうかご容赦ください。",
    ]
    subject = f"{facts.month_text}分のお支払いのご確認"
    return _letter(facts, settings, subject, opening, url, expires_at)


def _letter(  # noqa: PLR0913, PLR0917 - the parts of one letter
    facts: BillFacts,
    settings: Settings,
    subject: str,
    opening: list[str],
    url: str,
    expires_at: int,
) -> Letter:
    until = day_text(day_of(expires_at - 1))
    rows = [
        ("請求番号", facts.invoice_no),
        ("期間", f"{day_text(facts.start)}〜{day_text(facts.last)}"),
    ]
    if settings.mail_shows_amount and facts.total_yen is not None:
        rows.append(("ご請求額", f"{facts.total_yen:,}円"))
    if facts.due_on:
        rows.append(("お支払期限", day_text(facts.due_on)))
    sender = f"【{settings.operator_name}】" if settings.operator_name else ""
    return Letter(
        subject=f"{sender}{subject}",
        greeting=f"{facts.name} 様",
        opening=tuple(opening),
        facts=tuple(rows),
        button=Button("請求書を開く", url),
        closing=(
            f"このリンクで開けるのは、この請求書だけです。{until}まで使えます。",
            "このメールは、ほかの方に転送しないでください。",
            contact_line(settings),
        ),
        signature=signature_of(settings),
    )
