"""Homeowners with bills and operators with passwords, in words, for tests of the pages."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from shared.config import Config, load
from shared.doors.operators import add_operator
from shared.invoices.chaining import Act
from shared.invoices.freezing import freeze
from shared.models.customers import Customer, Occupancy, Site, Term
from shared.models.invoices import Hold, Invoice, InvoiceDay, InvoiceRegister
from shared.months import Month, instant, invoice_no
from shared.seal import code_index, seal
from shared.search import search_text

KEY = "a secret for auth codes, in tests only"
PASSWORD = "correct horse battery"
NOW = instant(date(2024, 2, 28)) + 8 * 3600
JANUARY = Month(2024, 1)
CODES = {"1120220110": "RkTcmWqbHdAbCdEf", "1120220111": "ZkTcmWqbHdAbCdEf"}


def a_config(**environ: str) -> Config:
    """Return settings for loopback http, or as `environ` says."""
    return load({"PPA_SECRET_KEY": "s" * 40, "PPA_CODE_KEY": KEY} | environ)


@dataclass(slots=True)
class Clock:
    """A clock that a test sets."""

    at: int = NOW

    def __call__(self) -> int:
        """Tell the time."""
        return self.at

    def forward(self, **by: int) -> None:
        """Let time pass."""
        self.at += int(timedelta(**by).total_seconds())


def an_operator(engine: Engine, role: str) -> str:
    """Store an operator with PASSWORD and return the mail address."""
    with Session(engine) as session, session.begin():
        return add_operator(session, f"{role}@example.jp", role, PASSWORD, NOW).email


def a_home(engine: Engine, customer_no: str = "1120220110", name: str = "顧客0170") -> int:
    """Store a customer with a code of CODES and dated terms, and return the id."""
    code = CODES[customer_no]
    with Session(engine) as session, session.begin():
        site = Site(panel_w=4200)
        session.add(site)
        customer = Customer(
            customer_no=customer_no,
            name=name,
            kana="コキャク",
            search_text=search_text(customer_no, name, "コキャク", f"{customer_no}@example.jp"),
            email=f"{customer_no}@example.jp",
            code_index=code_index(KEY, code),
            code_sealed=seal(KEY, code, customer_no),
            registered_at=NOW,
            updated_at=NOW,
        )
        session.add(customer)
        session.flush()
        session.add(Occupancy(customer_id=customer.id, site_id=site.id))
        for kind, figure in (("base_fee", 0), ("use_price", 2700), ("export_price", 1600)):
            session.add(_term(customer.id, kind, figure))
        session.add(_term(customer.id, "contract", None))
        return customer.id


def _term(customer_id: int, kind: str, figure: int | None) -> Term:
    has_days = kind == "contract"
    return Term(
        customer_id=customer_id,
        kind=kind,
        valid_from=date(2022, 1, 16),
        figure=figure,
        start_day=date(2022, 1, 16) if has_days else None,
        end_day=date(2032, 1, 15) if has_days else None,
        recorded_at=NOW,
        recorded_by="cli:test",
    )


def a_bill(engine: Engine, customer_id: int, month: Month = JANUARY, state: str = "issued") -> str:
    """Store a bill of 86.20 kWh at 27.00 yen and return its number."""
    with Session(engine) as session, session.begin():
        customer = session.get_one(Customer, customer_id)
        period = month.period(15)
        invoice = Invoice(
            customer_id=customer_id,
            site_id=session.scalars(_site_of(customer_id)).one(),
            month=month.first(),
            invoice_no=invoice_no(month, customer.customer_no),
            period_start=period.start,
            period_end=period.end,
            state="open",
            quality="B",
            name=customer.name,
            base_yen=0,
            pv_wh=388_200,
            export_wh=302_000,
            use_wh=86_200,
            export_yen=4832,
            use_yen=2327,
            total_yen=2327,
            tax_yen=211,
            inputs="",
            snapshot=json.dumps(_snapshot(period.start)),
            computed_at=NOW,
            issued_at=None if state in ("open", "held", "closed") else NOW,
            issued_on=None if state in ("open", "held", "closed") else date(2024, 2, 20),
        )
        session.add(invoice)
        session.flush()
        session.add_all(_parts(invoice.id, list(period.days()), period.end))
        if state == "held":
            session.add(Hold(invoice_id=invoice.id, reason="contract_missing"))
        if state == "issued":
            freeze(session, [invoice.id], Act("cli:test", NOW, NOW))
        session.flush()
        invoice.state = state
        return invoice.invoice_no


def _site_of(customer_id: int) -> Select[int]:
    return select(Occupancy.site_id).where(Occupancy.customer_id == customer_id)


def _snapshot(start: date) -> dict[str, object]:
    tax = {"tax_rate": 10, "tax_rounding": "floor", "t_number": "T7123456789012"}
    return tax | {"terms": [], "explanation": _explained(start)}


def _explained(start: date) -> dict[str, object]:
    until = (start + timedelta(days=31)).isoformat()
    stretch = {"what": "use by terms", "from": start.isoformat(), "until": until, "days": 31}
    charge = {
        "use_yen": 2327,
        "unrounded_yen": "2327.40",
        "parts": [{**stretch, "price": "27.00", "use_wh": 86_200}],
    }
    return {"what": "total", "parts": [{"what": "base", "base_yen": 0}, charge]}


def _parts(invoice_id: int, days: list[date], end: date) -> list[InvoiceDay | InvoiceRegister]:
    """Return 31 days of which two were not received, and the registers of both meters."""
    rows: list[InvoiceDay | InvoiceRegister] = []
    for place, day in enumerate(days):
        known = place not in (14, 15)
        rows.append(
            InvoiceDay(
                invoice_id=invoice_id,
                day=day,
                pv_wh=12_520 if known else None,
                export_wh=9_740 if known else None,
                use_wh=2_780 if known else None,
                export_fine=9_740 * 1600 if known else None,
                use_fine=2_780 * 2700 if known else None,
                quality="measured" if known else "missing",
            )
        )
    for quantity, opening, energy in (("pv", 12_457_112, 388_200), ("export", 9_012_480, 302_000)):
        rows.append(
            InvoiceRegister(
                invoice_id=invoice_id,
                quantity=quantity,
                seq=0,
                serial="23370110",
                meter_at=0,
                opening_wh=opening,
                opening_at=instant(days[0]) + 300,
                opening_how="night",
                closing_wh=opening + energy + 6,
                closing_at=instant(end) + 300,
                closing_how="night",
                energy_wh=energy,
            )
        )
    return rows
