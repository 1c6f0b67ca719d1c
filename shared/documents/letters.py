"""The letter with a homeowner's auth code: made when it is asked for, and kept nowhere."""

import io
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared import audit
from shared.customers.registering import reveal_code
from shared.documents import words
from shared.documents.issuer import logo_numbers, operator_rows
from shared.documents.typesetting import typeset
from shared.errors import NotFound
from shared.models.customers import Customer
from shared.models.documents import Logo
from shared.months import day_of
from shared.settings import find_settings

TITLE: Final = "太陽光発電 料金ページのご案内"
OPENING: Final = (
    "平素より太陽光発電サービスをご利用いただき、ありがとうございます。",
    "毎月の料金と、発電した電気、使った電気を、スマートフォンやパソコンでご覧いただけます。",
    "ログインには、次の認証コードをお使いください。",
)
STEPS: Final = (
    "QRコードをカメラで読み取るか、上のアドレスをブラウザーに入れて、ログインの画面を開きます。",
    "認証コードの16文字を入れて、「ログイン」を押します。",
    "その月の料金が開きます。請求書と、金額の根拠もご覧いただけます。",
)
CAUTIONS: Final = (
    "認証コードを知っている人は、ご家庭の電気と料金を見ることができます。大切に保管してください。",
    "当社から、認証コードを電話やメールでお尋ねすることはありません。",
    "なくしたとき、ほかの人に知られたときは、ご連絡ください。新しいコードをお送りします。",
)
CLOSING: Final = "ご不明な点は、上記の連絡先へお問い合わせください。"


@dataclass(frozen=True, slots=True)
class LetterPlace:
    """What a letter needs of its surroundings: the codes' key, and the portal's own address."""

    code_key: str
    base_url: str


def code_letter(
    session: Session, place: LetterPlace, customer_no: str, now: int, actor: str
) -> bytes:
    """Return the letter with a customer's code as PDF; audited as the code's being shown.

    Raises NotFound for an unknown or archived customer, and SealBroken.
    """
    code = reveal_code(session, place.code_key, customer_no, now, actor)
    audit.record(session, now, actor, "code_letter", customer_no, {})
    customer = session.scalars(select(Customer).where(Customer.customer_no == customer_no)).one()
    if customer.archived_at is not None:
        raise NotFound(f"customer {customer_no} is archived")
    settings = find_settings(session, on=day_of(now))
    today = day_of(now)
    login = f"{place.base_url}/login"
    facts = {
        "title": TITLE,
        "date": {"year": today.year, "month": today.month, "day": today.day},
        "written_on": words.long_day(today),
        "customer_no": customer_no,
        "recipient": {
            "name": customer.name,
            "postal": customer.postal_code.removeprefix("〒"),
            "address": customer.address,
        },
        "issuer": operator_rows(asdict(settings)),
        "logo": logo_numbers(session, session.scalar(select(func.max(Logo.id)))),
        "opening": OPENING,
        "code": [code[n : n + 4] for n in range(0, len(code), 4)],
        "qr": qr(login),
        "address": login,
        "steps": STEPS,
        "cautions": CAUTIONS,
        "closing": CLOSING,
    }
    return typeset("letter.typ", facts, now)


def qr(address: str) -> str:
    """Return the QR code of an address as SVG, without its quiet zone; error correction M."""
    import segno

    drawn = io.BytesIO()
    segno.make_qr(address, error="m").save(drawn, kind="svg", border=0, xmldecl=False)
    return drawn.getvalue().decode()
