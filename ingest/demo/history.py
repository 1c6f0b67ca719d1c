"""A year behind the homes of the demo: customers, registers, and bills that were issued."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ingest.demo.homes import (
    GENERATION_SERIAL,
    GRID_SERIAL,
    DemoHome,
    due_months,
    instants,
)
from shared.customers.entries import parse_entry
from shared.customers.planning import plan_changes
from shared.customers.registering import Registrar, apply_changes
from shared.energy.quantities import Quantity, Source
from shared.invoices.issuing import Act, issue_month, release
from shared.invoices.running import Run, run_month
from shared.models.invoices import Invoice
from shared.models.telemetry import Channel
from shared.months import DAY_S, Month, Period, day_of, instant
from shared.settings import FROM_THE_BEGINNING, find_settings, set_setting
from shared.telemetry.intervals import (
    HOURS,
    DayRow,
    IntervalRow,
    store_day_values,
    store_intervals,
)
from shared.telemetry.storing import (
    MeterChange,
    ensure_channels,
    get_site,
    record_meter,
    store_readings,
)

OpenSession = Callable[[], AbstractContextManager[Session]]
ACTOR = "demo"
PREFIX = "11"
OPERATOR = {
    "operator_name": "例エネルギー株式会社",
    "operator_postal_code": "100-0000",
    "operator_address": "東京都千代田区例町1-2-3",
    "operator_tel": "03-0000-0000",
    "operator_email": "support@example.jp",
    "operator_hours": "平日 9:00〜17:00",
    "t_number": "T7123456789012",
    "due_day": "27",
    "payment_text": "口座振替",
    "grid_price_sen": "3100",
    "grid_price_source": "電気料金の目安単価(例)",
    "co2_g_per_kwh": "423",
    "co2_source": "2023年度の排出係数(例)",
}
CERTIFIED_YEARS = 9
GRID = (Quantity.EXPORT, Quantity.IMPORT)
HOUR_S = 3600


def register_operator(session: Session, now: int) -> int:
    """Set the operator's settings; return the closing day."""
    for key, text in OPERATOR.items():
        set_setting(session, key, text, valid_from=FROM_THE_BEGINNING, now=now, actor=ACTOR)
    return find_settings(session).closing_day


def register_homes(session: Session, homes: Sequence[DemoHome], code_key: str) -> None:
    """Register each customer on the first day of the contract, with code, terms and meters."""
    for home in homes:
        then = instant(home.contract_from) + 10 * 3600
        changes = plan_changes(session, [parse_entry(_cells(home), PREFIX)], then)
        apply_changes(session, changes, Registrar(lambda: code_key, then, ACTOR))
        site_id = get_site(session, home.customer_no)
        for where, change in _meters(home, site_id):
            record_meter(session, where, change, now=then, actor=ACTOR)


def _cells(home: DemoHome) -> dict[str, str]:
    begins, blank = home.contract_from, home.story.blank_contract
    ends = begins.replace(year=begins.year + 10) - timedelta(days=1)
    return {
        "customer_no": home.customer_no,
        "serial": GENERATION_SERIAL.format(home.number),
        "name": f"顧客{home.number:04d}",
        "kana": f"コキヤク{home.number:04d}",
        "contract_from": "" if blank else begins.isoformat(),
        "contract_to": "" if blank else ends.isoformat(),
        "base_fee": str(home.story.base_yen),
        "export_price": "16.00",
        "use_price": "27.00",
        "email": f"{home.customer_no}@example.jp",
        "panel_kw": f"{home.story.panel_w / 1000:.2f}",
    }


def _meters(home: DemoHome, site_id: int) -> list[tuple[tuple[int, Quantity], MeterChange]]:
    """Return the meters as they were put in, and the replacement where there was one."""
    begins = instant(home.contract_from)
    start = home.house.registers(begins)
    until = home.contract_from.replace(year=home.contract_from.year + CERTIFIED_YEARS, day=1)
    of_aiseg = home.story.sells_through_aiseg
    found = [
        ((site_id, quantity), MeterChange(begins, serial, start.of(quantity), None, 6, until))
        for quantity, serial in (
            (Quantity.PV, GENERATION_SERIAL.format(home.number)),
            (Quantity.EXPORT, GRID_SERIAL.format(home.number)),
        )
        if quantity is Quantity.PV or not of_aiseg
    ]
    swap = home.house.swap_at
    if swap is not None:
        serial = GENERATION_SERIAL.format(home.number + 5000)
        change = MeterChange(swap, serial, 200, home.house.removed_wh, 6, until)
        found.append(((site_id, Quantity.PV), change))
    return found


def keep_registers(session: Session, home: DemoHome, now: int, closing_day: int) -> int:
    """Keep a home's half-hourly registers up to now, and an AiSEG2's days; return how many."""
    site_id = get_site(session, home.customer_no)
    quantities = (Quantity.PV, *GRID)
    channels = ensure_channels(session, [(site_id, quantity) for quantity in quantities])
    read: tuple[Quantity, ...] = quantities
    kept = 0
    if home.story.sells_through_aiseg:
        read = (Quantity.PV,)
        kept = _keep_days(session, home, {q: channels[site_id, q] for q in GRID}, now)
    source = int(Source.IMPORT)
    rows = []
    for at in instants(home, now, closing_day):
        shown = home.house.registers(at)
        rows += [(channels[site_id, q], at, source, shown.of(q)) for q in read]
    return kept + store_readings(session, rows, now)


def _keep_days(session: Session, home: DemoHome, channels: Mapping[Quantity, int], now: int) -> int:
    """Keep the finished days of an AiSEG2 and their hours; return how many days."""
    session.execute(
        update(Channel)
        .where(Channel.id.in_(channels.values()))
        .values(kind="days", metrology="special")
    )
    source, days = int(Source.BACKFILL), Period(home.contract_from, day_of(now)).days()
    hours: list[IntervalRow] = []
    finished: list[DayRow] = []
    for day in days:
        edges = [instant(day) + HOUR_S * n for n in range(HOURS + 1)]
        for quantity, channel_id in channels.items():
            shown = [home.house.registers(at).of(quantity) for at in edges]
            hours += [
                IntervalRow(channel_id, at, 60, end - begin, source)
                for at, (begin, end) in zip(edges, pairwise(shown), strict=False)
            ]
            finished.append(DayRow(channel_id, day, source, shown[-1] - shown[0], HOURS))
    store_intervals(session, hours, now)
    return store_day_values(session, finished, now)


def bill_the_past(
    open_session: OpenSession,
    homes: Sequence[DemoHome],
    now: int,
    tell: Callable[[int, int], object] = lambda _done, _total: None,
) -> None:
    """Run every month up to the one that runs, and issue all but what the last one holds."""
    with open_session() as session:
        closing_day = find_settings(session).closing_day
    months = due_months(homes, now, closing_day)
    for done, month in enumerate(months, 1):
        as_of = min(now, instant(month.period(closing_day).end) + DAY_S + 9 * 3600)
        run_month(open_session, Run(month, as_of, as_of, ACTOR, apply=True))
        if month != months[-1]:
            with open_session() as session:
                _issue(session, month, as_of, is_last=month == months[-2])
        tell(done, len(months))


def _issue(session: Session, month: Month, as_of: int, *, is_last: bool) -> None:
    """Issue a month; what was held is released long ago, but for the month just closed."""
    act = Act(ACTOR, as_of, as_of)
    held = session.scalars(
        select(Invoice.invoice_no).where(
            Invoice.month == month.first(),
            Invoice.state == "held",
            Invoice.total_yen.is_not(None),
        )
    ).all()
    if not is_last:
        for number in held:
            release(session, number, "契約書を確認しました", act)
    issue_month(session, month, act, apply=True)
