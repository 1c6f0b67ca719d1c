"""A held bill closed with estimated registers, on a person's word (domain.md 6.4)."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from shared import audit
from shared.energy.periods import ChannelFacts
from shared.energy.quantities import Quantity
from shared.errors import Refused
from shared.invoices.chaining import Act, happened
from shared.invoices.documents import get_invoice
from shared.invoices.drafting import HELD, Moment, with_pins
from shared.invoices.estimating import Gap, choose, find_gap, guesses
from shared.invoices.loading import find_earlier, find_homes
from shared.invoices.locking import lock_bills
from shared.invoices.recomputing import facts_by_period
from shared.invoices.running import Run, run_some
from shared.models import invoices
from shared.months import Period, day_of, month_of
from shared.settings import find_settings
from shared.units import take_down

BILLED = (Quantity.PV, Quantity.EXPORT)


@dataclass(frozen=True, slots=True)
class Estimated:
    """A register put where none is known."""

    channel: str
    wh: int
    energy_wh: int


def estimate_bill(session: Session, number: str, reason: str, act: Act) -> list[Estimated]:
    """Put estimated registers at the end of a held bill and compute it anew (grade C).

    Raises NotFound, and Refused where it is not held for an unknown closing register, or where
    neither last year nor the 30 days before are known.
    """
    lock_bills(session)
    row = get_invoice(session, number)
    if row.state != HELD:
        raise Refused(f"{number} is {row.state}: only a held bill can be estimated", "not_held")
    gaps = _find_gaps(session, row, act)
    if not gaps:
        raise Refused(f"{number}: no closing register is missing after a known one", "no_gap")
    found = {quantity: guesses(session, gap) for quantity, gap in gaps.items()}
    for quantity, guessed in found.items():
        if not guessed:
            raise Refused(
                f"{number}: no year and no 30 days of {quantity} to estimate from", "no_history"
            )
    made = []
    for quantity, energy in choose(found).items():
        gap = gaps[quantity]
        wh = take_down(gap.last.wh) + take_down(energy)
        session.add(
            invoices.Estimate(
                channel_id=gap.channel_id, day=gap.end, wh=wh, reason=reason,
                recorded_at=act.now, recorded_by=act.actor,
            )
        )  # fmt: skip
        made.append(Estimated(quantity.value, wh, take_down(energy)))
    session.flush()
    told = {"reason": reason, "registers": {one.channel: one.wh for one in made}}
    happened(session, row.id, "estimated", act, told)
    audit.record(session, act.now, act.actor, "bill.estimate", number, told)
    run = Run(month_of(row.month), act.as_of, act.now, act.actor, apply=True)
    run_some(session, [row.customer_id], run)
    return made


def _find_gaps(session: Session, row: invoices.Invoice, act: Act) -> dict[Quantity, Gap]:
    month, period = month_of(row.month), Period(row.period_start, row.period_end)
    homes = find_homes(session, [row.customer_id], period)
    moment = Moment(month, act.as_of, find_settings(session, on=day_of(act.as_of)))
    earlier = find_earlier(session, homes, month)
    facts = facts_by_period(session, homes, earlier, moment)[row.site_id]
    gaps = {}
    for quantity in BILLED:
        known = with_pins(
            facts.registers.get(quantity, ChannelFacts({})), quantity, earlier[row.customer_id]
        )
        channel_id = facts.site.channel_ids.get(quantity)
        gap = find_gap(period, channel_id, known) if channel_id is not None else None
        if gap is not None:
            gaps[quantity] = gap
    return gaps
