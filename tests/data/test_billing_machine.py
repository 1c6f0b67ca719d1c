"""A home's life in any order: whatever is done, every invariant holds after each step.

200 lives of 50 steps on SQLite and 20 on PostgreSQL, in parts that run side by side. Each part
has a seed of its own, so that a test finds today what it found yesterday; `PPA_MACHINE_SEED` takes
other lives, `PPA_MACHINE_EXAMPLES` and `PPA_MACHINE_STEPS` more and longer ones.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.db import make_engine
from shared.doors.renewing import rotate_code
from shared.energy.quantities import Quantity, Source
from shared.errors import Refused
from shared.invoices.closing import estimate_bill
from shared.invoices.issuing import Act, issue_month, release, void
from shared.invoices.proposing import refuse
from shared.invoices.rederiving import rederive
from shared.invoices.revising import revise
from shared.invoices.running import Run, run_month
from shared.models.customers import Customer, Occupancy
from shared.models.invoices import Invoice
from shared.months import DAY_S, Month, instant
from shared.telemetry.deriving import BEGINNING, mark_stale, refresh
from shared.telemetry.storing import (
    MeterChange,
    TypedRegister,
    ensure_channels,
    record_meter,
    record_register,
    store_readings,
)
from shared.verify import verify
from tests.data.homes import a_home, opener, terms

EXAMPLES = int(os.environ.get("PPA_MACHINE_EXAMPLES", "200"))
STEPS = int(os.environ.get("PPA_MACHINE_STEPS", "50"))
SEED = int(os.environ.get("PPA_MACHINE_SEED", "0"))
PARTS = range(10)
"""Of the lives on SQLite; those on PostgreSQL, a tenth of them, are as many as one part."""
KEY = "a secret for auth codes, in tests only"
FIRST = date(2024, 1, 16)
A_DAY = {Quantity.PV: 12_340, Quantity.EXPORT: 7_010}
MONTHS = [Month(2024, n) for n in range(1, 5)]

months = st.sampled_from(MONTHS)
ago = st.integers(0, 60)
hours = st.sampled_from([0, 0, 0, 9, 22])
quantities = st.sampled_from(list(A_DAY))
offsets = st.sampled_from([0, 0, 10, 1_500, -1_500])


class Home(RuleBasedStateMachine):
    """One home whose meters tell the truth, now and then late, twice, or wrongly."""

    fresh: Callable[[], Engine]

    def __init__(self) -> None:
        """Begin with the registers of the first midnight."""
        super().__init__()
        self.engine = type(self).fresh()
        self.day = FIRST
        self.swaps: list[tuple[int, Quantity, int]] = []
        self.untold: list[tuple[int, Quantity, int]] = []
        with self.begun() as session:
            self.customer = a_home(session)
            self.site = session.scalars(select(Occupancy.site_id)).one()
        self.keep(0, dict.fromkeys(A_DAY, 0), 0)

    def teardown(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def begun(self) -> Session:
        """Return a context that commits at its end."""
        return opener(self.engine)()  # type: ignore[return-value]

    @property
    def now(self) -> int:
        """Return the morning of the day that it is."""
        return instant(self.day) + 10 * 3600

    @property
    def act(self) -> Act:
        """Return who does what follows, now."""
        return Act("test", self.now, self.now)

    def energy(self, quantity: Quantity, at: int) -> int:
        """Return what a channel has counted since ever: a day's energy between 6 and 18 o'clock."""
        day, second = divmod(at - instant(FIRST), DAY_S)
        of_today = A_DAY[quantity] * min(max(second - 6 * 3600, 0), 12 * 3600) // (12 * 3600)
        return 100_000 + A_DAY[quantity] * day + of_today

    def register_at(self, quantity: Quantity, at: int) -> int:
        """Return what the meter in place shows; each new one begins with 0."""
        begun = [wh for t, q, wh in self.swaps if q is quantity and t <= at]
        return self.energy(quantity, at) - (begun[-1] if begun else 0)

    def keep(self, days_ago: int, offset: dict[Quantity, int], hour: int) -> None:
        """Keep readings of some channels as they came."""
        day = max(FIRST, self.day - timedelta(days=days_ago))
        at = instant(day) + (hour if day < self.day else 0) * 3600
        with self.begun() as session:
            ids = ensure_channels(session, [(self.site, quantity) for quantity in offset])
            rows = [
                (ids[self.site, q], at, int(Source.IMPORT), self.register_at(q, at) + wrong)
                for q, wrong in offset.items()
            ]
            store_readings(session, rows, self.now)

    def numbers(self, *states: str) -> list[str]:
        """Return the numbers of the bills in some states."""
        with Session(self.engine) as session:
            return list(
                session.scalars(
                    select(Invoice.invoice_no)
                    .where(Invoice.state.in_(states))
                    .order_by(Invoice.invoice_no)
                )
            )

    @rule(days=st.sampled_from([1, 7, 31, 31]), hour=hours)
    def time_passes_and_both_are_read(self, days: int, hour: int) -> None:
        self.day = min(self.day + timedelta(days=days), date(2024, 6, 20))
        self.keep(0 if hour == 0 else 1, dict.fromkeys(A_DAY, 0), hour)

    @rule(days=st.integers(1, 20))
    def time_passes_in_silence(self, days: int) -> None:
        self.day = min(self.day + timedelta(days=days), date(2024, 6, 20))

    @rule(days_ago=ago, hour=hours)
    def both_are_read_late(self, days_ago: int, hour: int) -> None:
        self.keep(days_ago, dict.fromkeys(A_DAY, 0), hour)

    @rule(days_ago=ago, hour=hours, quantity=quantities, wrong=offsets)
    def one_is_read_late_perhaps_wrongly(
        self, days_ago: int, hour: int, quantity: Quantity, wrong: int
    ) -> None:
        self.keep(days_ago, {quantity: wrong}, hour)

    @rule(days_ago=ago, quantity=quantities, wrong=offsets)
    def a_register_is_typed(self, days_ago: int, quantity: Quantity, wrong: int) -> None:
        at = instant(max(FIRST, self.day - timedelta(days=days_ago)))
        typed = TypedRegister(at, self.register_at(quantity, at) + wrong, "現地検針")
        with self.begun() as session:
            record_register(session, (self.site, quantity), typed, now=self.now, actor="test")

    @rule(quantity=quantities, hour=hours)
    def a_meter_is_replaced(self, quantity: Quantity, hour: int) -> None:
        at = instant(self.day - timedelta(days=1)) + hour * 3600
        if at > max([instant(FIRST)] + [t for t, q, _ in self.swaps if q is quantity]):
            self.untold.append((at, quantity, self.register_at(quantity, at)))
            self.swaps.append((at, quantity, self.energy(quantity, at)))

    @rule()
    def the_replacement_is_recorded(self) -> None:
        for at, quantity, removed in self.untold:
            change = MeterChange(at, f"B{at}", 0, removed)
            with self.begun() as session:
                record_meter(session, (self.site, quantity), change, now=self.now, actor="test")
        self.untold.clear()

    @rule(day=st.integers(0, 120), kind=st.sampled_from(["use_price", "base_fee"]))
    def a_price_changes(self, day: int, kind: str) -> None:
        with self.begun() as session:
            since, figure = FIRST + timedelta(days=day), 100 * (day % 7) + 1000
            if kind == "use_price":
                terms(session, self.customer, since, use_price=figure)
            else:
                terms(session, self.customer, since, base_fee=figure)
            rederive(session, [self.customer], since, self.act)

    @rule(day=st.integers(10, 120))
    def the_contract_ends(self, day: int) -> None:
        with self.begun() as session:
            span = (date(2023, 12, 16), FIRST + timedelta(days=day))
            terms(session, self.customer, FIRST, contract=span)

    @rule(month=months)
    def a_month_is_run(self, month: Month) -> None:
        with suppress(Refused):
            report = run_month(
                opener(self.engine), Run(month, self.now, self.now, "test", apply=True)
            )
            assert report.failed == []

    @rule(month=months)
    def a_month_is_run_and_issued(self, month: Month) -> None:
        self.a_month_is_run(month)
        with self.begun() as session:
            issue_month(session, month, self.act, apply=True)

    @rule()
    def every_month_is_run_released_and_issued(self) -> None:
        for month in MONTHS:
            self.a_month_is_run(month)
            self.something_is_released()
            with self.begun() as session:
                issue_month(session, month, self.act, apply=True)

    @rule()
    def something_is_released(self) -> None:
        for number in self.numbers("held"):
            with suppress(Refused), self.begun() as session:
                release(session, number, "確認", self.act)

    @rule(which=st.integers(0, 3))
    def a_bill_is_made_void(self, which: int) -> None:
        for number in self.numbers("issued")[which : which + 1]:
            with self.begun() as session:
                void(session, number, "誤発行", self.act)

    @rule(which=st.integers(0, 3))
    def a_bill_is_revised(self, which: int) -> None:
        for number in self.numbers("issued")[which : which + 1]:
            with suppress(Refused), self.begun() as session:
                refresh(session)
                revise(session, number, "訂正", self.act, apply=True)

    @rule()
    def what_is_missing_is_estimated(self) -> None:
        for number in self.numbers("held"):
            with suppress(Refused), self.begun() as session:
                refresh(session)
                estimate_bill(session, number, "通信断", self.act)

    @rule(which=st.integers(0, 3))
    def a_proposal_is_refused(self, which: int) -> None:
        for number in self.numbers("issued")[which : which + 1]:
            with suppress(Refused), self.begun() as session:
                refuse(session, number, "据え置き", self.act)

    @rule()
    def the_code_is_renewed(self) -> None:
        with self.begun() as session:
            number = session.get_one(Customer, self.customer).customer_no
            rotate_code(session, KEY, number, self.now, "test")

    @rule()
    def the_customer_is_archived_or_comes_back(self) -> None:
        with self.begun() as session:
            customer = session.get_one(Customer, self.customer)
            customer.archived_at = None if customer.archived_at else self.now

    @rule()
    def the_program_starts_again_and_derives_everything_anew(self) -> None:
        url = self.engine.url
        self.engine.dispose()
        self.engine = make_engine(url.render_as_string(hide_password=False))
        with self.begun() as session:
            mark_stale(session, {self.site: BEGINNING})

    @invariant()
    def everything_adds_up(self) -> None:
        with self.begun() as session:
            refresh(session)
            assert verify(session) == []


def live(fresh: Callable[[], Engine], part: int, examples: int) -> None:
    """Live as many lives as asked, each in a database of its own; the part is their seed."""
    asked = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a life is told as it was lived; shrinking it takes minutes
        suppress_health_check=list(HealthCheck),
    )
    homes = type("OneHome", (Home,), {"fresh": staticmethod(fresh)})
    run_state_machine_as_test(seed(SEED * len(PARTS) + part)(homes), settings=asked)


@pytest.mark.parametrize("part", PARTS)
def test_any_life_of_a_home_keeps_every_invariant(
    part: int, sqlite_template: Path, tmp_path: Path
) -> None:
    numbers = count()

    def fresh() -> Engine:
        path = tmp_path / f"{next(numbers)}.sqlite3"
        shutil.copyfile(sqlite_template, path)
        return make_engine(f"sqlite:///{path}")

    live(fresh, part, EXAMPLES // len(PARTS))


@pytest.mark.parametrize("part", range(2))
def test_any_life_of_a_home_keeps_every_invariant_on_postgresql(
    part: int, a_postgresql_url: Callable[[], str]
) -> None:
    live(lambda: make_engine(a_postgresql_url()), part, EXAMPLES // len(PARTS) // 2)
