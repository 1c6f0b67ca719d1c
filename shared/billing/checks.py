"""What must be right before a bill goes out: one closed list of rules (decision 21)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from statistics import median_low

from shared.billing.bill import Bill, negative_stretches, opens_and_closes_alike
from shared.energy.boundaries import How
from shared.energy.readings import UNKNOWN_PANEL_W
from shared.units import kwh_text

SUN_HOURS = 9
"""The most kWh a kW of panels gives in a day (domain.md, issue gate)."""
USUAL_TIMES = 3
ESTIMATES_IN_A_ROW = 2
"""How many bills in a row may close a channel with an estimate (domain.md 6.4)."""


class Reason(StrEnum):
    """Why a bill is held, warned about, or still open."""

    CONTRACT_MISSING = "contract_missing"
    TERMS_MISSING = "terms_missing"
    NOT_CERTIFIED = "not_certified"
    BOUNDARY_UNKNOWN = "boundary_unknown"
    BOUNDARY_ESTIMATED = "boundary_estimated"
    COVERAGE_UNEQUAL = "coverage_unequal"
    READING_CONFLICT = "reading_conflict"
    REGISTER_BACK = "register_back"
    EXPORT_OVER_GENERATION = "export_over_generation"
    USE_NEGATIVE = "use_negative"
    OVER_CAPACITY = "over_capacity"
    CHANGE_LARGE = "change_large"
    CERTIFICATE_EXPIRED = "certificate_expired"
    OPENING_DIFFERS = "opening_differs"
    ESTIMATE_THIRD = "estimate_third"
    PROPOSAL_OPEN = "proposal_open"
    NO_EMAIL = "no_email"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    WAITING = "waiting"


WARNINGS = frozenset({Reason.NO_EMAIL, Reason.CERTIFICATE_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a bill is judged against: the site, the customer's earlier totals, the settings."""

    panel_w: int | None = None
    certified: bool = True
    email: str = ""
    earlier_totals: Sequence[int] = ()
    """Totals in yen of up to six months before, newest first."""
    last_year_total: int | None = None
    large_change_yen: int = 3000
    undecided: str = ""
    """The number of an earlier issued bill with a proposal that nobody has decided."""
    other_meter: Sequence[str] = ()
    """Channels whose pinned opening is of another meter than the one now known to be in place."""
    estimates_before: Mapping[str, int] = field(default_factory=dict)
    """How many bills in a row, up to the one before, closed with an estimate, by channel."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, with what it was found on, for people to read."""

    reason: Reason
    detail: str = ""


Rule = Callable[[Bill, Surroundings], str | None]
"""Return what was found, empty where the reason says it all, or None where all is well."""


def _contract_missing(made: Bill, _: Surroundings) -> str | None:
    return "" if any(terms.contract_missing for _, terms in made.terms) else None


def _terms_missing(made: Bill, _: Surroundings) -> str | None:
    missing = set()
    for n, (start, terms) in enumerate(made.terms):
        end = made.terms[n + 1][0] if n + 1 < len(made.terms) else made.span.end
        charged = any(terms.covers(day.day) for day in made.days if start <= day.day < end)
        if charged or terms.contract_missing:
            missing |= {"base fee"} if terms.base_yen is None else set()
            missing |= {"export price"} if terms.export_sen is None else set()
        if charged:
            missing |= {"use price"} if terms.use_sen is None else set()
    return ", ".join(sorted(missing)) or None


def _not_certified(_: Bill, around: Surroundings) -> str | None:
    return None if around.certified else ""


def _boundary_unknown(made: Bill, _: Surroundings) -> str | None:
    unknown = [
        name
        for name, channel in (("pv", made.pv), ("export", made.export))
        if channel.total_wh is None
    ]
    return ", ".join(unknown) or None


def _boundary_estimated(made: Bill, _: Surroundings) -> str | None:
    edges = [
        f"{name} {edge.day}"
        for name, channel in (("pv", made.pv), ("export", made.export))
        for edge in (channel.opening, channel.closing)
        if edge is not None and edge.how is How.INTERPOLATED
    ]
    if made.price_rests_on_estimate:
        edges.append("terms change inside a gap")
    return ", ".join(edges) or None


def _coverage_unequal(made: Bill, _: Surroundings) -> str | None:
    return None if opens_and_closes_alike(made) else ""


def _doubt(reason: Reason) -> Rule:
    """Return the rule that holds a bill when readings beside its boundaries were set aside."""

    def rule(made: Bill, _: Surroundings) -> str | None:
        channels = [
            name
            for name, channel in (("pv", made.pv), ("export", made.export))
            if reason.value in channel.doubts
        ]
        return ", ".join(channels) or None

    return rule


def _use_negative(made: Bill, _: Surroundings) -> str | None:
    if made.figures.use_wh is not None and made.figures.use_wh < 0:
        return f"month {kwh_text(made.figures.use_wh)} kWh"
    stretches = negative_stretches(made)
    return f"{stretches[0][0]} {kwh_text(stretches[0][1])} kWh" if stretches else None


def _over_capacity(made: Bill, around: Surroundings) -> str | None:
    panel_w = UNKNOWN_PANEL_W if around.panel_w is None else around.panel_w
    generated = made.figures.pv_wh
    if generated is not None and generated > panel_w * SUN_HOURS * len(made.span):
        return f"{kwh_text(generated)} kWh"
    return _doubt(Reason.OVER_CAPACITY)(made, around)


def _change_large(made: Bill, around: Surroundings) -> str | None:
    total = made.figures.total_yen
    usual = [median_low(around.earlier_totals)] if around.earlier_totals else []
    if around.last_year_total is not None:
        usual.append(around.last_year_total)
    for other in usual:
        if total is None or total - other <= around.large_change_yen:
            continue
        if total > USUAL_TIMES * other:
            return f"{total} yen, usually {other} yen"
    return None


def _certificates(made: Bill) -> list[date | None]:
    return [row.certified_until for channel in (made.pv, made.export) for row in channel.registers]


def _certificate_expired(made: Bill, _: Surroundings) -> str | None:
    """Hold after the last day of the certificate's month (domain.md 2.4)."""
    last = made.span.end.toordinal() - 1
    last_month = date.fromordinal(last).replace(day=1)
    expired = [until for until in _certificates(made) if until is not None and until < last_month]
    return min(expired).strftime("%Y-%m") if expired else None


def _opening_differs(_: Bill, around: Surroundings) -> str | None:
    return ", ".join(around.other_meter) or None


def _estimate_third(made: Bill, around: Surroundings) -> str | None:
    channels = [
        name
        for name, channel in (("pv", made.pv), ("export", made.export))
        if channel.closing is not None
        and channel.closing.how is How.ESTIMATED
        and around.estimates_before.get(name, 0) >= ESTIMATES_IN_A_ROW
    ]
    return ", ".join(channels) or None


def _proposal_open(_: Bill, around: Surroundings) -> str | None:
    return around.undecided or None


def _certificate_unknown(made: Bill, _: Surroundings) -> str | None:
    certificates = _certificates(made)
    return "" if not certificates or None in certificates else None


def _no_email(_: Bill, around: Surroundings) -> str | None:
    return None if around.email else ""


RULES: dict[Reason, Rule] = {
    Reason.CONTRACT_MISSING: _contract_missing,
    Reason.TERMS_MISSING: _terms_missing,
    Reason.NOT_CERTIFIED: _not_certified,
    Reason.BOUNDARY_UNKNOWN: _boundary_unknown,
    Reason.BOUNDARY_ESTIMATED: _boundary_estimated,
    Reason.COVERAGE_UNEQUAL: _coverage_unequal,
    Reason.READING_CONFLICT: _doubt(Reason.READING_CONFLICT),
    Reason.REGISTER_BACK: _doubt(Reason.REGISTER_BACK),
    Reason.EXPORT_OVER_GENERATION: _doubt(Reason.EXPORT_OVER_GENERATION),
    Reason.USE_NEGATIVE: _use_negative,
    Reason.OVER_CAPACITY: _over_capacity,
    Reason.CHANGE_LARGE: _change_large,
    Reason.CERTIFICATE_EXPIRED: _certificate_expired,
    Reason.OPENING_DIFFERS: _opening_differs,
    Reason.ESTIMATE_THIRD: _estimate_third,
    Reason.PROPOSAL_OPEN: _proposal_open,
    Reason.NO_EMAIL: _no_email,
    Reason.CERTIFICATE_UNKNOWN: _certificate_unknown,
}
"""Each reason with its rule; `waiting` alone is a matter of time."""


def check(made: Bill, around: Surroundings) -> list[Finding]:
    """Return every reason and warning that a bill gives, in the order of the list."""
    found = ((reason, rule(made, around)) for reason, rule in RULES.items())
    return [Finding(reason, detail) for reason, detail in found if detail is not None]


def holds(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that keep a bill from going out."""
    return [f for f in findings if f.reason not in WARNINGS and f.reason is not Reason.WAITING]
