"""An office in which every page has something to show, and the list of all its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import app
from shared import schema
from shared.customers.messages import FIELDS, write_message
from shared.db import make_engine
from shared.doors.staff import Deed, reset_link
from shared.fleet.requests import Kind as Wish
from shared.fleet.requests import ask, end
from shared.invoices.runs import Asked, Kind, request_run
from shared.models.customers import Customer
from shared.models.gateways import Feed, Gateway, Poll
from shared.models.mail import Outbox
from shared.models.telemetry import Channel, MeterEvent
from shared.months import Month
from tests.backoffice.months import READ, SILENT, UNDATED, three_homes
from tests.browser.conftest import Site, serving
from tests.data.homes import at, billed
from tests.people import NOW, Clock, a_config, an_operator

ISSUED, HELD = f"2312{READ}", f"2401{SILENT}"
NOTES: Final = {
    "rows": [
        {"channel": "pv", "wh": 5_000, "outcome": "ok", "error": None, "hint": "direction"},
        {"channel": "export", "wh": None, "outcome": "meter_silent", "error": "no answer"},
    ],
    "found": [{"source": "export", "wh": 5_000, "outcome": "ok"}],
}
PAGES: Final = {
    "morning": [""],
    "account": ["account"],
    "ask_archive_selected": [f"customers/archive?picked={READ}", "customers/archive"],
    "ask_disclose": [f"customers/{READ}/disclose"],
    "ask_erase": [f"customers/{READ}/erase"],
    "ask_delete": [f"customers/{READ}/delete"],
    "ask_issue_selected": [f"issue?picked=2401{READ}", "issue"],
    "ask_leave": [f"customers/{READ}/leave"],
    "ask_move": [f"customers/{READ}/move"],
    "ask_rotate_all": ["codes"],
    "ask_resend_selected": [f"resend?picked={ISSUED}", "resend?picked=2401"],
    "audit": ["audit"],
    "bill_mail": [f"mail/{ISSUED}"],
    "books": ["books?month=2023-12", "books"],
    "customer": [f"customers/{READ}", f"customers/{UNDATED}"],
    "customer_equipment": [f"customers/{READ}/equipment"],
    "customer_history": [f"customers/{READ}/history"],
    "customer_invoice": [f"customers/{READ}/invoices/{ISSUED}"],
    "customer_invoices": [f"customers/{READ}/invoices", f"customers/{READ}/invoices?month=2001-01"],
    "customer_measurements": [f"customers/{READ}/measurements"],
    "customers": ["customers", "customers?only=no_email", "customers?q=none"],
    "customers_download": ["customers/csv"],
    "documents": ["documents", "documents?month=2023-12"],
    "edit_customer": [f"customers/{READ}/edit"],
    "edit_invoice": [f"invoices/{HELD}/edit", f"invoices/{ISSUED}/edit"],
    "gateway": ["gateways/1"],
    "gateways": ["gateways", "gateways?q=none"],
    "holds": ["holds", "holds?reason=contract_missing", "holds?month=2001-01"],
    "import_customers": ["customers/import"],
    "import_payments": ["payments/import"],
    "invoice": [f"invoices/{number}" for number in (ISSUED, HELD, f"2401{UNDATED}")],
    "invoices": ["invoices", "invoices?state=held&min=0&q=顧客", "invoices?q=none"],
    "invoices_download": ["download/invoices"],
    "mail": ["mail", "mail?needs=1", "mail?state=refused", "mail?q=none"],
    "mail_html": [f"mail/{ISSUED}/html"],
    "messages": ["messages"],
    "meter": [f"meters/{READ}/pv"],
    "meters": ["meters", "meters?q=none"],
    "month_run": ["runs/2024-01", "runs/2023-12", "runs/2024-02", "runs/2023-11"],
    "new_customer": ["customers/new"],
    "operator": ["operators/1"],
    "operators": ["operators"],
    "payments": ["payments", "payments?state=paid"],
    "proposals": ["proposals", "proposals?month=2001-01"],
    "runs": ["runs"],
    "settings": ["settings"],
    "show_login": ["login?link={link}"],
}
"""Every page that a GET shows, by its endpoint: addresses below /office/ to look at."""
FILES: Final = {
    "audit_csv", "customers_csv", "customer_invoices_csv", "import_report", "invoice_csv",
    "invoice_pdf", "invoices_csv", "invoices_zip", "issued_pdf", "journal_csv", "mail_csv",
    "meters_csv", "open_run", "payments_csv", "print_documents", "run_progress",
}  # fmt: skip
"""The endpoints of GETs that answer with a file, figures for a script, or another address."""


@dataclass(frozen=True, slots=True)
class WholeOffice:
    """The site, the app of the office in it, and the token of a link to choose a password."""

    site: Site
    app: Flask
    link: str


@contextmanager
def a_whole_office(folder: Path) -> Iterator[WholeOffice]:
    """Serve homes with bills in every state, mails, payments, devices, meters and messages."""
    engine = make_engine(f"sqlite:///{folder / 'ppa.sqlite3'}")
    schema.upgrade(engine)
    an_operator(engine, "admin")
    an_operator(engine, "viewer")
    three_homes(engine)
    billed(engine, "2024-01", "2024-02-20 10:00")
    with Session(engine) as session, session.begin():
        link = _furnish(session)
    made = app.create_app(a_config(), "backoffice", engine=engine, clock=Clock())
    with serving(app.create_site(a_config(), engine=engine, clock=Clock())) as port:
        yield WholeOffice(Site(f"http://127.0.0.1:{port}", ISSUED), made, link)
    engine.dispose()


def _furnish(session: Session) -> str:
    """Put there what bills alone do not bring; returns the token of a person's link."""
    session.execute(update(Outbox).values(state="refused", reply="550 5.1.1 no such user"))
    session.execute(update(Customer).where(Customer.customer_no == UNDATED).values(email=""))
    a_silent_device(session)
    for kind, month in ((Kind.DRY, Month(2024, 2)), (Kind.RUN, Month(2023, 11))):
        request_run(session, Asked(kind, month, NOW, "admin@example.jp", NOW - 300))
    told = dict.fromkeys(FIELDS, "") | {
        "title": "点検",
        "body": "うかがいます",
        "from_day": "2024-02-01",
    }
    write_message(session, told, NOW, "admin@example.jp")
    return reset_link(session, "s" * 40, 2, Deed("admin@example.jp", NOW))


def a_silent_device(session: Session) -> None:
    """Store a gateway of the first home that is silent, a wish at it, and a meter that ends."""
    gateway = Gateway(
        site_id=1, driver="modbus", address="10.0.0.5:502", profile="dzg", failures=4,
        last_ok_at=NOW - 200_000,
    )  # fmt: skip
    session.add(gateway)
    session.flush()
    for channel_id in session.scalars(select(Channel.id).where(Channel.site_id == 1)).all():
        session.add(Feed(channel_id=channel_id, gateway_id=gateway.id))
        session.add(
            MeterEvent(
                channel_id=channel_id, at=at("2023-12-16 00:00"), serial="23370110",
                installed_wh=0, certified_until=date(2024, 4, 1), recorded_at=NOW,
                recorded_by="admin@example.jp",
            )
        )  # fmt: skip
    night = at("2024-02-28 00:05")
    session.add(
        Poll(
            gateway_id=gateway.id, slot=night, tries=3, tried_at=night + 9000, settled=1,
            outcome="unreachable",
        )
    )  # fmt: skip
    session.add(
        Poll(
            gateway_id=gateway.id, slot=NOW - 600, tries=1, tried_at=NOW - 600, settled=1,
            outcome="meter_silent",
        )
    )  # fmt: skip
    number = ask(session, gateway.id, Wish.READ, ("test", NOW - 900))
    end(session, number, NOW - 880, NOTES)
