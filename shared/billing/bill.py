"""Terms and days to a bill: the one function that computes amounts (domain.md D3, D4)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from shared.billing.terms import DayTerms, Schedule
from shared.energy.boundaries import How, midnight_of
from shared.energy.periods import (
    ChannelDays,
    DayQuality,
    is_measured,
    worst,
)
from shared.months import Period, day_of
from shared.units import yen

NEGATIVE_DAY_WH = -200


class Grade(StrEnum):
    """How far a bill rests on measured registers (decision 10)."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class BillDay:
    """One day: energy in Wh and amounts in 1/100,000 yen, None where not known."""

    day: date
    pv_wh: int | None
    export_wh: int | None
    use_wh: int | None
    export_fine: int | None
    use_fine: int | None
    quality: DayQuality


@dataclass(frozen=True, slots=True)
class Figures:
    """The seven figures of a bill; None where a register or a term is not known, never 0."""

    base_yen: int | None
    pv_wh: int | None
    export_wh: int | None
    use_wh: int | None
    export_yen: int | None
    use_yen: int | None
    total_yen: int | None


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill of a span of days, with all that it was computed from."""

    period: Period
    span: Period
    figures: Figures
    grade: Grade
    days: tuple[BillDay, ...]
    terms: Schedule
    pv: ChannelDays
    export: ChannelDays
    covered_days: int
    price_rests_on_estimate: bool


def bill(
    terms: Schedule, pv: ChannelDays, export: ChannelDays, period: Period, *, running: bool = False
) -> Bill | None:
    """Return the bill of the days that two channels tell, or None where the contract has none.

    The span (the customer's own days of the period) is that of the channels. While the period is
    running, totals go as far as days are known; afterwards they need both boundaries. Base fee in
    full, the use charge for covered days, the export amount for all days; every amount is rounded
    half-up once (decisions 12-14).
    """
    priced = [_terms_of(terms, day) for day in pv.span.days()]
    covered = [t.covers(day) for t, day in zip(priced, pv.span.days(), strict=True)]
    blank = any(t.contract_missing for t in priced)
    if not any(covered) and not blank:
        return None
    days = _days(priced, covered, pv, export)
    base = next(
        (t.base_yen for t, held in zip(priced, covered, strict=True) if held), priced[0].base_yen
    )
    figures = _figures(base, days, (pv, export), covered, running=running)
    return Bill(
        period=period,
        span=pv.span,
        figures=figures,
        grade=_grade(pv, export, running=running),
        days=days,
        terms=terms,
        pv=pv,
        export=export,
        covered_days=sum(covered),
        price_rests_on_estimate=_splits_a_gap(covered, priced, (pv, export)),
    )


def _terms_of(terms: Schedule, day: date) -> DayTerms:
    return terms[bisect_right(terms, day, key=lambda stretch: stretch[0]) - 1][1]


def _days(
    priced: Sequence[DayTerms], covered: Sequence[bool], pv: ChannelDays, export: ChannelDays
) -> tuple[BillDay, ...]:
    rows = []
    for n, day in enumerate(pv.span.days()):
        generated, sold = pv.day_wh[n], export.day_wh[n]
        used = None if generated is None or sold is None else generated - sold
        rows.append(
            BillDay(
                day=day,
                pv_wh=generated,
                export_wh=sold,
                use_wh=used,
                export_fine=_times(sold, priced[n].export_sen),
                use_fine=_times(used, priced[n].use_sen) if covered[n] else _nothing(used),
                quality=worst(pv.qualities[n], export.qualities[n]),
            )
        )
    return tuple(rows)


def _times(wh: int | None, sen: int | None) -> int | None:
    return None if wh is None or sen is None else wh * sen


def _nothing(wh: int | None) -> int | None:
    return None if wh is None else 0


def _figures(
    base: int | None,
    days: Sequence[BillDay],
    channels: tuple[ChannelDays, ChannelDays],
    covered: Sequence[bool],
    *,
    running: bool,
) -> Figures:
    pv, export = channels
    pv_wh, export_wh = pv.total_wh, export.total_wh
    counted = list(days)
    if running and (pv_wh is None or export_wh is None):
        counted = _known_so_far(days)
        pv_wh = sum(day.pv_wh or 0 for day in counted)
        export_wh = sum(day.export_wh or 0 for day in counted)
    use_wh = None if pv_wh is None or export_wh is None else pv_wh - export_wh
    export_yen = _sum_yen(day.export_fine for day in counted)
    charged = [day.use_fine for day, held in zip(counted, covered, strict=False) if held]
    use_yen = _sum_yen(charged) if use_wh is not None or not charged else None
    use_yen = None if use_yen is None else max(0, use_yen)
    total = None if base is None or use_yen is None else base + use_yen
    return Figures(base, pv_wh, export_wh, use_wh, export_yen, use_yen, total)


def _known_so_far(days: Sequence[BillDay]) -> list[BillDay]:
    known = []
    for day in days:
        if day.use_wh is None:
            break
        known.append(day)
    return known


def _sum_yen(amounts: Iterable[int | None]) -> int | None:
    total = 0
    for fine in amounts:
        if fine is None:
            return None
        total += fine
    return yen(total)


def _grade(pv: ChannelDays, export: ChannelDays, *, running: bool) -> Grade:
    """Return the grade; what is not known yet is no estimate, what stays unknown is no A."""
    if not all(_is_sure(channel) for channel in (pv, export)):
        return Grade.C
    if not running and (pv.total_wh is None or export.total_wh is None):
        return Grade.C
    inside = {quality for channel in (pv, export) for quality in channel.qualities}
    if inside & {DayQuality.ALLOCATED, DayQuality.ESTIMATED}:
        return Grade.B
    return Grade.A


def _is_sure(channel: ChannelDays) -> bool:
    """Say whether nothing that bills is estimated; what is not known yet is no estimate."""
    return all(edge is None or is_measured(edge) for edge in (channel.opening, channel.closing))


def _splits_a_gap(
    covered: Sequence[bool], priced: Sequence[DayTerms], channels: Sequence[ChannelDays]
) -> bool:
    """Say whether a price or the contract changes at a midnight that lies in a gap."""
    terms = [(held, t.use_sen, t.export_sen) for held, t in zip(covered, priced, strict=True)]
    days = list(channels[0].span.days())
    changes = {days[n] for n in range(1, len(days)) if terms[n - 1] != terms[n]}
    return any(changes & channel.shared_out for channel in channels)


def taxed(total_yen: int | None, rate: int, rounding: str) -> int | None:
    """Return the consumption tax inside a total at a whole percent (decision 23, domain.md D11).

    `rounding` is floor, half_up or ceil, applied this once for the invoice.
    """
    if total_yen is None:
        return None
    numerator, denominator = total_yen * rate, 100 + rate
    if rounding == "half_up":
        return (2 * numerator + denominator) // (2 * denominator)
    return -(-numerator // denominator) if rounding == "ceil" else numerator // denominator


def negative_stretches(made: Bill) -> list[tuple[date, int]]:
    """Return (first day, Wh) of stretches whose use is below -200 Wh (decision 15).

    A stretch is a day, or the days of a gap together: only their sum was measured.
    """
    shared_out = made.pv.shared_out | made.export.shared_out
    stretches: list[tuple[date, int]] = []
    for day in made.days:
        if day.use_wh is None:
            continue
        if stretches and day.day in shared_out:
            stretches[-1] = (stretches[-1][0], stretches[-1][1] + day.use_wh)
        else:
            stretches.append((day.day, day.use_wh))
    return [stretch for stretch in stretches if stretch[1] < NEGATIVE_DAY_WH]


def opens_and_closes_alike(made: Bill) -> bool:
    """Say whether both registers of a bill open and close at the same boundary (decision 21)."""
    pairs = (
        (made.pv.opening, made.export.opening),
        (made.pv.closing, made.export.closing),
    )
    for one, other in pairs:
        if one is None or other is None:
            continue
        firsts = (one.how is How.FIRST, other.how is How.FIRST)
        if any(firsts) and (not all(firsts) or one.read_at != other.read_at):
            return False
    return _begin_alike(made.pv, made.export)


def _begin_alike(one: ChannelDays, other: ChannelDays) -> bool:
    """Say whether a channel of finished days begins where the one beside it does.

    Its first day begins at midnight and goes with a first register of that night alone. Days that
    began earlier go with a first register only where they counted nothing until then.
    """
    if one.of_registers == other.of_registers:
        return one.begun == other.begun
    registers, days = (one, other) if one.of_registers else (other, one)
    opening = registers.opening
    if opening is None or opening.how is not How.FIRST:
        return days.begun is None
    midnight = midnight_of(opening.read_at)
    if days.begun is not None:
        return days.begun == midnight
    until = midnight or day_of(opening.read_at) + timedelta(days=1)
    return not any(wh for day, wh in zip(days.span.days(), days.day_wh, strict=True) if day < until)
