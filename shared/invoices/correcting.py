"""A day or an edge of a bill corrected by the register it means (decision 19)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from shared import audit
from shared.energy.quantities import Quantity
from shared.energy.readings import MeterEvent
from shared.errors import InputRefused, Refused
from shared.invoices.chaining import Act, happened
from shared.invoices.documents import get_invoice
from shared.invoices.drafting import ISSUED, VOID, Moment
from shared.invoices.locking import lock_bills
from shared.invoices.proposing import get_open, reexamine
from shared.invoices.running import Run, run_some
from shared.invoices.writing import find_stored
from shared.models import customers, invoices
from shared.months import Period, day_of, instant, month_of
from shared.settings import find_settings
from shared.telemetry.exporting import find_doubt
from shared.telemetry.facts import SiteFacts, find_facts
from shared.telemetry.storing import TypedRegister, record_register
from shared.units import take_down

FIGURES = ("pv_wh", "export_wh", "use_wh", "base_yen", "export_yen", "use_yen", "total_yen")


@dataclass(frozen=True, slots=True)
class Edge:
    """The register of a channel at a day's 00:00 JST, in Wh, as a person states it."""

    quantity: Quantity
    day: date
    wh: int


@dataclass(frozen=True, slots=True)
class Meant:
    """What a day's energy means as registers: where it opens, and where it would close."""

    edge: Edge
    opening_wh: int
    known_wh: int | None
    """The register that stands at the close of the day now."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a typed register made of a bill: its state and figures before and after."""

    state_before: str
    state: str
    old: dict[str, int | None]
    new: dict[str, int | None]
    doubt: str | None
    """Why the register is set aside for now, where it is."""
    is_proposed: bool


def register_of_day(session: Session, invoice_no: str, edge: Edge, as_of: int) -> Meant:
    """Return the register that closes a day of a bill so that it has `edge.wh` of energy.

    Raises NotFound, InputRefused for a day outside the bill, and Refused where the channel has no
    registers or the one that opens the day is not known.
    """
    row = get_invoice(session, invoice_no)
    if not row.period_start <= edge.day < row.period_end:
        raise InputRefused(f"{edge.day} is no day of {invoice_no}")
    period = Period(row.period_start, row.period_end)
    facts = find_facts(session, [row.site_id], period, as_of)[row.site_id]
    if edge.quantity in facts.days:
        raise Refused(f"{edge.quantity} of {invoice_no} has no registers", "day_values")
    known = facts.registers[edge.quantity].boundaries if edge.quantity in facts.registers else {}
    opening, after = known.get(edge.day), edge.day + timedelta(days=1)
    if opening is None:
        raise Refused(
            f"{invoice_no}: the register that opens {edge.day} is not known", "no_opening"
        )
    closing = known.get(after)
    if any(edge.day <= day_of(event.at) < after for event in _events(facts, edge.quantity)):
        raise Refused(f"{invoice_no}: a meter was replaced on {edge.day}", "meter_replaced")
    meant = replace(edge, day=after, wh=take_down(opening.wh) + edge.wh)
    return Meant(meant, opening.wh, None if closing is None else closing.wh)


def _events(facts: SiteFacts, quantity: Quantity) -> Sequence[MeterEvent]:
    return facts.registers[quantity].events if quantity in facts.registers else ()


def correct(session: Session, invoice_no: str, edge: Edge, reason: str, act: Act) -> Corrected:
    """Keep a register that a person states, and let the bill come out anew.

    A bill that is not issued is computed again; of an issued one the difference is proposed.
    Raises NotFound, InputRefused for a day outside the bill, and Refused for a void bill.
    """
    lock_bills(session)
    row = get_invoice(session, invoice_no)
    if row.state == VOID:
        raise Refused(f"{invoice_no} is void: nothing of it can be corrected", "is_void")
    if not row.period_start <= edge.day <= row.period_end:
        raise InputRefused(f"{edge.day} is no edge of a day of {invoice_no}")
    where = (row.site_id, edge.quantity)
    before, old = row.state, {name: getattr(row, name) for name in FIGURES}
    typed = TypedRegister(instant(edge.day), edge.wh, reason)
    record_register(session, where, typed, now=act.now, actor=act.actor)
    told = {"channel": edge.quantity.value, "day": edge.day.isoformat(), "wh": edge.wh}
    number = session.get_one(customers.Customer, row.customer_id).customer_no
    happened(session, row.id, "corrected", act, told | {"reason": reason})
    audit.record(
        session, act.now, act.actor, "register.set", f"{number} {edge.quantity}",
        told | {"reason": reason, "invoice_no": invoice_no},
    )  # fmt: skip
    doubt = find_doubt(session, where, typed.at)
    _come_out(session, row, act)
    session.refresh(row)
    proposal = get_open(session, row)
    new = {name: getattr(row, name) for name in FIGURES}
    if proposal is not None:
        new = {name: json.loads(proposal.new)[name] for name in FIGURES}
    return Corrected(before, row.state, old, new, doubt, proposal is not None)


def _come_out(session: Session, row: invoices.Invoice, act: Act) -> None:
    """Compute a bill anew, and the one after it where that has been begun."""
    month = month_of(row.month)
    if row.state == ISSUED:
        settings = find_settings(session, on=row.issued_on or day_of(act.as_of))
        reexamine(session, [row.customer_id], Moment(month, act.as_of, settings), act)
        return
    run = Run(month, act.as_of, act.now, act.actor, apply=True)
    run_some(session, [row.customer_id], run)
    after = find_stored(session, [row.customer_id], month.next()).get(row.customer_id)
    if after is not None and after.state != ISSUED:
        run_some(session, [row.customer_id], replace(run, month=month.next()))
