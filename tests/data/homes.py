"""Homes in words for the data layer: customers with terms, registers, months billed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.billing.terms import FROM_THE_BEGINNING
from shared.energy.quantities import Quantity, Source
from shared.invoices.documents import Document, get_bill
from shared.invoices.issuing import Act, issue_month
from shared.invoices.running import Run, RunReport, run_month
from shared.models.customers import Customer, Occupancy, Site, Term
from shared.models.invoices import Invoice
from shared.months import Month
from shared.telemetry.storing import ensure_channels, store_readings
from shared.units import parse_kwh

NOW = int(datetime.fromisoformat("2026-01-05T10:00:00+09:00").timestamp())
TEN_YEARS = (date(2023, 12, 16), date(2033, 12, 15))


def at(text: str) -> int:
    """Return a time in Japan such as `2024-01-16 00:00` as a UTC second."""
    return int(datetime.fromisoformat(f"{text}+09:00").timestamp())


def opener(engine: Engine) -> Callable[[], AbstractContextManager[Session]]:
    """Return what opens a session that commits at the end."""

    @contextmanager
    def open_session() -> Iterator[Session]:
        with Session(engine) as session, session.begin():
            yield session

    return open_session


def a_home(  # noqa: PLR0913 - a home in words
    session: Session,
    customer_no: str = "1120220110",
    *,
    contract: tuple[date | None, date | None] = TEN_YEARS,
    base_fee: int = 0,
    prices: tuple[int, int] = (2700, 1600),
    panel_w: int | None = None,
) -> int:
    """Register a customer at a site of its own; prices are use and export in sen."""
    site = Site(panel_w=panel_w)
    customer = Customer(
        customer_no=customer_no,
        name=f"顧客{customer_no[-4:]}",
        email=f"{customer_no}@example.jp",
        code_index=customer_no.encode(),
        code_sealed=b"",
        registered_at=NOW,
        updated_at=NOW,
    )
    session.add_all([site, customer])
    session.flush()
    session.add(Occupancy(customer_id=customer.id, site_id=site.id))
    terms(session, customer.id, FROM_THE_BEGINNING, contract=contract)
    use_price, export_price = prices
    terms(
        session,
        customer.id,
        FROM_THE_BEGINNING,
        use_price=use_price,
        export_price=export_price,
        base_fee=base_fee,
    )
    return customer.id


def terms(
    session: Session,
    customer_id: int,
    valid_from: date,
    *,
    contract: tuple[date | None, date | None] | None = None,
    **figures: int,
) -> None:
    """Record dated terms."""
    kept = {
        "customer_id": customer_id,
        "valid_from": valid_from,
        "recorded_at": NOW,
        "recorded_by": "test",
    }
    if contract is not None:
        session.add(Term(kind="contract", start_day=contract[0], end_day=contract[1], **kept))
    for kind, figure in figures.items():
        session.add(Term(kind=kind, figure=figure, **kept))
    session.flush()


def registers(
    session: Session, customer_id: int, readings: Mapping[Quantity, Sequence[tuple[str, str]]]
) -> int:
    """Keep (time in Japan, kWh) registers of a home's channels; return how many are new."""
    site_id = session.scalars(
        select(Occupancy.site_id).where(Occupancy.customer_id == customer_id)
    ).one()
    channels = ensure_channels(session, [(site_id, quantity) for quantity in readings])
    rows = [
        (channels[site_id, quantity], at(time), int(Source.IMPORT), parse_kwh(kwh))
        for quantity, pairs in readings.items()
        for time, kwh in pairs
    ]
    return store_readings(session, rows, NOW)


def issued(engine: Engine, month: str, as_of: str = "2026-01-05 10:00") -> list[str]:
    """Issue a month for good; return the numbers."""
    act = Act("test", NOW, at(as_of))
    with Session(engine) as session, session.begin():
        return issue_month(session, Month.parse(month), act, apply=True).issued


def billed(engine: Engine, month: str, as_of: str = "2026-01-05 10:00") -> RunReport:
    """Run a month for good."""
    run = Run(Month.parse(month), at(as_of), NOW, "test", apply=True)
    return run_month(opener(engine), run)


def the_bill(engine: Engine, invoice_no: str) -> Document:
    """Return a bill as it is shown."""
    with Session(engine) as session:
        return get_bill(session, invoice_no)


def all_bills(engine: Engine, month: str) -> list[Document]:
    """Return every bill of a month by number."""
    with Session(engine) as session:
        numbers = session.scalars(
            select(Invoice.invoice_no)
            .where(Invoice.month == Month.parse(month).first())
            .order_by(Invoice.invoice_no)
        ).all()
        return [get_bill(session, number) for number in numbers]
