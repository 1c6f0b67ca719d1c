"""Issued bills with their mails, many at once, for what sends and opens them."""

import json
from datetime import date

from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from shared.invoices.notifying import queue_mails
from shared.models.customers import Customer, Occupancy, Site
from shared.models.invoices import Invoice
from tests.data.homes import NOW


def recipient_of(number: int) -> str:
    """Return the address of a home."""
    return f"{number}@example.jp"


def issued_bills(engine: Engine, count: int, first: int = 1120230000) -> list[str]:
    """Store homes, each with one issued bill and its mail; return the bills' numbers."""
    numbers = range(first, first + count)
    homes = [
        {
            "customer_no": str(number), "name": f"顧客{number}", "email": recipient_of(number),
            "code_index": str(number).encode(), "code_sealed": b"", "registered_at": NOW,
            "updated_at": NOW,
        }
        for number in numbers
    ]  # fmt: skip
    with Session(engine) as session, session.begin():
        site = Site()
        session.add(site)
        session.flush()
        session.execute(insert(Customer), homes)
        ids = dict(session.execute(select(Customer.customer_no, Customer.id)).all())
        session.execute(
            insert(Occupancy),
            [{"customer_id": ids[str(number)], "site_id": site.id} for number in numbers],
        )
        bills = [_bill(str(number), ids[str(number)], site.id) for number in numbers]
        session.execute(insert(Invoice), bills)
        told = [str(bill["invoice_no"]) for bill in bills]
        rows = session.execute(select(Invoice.invoice_no, Invoice.id)).all()
        queue_mails(session, [row.id for row in rows if row.invoice_no in set(told)], NOW)
    return told


def _bill(customer_no: str, customer_id: int, site_id: int) -> dict[str, object]:
    yen = int(customer_no) % 10_000
    return {
        "customer_id": customer_id, "site_id": site_id, "month": date(2024, 1, 1), "revision": 1,
        "invoice_no": f"2401{customer_no}", "period_start": date(2024, 1, 16),
        "period_end": date(2024, 2, 16), "state": "issued", "quality": "A",
        "name": f"顧客{customer_no}", "base_yen": 0, "pv_wh": 0, "export_wh": 0, "use_wh": 0,
        "export_yen": 0, "use_yen": yen, "total_yen": yen, "inputs": "",
        "snapshot": json.dumps({"terms": [], "explanation": {"what": "total", "parts": []}}),
        "computed_at": NOW, "issued_at": NOW, "issued_on": date(2024, 2, 20), "hash": "",
    }  # fmt: skip
