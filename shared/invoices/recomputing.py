"""Issued bills computed again as if nothing were issued of them, and where they differ."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.energy.boundaries import How
from shared.energy.periods import Register
from shared.invoices.drafting import (
    ISSUED,
    Draft,
    Earlier,
    Home,
    Moment,
    draft,
    period_of,
    terms_told,
)
from shared.invoices.estimating import keep_estimates
from shared.invoices.loading import find_earlier, find_homes
from shared.models import invoices
from shared.months import Period
from shared.telemetry.facts import SiteFacts, find_facts
from shared.units import take_down

FIGURES = ("pv_wh", "export_wh", "use_wh", "base_yen", "export_yen", "use_yen", "total_yen")
Failed = Callable[[str, Exception], object]


@dataclass(frozen=True, slots=True)
class Said:
    """What a bill says: its figures, its first and last registers by channel, and its terms."""

    figures: Mapping[str, int | None]
    edges: Mapping[str, Mapping[str, Any] | None]
    terms: Sequence[Mapping[str, Any]]

    def printed(self) -> list[object]:
        """Return what two bills have to agree in: figures, and registers down to 10 Wh."""
        edges = {
            name: None if edge is None else take_down(edge["wh"])
            for name, edge in self.edges.items()
        }
        return [dict(self.figures), edges]

    def digest(self) -> str:
        """Return the digest of what is printed, to which a refusal is bound."""
        text = json.dumps(self.printed(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Recomputed:
    """An issued bill, what it says, and how it comes out today; `made` is None without an amount.

    `told` is what the draft says.
    """

    row: invoices.Invoice
    old: Said
    made: Draft | None
    told: Said | None

    @property
    def differs(self) -> bool:
        """Say whether there is anything to correct."""
        return self.told is not None and self.told.printed() != self.old.printed()

    def causes(self) -> list[dict[str, object]]:
        """Return what has changed underneath: registers before and after, and the terms."""
        if self.told is None:
            return []
        found: list[dict[str, object]] = []
        for name, before in self.old.edges.items():
            after = self.told.edges[name]
            if _wh(before) != _wh(after):
                channel, edge = name.split()
                found.append({"channel": channel, "edge": edge, "before": before, "after": after})
        if list(self.old.terms) != list(self.told.terms):
            found.append({"before": list(self.old.terms), "after": list(self.told.terms)})
        return found


def _wh(edge: Mapping[str, Any] | None) -> int | None:
    return None if edge is None else take_down(edge["wh"])


def raise_it(_: str, error: Exception) -> None:
    """Let an error through, where there is nobody to tell it to."""
    raise error


def recompute(
    session: Session, customer_ids: Collection[int], moment: Moment, failed: Failed = raise_it
) -> list[Recomputed]:
    """Return the issued bills of a month as they come out today (decision 16).

    Their own pins and those of the bill after them are left out; the opening that the bill before
    pins stays. A home whose bill cannot be computed is told to `failed`, or raises.
    """
    rows = find_issued(session, customer_ids, moment)
    if not rows:
        return []
    period = Period(
        min(row.period_start for row in rows.values()), max(r.period_end for r in rows.values())
    )
    homes = find_homes(session, list(rows), period)
    earlier = find_earlier(session, homes, moment.month)
    registers = _registers(session, [row.id for row in rows.values()])
    without = {
        home.customer_id: alone(rows[home.customer_id], earlier[home.customer_id]) for home in homes
    }
    facts = facts_by_period(session, homes, without, moment)
    estimated = {r.invoice_id for of_bill in registers.values() for r in of_bill if _guessed(r)}
    found = []
    for home in homes:
        row = rows[home.customer_id]
        old = _said_by_row(row, registers[row.id])
        if row.id in estimated:
            pins = keep_estimates(session, row, facts[home.site_id], without[home.customer_id].pins)
            without[home.customer_id] = replace(without[home.customer_id], pins=pins)
        try:
            made = draft(home, facts[home.site_id], without[home.customer_id], moment)
        except Exception as error:  # noqa: BLE001 - one home's failure never stops a run (N7)
            failed(home.customer_no, error)
            continue
        known = made is not None and made.bill.figures.total_yen is not None
        told = said_by(made) if made is not None and known else None
        found.append(Recomputed(row, old, made, told))
    return found


def find_issued(
    session: Session, customer_ids: Collection[int], moment: Moment
) -> dict[int, invoices.Invoice]:
    """Return the issued bill of a month by customer, where there is one."""
    invoice = invoices.Invoice
    rows = session.scalars(
        select(invoice).where(
            invoice.customer_id.in_(customer_ids),
            invoice.month == moment.month.first(),
            invoice.state == ISSUED,
        )
    )
    return {row.customer_id: row for row in rows}


def facts_by_period(
    session: Session, homes: Sequence[Home], earlier: Mapping[int, Earlier], moment: Moment
) -> dict[int, SiteFacts]:
    """Return each site's facts for the period its bill covers; nearly always it is one for all."""
    sites: dict[Period, set[int]] = defaultdict(set)
    for home in homes:
        sites[period_of(moment, earlier[home.customer_id])].add(home.site_id)
    found: dict[int, SiteFacts] = {}
    for period, site_ids in sites.items():
        found |= find_facts(session, site_ids, period, moment.as_of, moment.known_at)
    return found


def _registers(
    session: Session, invoice_ids: Collection[int]
) -> dict[int, list[invoices.InvoiceRegister]]:
    register = invoices.InvoiceRegister
    found: dict[int, list[invoices.InvoiceRegister]] = defaultdict(list)
    for row in session.scalars(
        select(register)
        .where(register.invoice_id.in_(invoice_ids))
        .order_by(register.quantity.desc(), register.seq)
    ):
        found[row.invoice_id].append(row)
    return found


def _guessed(register: invoices.InvoiceRegister) -> bool:
    return register.closing_how == How.ESTIMATED.value


def alone(row: invoices.Invoice, earlier: Earlier) -> Earlier:
    """Keep of all pins only those at the opening, which the bill before gives."""
    pins = {
        quantity: {day: pin for day, pin in of_channel.items() if day <= row.period_start}
        for quantity, of_channel in earlier.pins.items()
    }
    return replace(earlier, pins=pins)


def _said_by_row(row: invoices.Invoice, registers: Sequence[invoices.InvoiceRegister]) -> Said:
    return Said(
        {name: getattr(row, name) for name in FIGURES},
        {
            name: edge
            for quantity in ("pv", "export")
            for name, edge in _edges(quantity, [r for r in registers if r.quantity == quantity])
        },
        json.loads(row.snapshot)["terms"],
    )


def said_by(made: Draft) -> Said:
    """Return what a draft says."""
    return Said(
        {name: getattr(made.bill.figures, name) for name in FIGURES},
        {
            name: edge
            for quantity, channel in (("pv", made.bill.pv), ("export", made.bill.export))
            for name, edge in _edges(quantity, channel.registers)
        },
        terms_told(made.bill.terms),
    )


def _edges(
    quantity: str, registers: Sequence[invoices.InvoiceRegister | Register]
) -> list[tuple[str, dict[str, object] | None]]:
    if not registers:
        return [(f"{quantity} opening", None), (f"{quantity} closing", None)]
    first, last = registers[0], registers[-1]
    return [
        (f"{quantity} opening", _edge(first.opening_wh, first.opening_at, first.opening_how)),
        (f"{quantity} closing", _edge(last.closing_wh, last.closing_at, last.closing_how)),
    ]


def _edge(wh: int | None, at: int | None, how: str | None) -> dict[str, object] | None:
    return None if wh is None else {"wh": wh, "read_at": at, "how": str(how)}
