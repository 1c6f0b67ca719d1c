"""A fleet whose meters are read once at every midnight, with a year of issued bills."""

from datetime import date

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bench.databases import sessions
from shared.billing.terms import FROM_THE_BEGINNING
from shared.db import in_chunks
from shared.energy.quantities import Quantity, Source
from shared.invoices.running import Worker, run_at_once
from shared.invoices.runs import Asked, Kind
from shared.models.customers import Customer, Occupancy, Site, Term
from shared.months import DAY_S, Month, instant
from shared.telemetry.storing import ensure_channels, store_readings

FIRST, MONTHS = Month(2024, 1), 12
NOW = instant(date(2026, 1, 5))
A_DAY = {Quantity.PV: 12_340, Quantity.EXPORT: 7_010}
CHUNK = 200


def a_year_of_midnights(engine: Engine, homes: int) -> int:
    """Register homes with their registers, bill and issue a year; return its months."""
    open_session = sessions(engine)
    with open_session() as session:
        site_ids = [_a_home(session, number) for number in range(homes)]
    for chunk in in_chunks(site_ids, CHUNK):
        with open_session() as session:
            _keep(session, chunk)
    worker, month = Worker(open_session, lambda: NOW, person_key="bench"), FIRST
    for _ in range(MONTHS):
        for kind in (Kind.RUN, Kind.ISSUE):
            run_at_once(worker, Asked(kind, month, NOW, "bench", NOW))
        month = month.next()
    return MONTHS


def _a_home(session: Session, number: int) -> int:
    site = Site()
    customer = Customer(
        customer_no=f"1120{number:06d}", name=f"顧客{number:04d}", email=f"{number}@example.jp",
        code_index=str(number).encode(), code_sealed=b"", registered_at=0, updated_at=0,
    )  # fmt: skip
    session.add_all([site, customer])
    session.flush()
    session.add(Occupancy(customer_id=customer.id, site_id=site.id))
    known = {"customer_id": customer.id, "valid_from": FROM_THE_BEGINNING, "recorded_at": 0,
             "recorded_by": "bench"}  # fmt: skip
    days = {"start_day": date(2023, 1, 1), "end_day": date(2033, 1, 1)}
    session.add(Term(kind="contract", **days, **known))
    for kind, figure in (("base_fee", 980), ("use_price", 2700), ("export_price", 1600)):
        session.add(Term(kind=kind, figure=figure, **known))
    return site.id


def _keep(session: Session, site_ids: list[int]) -> None:
    wanted = [(site_id, quantity) for site_id in site_ids for quantity in A_DAY]
    channels = ensure_channels(session, wanted)
    begin, days = instant(date(2024, 1, 16)), 31 * MONTHS
    rows = [
        (channels[key], begin + day * DAY_S, int(Source.IMPORT), 100_000 + day * A_DAY[key[1]])
        for key in wanted
        for day in range(days)
    ]
    store_readings(session, rows, NOW)
