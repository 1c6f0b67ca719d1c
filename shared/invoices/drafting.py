"""One chunk of customers' bills of a month, computed and judged, not yet written."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from shared.billing.bill import Bill, bill
from shared.billing.checks import (
    WARNINGS,
    Finding,
    Reason,
    Surroundings,
    check,
    holds,
)
from shared.billing.explanation import explain
from shared.billing.terms import Schedule, TermRow, schedule
from shared.energy.boundaries import Boundary
from shared.energy.periods import ChannelDays, ChannelFacts, DayFacts, days, finished_days
from shared.energy.quantities import Quantity
from shared.invoices.taxing import tax_in, tax_told, written
from shared.months import DAY_S, Month, Period, day_of, instant
from shared.settings import Settings
from shared.telemetry.facts import SiteFacts

OPEN, HELD, CLOSED, ISSUED, VOID = "open", "held", "closed", "issued", "void"


@dataclass(frozen=True, slots=True)
class Home:
    """A customer at a site, as a bill needs them; `first_day` and `last_day` bound their stay."""

    customer_id: int
    customer_no: str
    name: str
    email: str
    site_id: int
    first_day: date | None
    last_day: date | None
    archived: bool
    terms: Sequence[TermRow] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """The live bill of the month before: its state, end, total, and when it was computed."""

    state: str
    period_end: date
    computed_at: int
    total_yen: int | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is stored of a customer's other bills: pins, the period before, and usual totals."""

    pins: Mapping[Quantity, Mapping[date, Boundary]] = field(default_factory=dict)
    previous: Before | None = None
    own_period: Period | None = None
    totals: Sequence[int] = ()
    last_year_total: int | None = None
    undecided: str = ""
    estimates_before: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """The month that is billed, the time it is billed as of, and the settings.

    With `known_at` only what was on record at that instant counts.
    """

    month: Month
    as_of: int
    settings: Settings
    known_at: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A bill as computed now: its state before anybody's word, and the digest of its inputs."""

    home: Home
    bill: Bill
    state: str
    findings: tuple[Finding, ...]
    tax_yen: int | None
    inputs: str
    snapshot: str

    @property
    def reasons(self) -> list[str]:
        """Return the reasons that hold the bill, or keep it open."""
        return [f.reason.value for f in self.findings if f.reason not in WARNINGS]


def period_of(moment: Moment, earlier: Earlier) -> Period:
    """Return the days a customer's bill covers (decision 26).

    A bill keeps the period it was first given, and a new one begins where the last ended, so that
    a changed closing day neither skips a day nor bills it twice.
    """
    if earlier.own_period is not None:
        return earlier.own_period
    period = moment.month.period(moment.settings.closing_day)
    if earlier.previous is not None and earlier.previous.period_end < period.end:
        return Period(earlier.previous.period_end, period.end)
    return period


def draft(home: Home, facts: SiteFacts, earlier: Earlier, moment: Moment) -> Draft | None:
    """Return a customer's bill of a month, or None where there is nothing to bill."""
    period = period_of(moment, earlier)
    span = Period(
        max(period.start, home.first_day or period.start),
        min(period.end, date.fromordinal(home.last_day.toordinal() + 1))
        if home.last_day
        else period.end,
    )
    if span.start >= span.end:
        return None
    terms = schedule(home.terms, span, moment.known_at)
    over = moment.as_of >= instant(span.end)
    channels = {q: _channel(q, span, facts, earlier) for q in (Quantity.PV, Quantity.EXPORT)}
    pv, export = channels[Quantity.PV], channels[Quantity.EXPORT]
    unknown = pv.total_wh is None or export.total_wh is None
    grace_s = moment.settings.grace_days * DAY_S
    waiting = over and unknown and moment.as_of < instant(span.end) + grace_s
    made = bill(terms, pv, export, period, running=not over or waiting)
    if made is None:
        return None
    if not over:
        today = day_of(moment.as_of)
        told = (day for day in made.days if day.day < today or day.use_wh is not None)
        made = replace(made, days=tuple(told))
    around = Surroundings(
        panel_w=facts.site.panel_w,
        certified=not facts.site.uncertified & {Quantity.PV, Quantity.EXPORT},
        email=home.email,
        earlier_totals=earlier.totals,
        last_year_total=earlier.last_year_total,
        large_change_yen=moment.settings.large_change_yen,
        undecided=earlier.undecided,
        other_meter=_other_meter(span, facts, earlier),
        estimates_before=earlier.estimates_before,
    )
    findings = _findings(made, around, is_open=not over or waiting, waiting=waiting)
    state = OPEN if not over or waiting else HELD if holds(findings) else CLOSED
    tax = tax_in(made.figures.total_yen, moment.settings)
    snapshot = _snapshot(made, facts, moment)
    return Draft(
        home=home,
        bill=made,
        state=state,
        findings=tuple(findings),
        tax_yen=tax,
        inputs=_digest(made, findings, tax, snapshot),
        snapshot=snapshot,
    )


def _channel(quantity: Quantity, span: Period, facts: SiteFacts, earlier: Earlier) -> ChannelDays:
    if quantity in facts.days or quantity in (facts.site.day_channels or {}):
        return finished_days(span, facts.days.get(quantity, DayFacts()))
    known = facts.registers.get(quantity, ChannelFacts({}))
    return days(span, with_pins(known, quantity, earlier))


def with_pins(known: ChannelFacts, quantity: Quantity, earlier: Earlier) -> ChannelFacts:
    """Return a channel as bills read it: pinned registers over those known (decision 16)."""
    return replace(known, pins=earlier.pins.get(quantity, {}))


def _other_meter(span: Period, facts: SiteFacts, earlier: Earlier) -> list[str]:
    """Return the channels whose opening is pinned to another meter than is known to be there."""
    found = []
    for quantity, pins in earlier.pins.items():
        pin = pins.get(span.start)
        known = facts.registers.get(quantity, ChannelFacts({})).boundaries.get(span.start)
        if pin is None or known is None or known.meter_at == instant(span.start):
            continue
        if pin.meter_at != known.meter_at:
            found.append(quantity.value)
    return found


def _findings(made: Bill, around: Surroundings, *, is_open: bool, waiting: bool) -> list[Finding]:
    """Return what was found; a bill that is open says only that it waits, and its warnings."""
    found = check(made, around)
    if not is_open:
        return found
    warnings = [finding for finding in found if finding.reason in WARNINGS]
    return [Finding(Reason.WAITING), *warnings] if waiting else warnings


def _snapshot(made: Bill, facts: SiteFacts, moment: Moment) -> str:
    return written(
        {
            "terms": terms_told(made.terms),
            "panel_w": facts.site.panel_w,
            "battery": facts.site.battery.value,
            **tax_told(moment.settings),
            "explanation": explain(made),
        }
    )


def terms_told(terms: Schedule) -> list[dict[str, object]]:
    """Return the terms of a bill as its snapshot keeps them."""
    return [
        {
            "from": start.isoformat(),
            "contract_start": t.start.isoformat() if t.start else None,
            "contract_end": t.end.isoformat() if t.end else None,
            "base_yen": t.base_yen,
            "use_sen": t.use_sen,
            "export_sen": t.export_sen,
        }
        for start, t in terms
    ]


def _digest(made: Bill, findings: Sequence[Finding], tax: int | None, snapshot: str) -> str:
    """Return the digest of all that a bill's figures and holds rest on (decision 22)."""
    figures = made.figures
    rests_on = [
        [figures.base_yen, figures.pv_wh, figures.export_wh, figures.total_yen, tax],
        [figures.use_yen, figures.export_yen, made.grade.value],
        [[d.day.isoformat(), d.pv_wh, d.export_wh, d.quality.value] for d in made.days],
        sorted(f"{f.reason.value} {f.detail}" for f in findings if f.reason not in WARNINGS),
        snapshot,
    ]
    return hashlib.sha256(json.dumps(rests_on, ensure_ascii=False).encode()).hexdigest()
