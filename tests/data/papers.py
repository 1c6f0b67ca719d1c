"""Bills whose documents are looked at, and what a PDF says."""

import io
import re
from datetime import date

import pypdf
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.documents.keeping import Rendering, find_rendering, keep
from shared.energy.quantities import Quantity
from shared.models.customers import Customer, Occupancy
from shared.settings import FROM_THE_BEGINNING, set_setting
from shared.telemetry.storing import MeterChange, record_meter
from tests.data.homes import NOW, a_home, at, billed, registers

JANUARY = "24011120220110"
OPERATOR = {
    "operator_name": "例エネルギー株式会社",
    "operator_postal_code": "100-0000",
    "operator_address": "東京都千代田区例町1-2-3",
    "operator_tel": "03-0000-0000",
    "operator_email": "support@example.jp",
    "t_number": "T7123456789012",
    "due_day": "27",
    "payment_text": "口座振替",
}
SERIALS = {Quantity.PV: "23370110", Quantity.EXPORT: "A10442110"}


def setting(engine: Engine, **texts: str) -> None:
    """Record settings."""
    with Session(engine) as session, session.begin():
        for key, text in texts.items():
            set_setting(session, key, text, valid_from=FROM_THE_BEGINNING, now=NOW, actor="test")


def a_billed_home(
    engine: Engine, customer_no: str = "1120220110", use: str = "86.20", name: str = "顧客0170"
) -> int:
    """Give a home with an address and certified meters whose January is billed."""
    with Session(engine) as session, session.begin():
        customer_id = a_home(session, customer_no)
        customer = session.get_one(Customer, customer_id)
        customer.name = name
        customer.postal_code, customer.address = "150-0000", "東京都渋谷区例町4-5"
        meters(session, customer_id)
        pv = [
            ("2024-01-16 00:00", "12457.112"),
            ("2024-02-16 00:05", f"{12759.112 + float(use):.3f}"),
        ]
        export = [("2024-01-15 22:00", "9012.48"), ("2024-02-16 00:05", "9314.48")]
        registers(session, customer_id, {Quantity.PV: pv, Quantity.EXPORT: export})
    billed(engine, "2024-01")
    return customer_id


def meters(session: Session, customer_id: int) -> int:
    """Record the two meters of a home; return its site."""
    site_id = session.scalars(
        select(Occupancy.site_id).where(Occupancy.customer_id == customer_id)
    ).one()
    for quantity, serial in SERIALS.items():
        put_in = MeterChange(at("2023-12-01 00:00"), serial, 0, certified_until=date(2033, 12, 31))
        record_meter(session, (site_id, quantity), put_in, now=NOW, actor="test")
    return site_id


def rendered(engine: Engine, invoice_no: str, face: str | None = None) -> Rendering:
    """Return a bill's document, kept."""
    with Session(engine) as session, session.begin():
        found = find_rendering(session, invoice_no, face=face)
        return found if found.is_kept else keep(session, found, NOW)


def said(pdf: bytes) -> str:
    """Return all that a PDF says, without the spaces and breaks of its setting."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages))
