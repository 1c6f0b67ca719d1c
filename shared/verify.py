"""The invariants of the whole history, recomputed from what is stored (security.md 3.1)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.db import in_chunks
from shared.documents.keeping import find_broken
from shared.energy.boundaries import How, boundaries
from shared.energy.ledger import judge
from shared.invoices.chaining import find_breaks
from shared.invoices.drafting import ISSUED, OPEN
from shared.mail.checking import find_mail_breaks
from shared.models import customers, invoices, telemetry
from shared.months import invoice_no, month_of
from shared.telemetry.deriving import boundary_row
from shared.telemetry.loading import find_readings, find_site_channels
from shared.units import take_down, yen

CHUNK = 500
SITES = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold, for what, and how it shows."""

    invariant: str
    subject: str
    detail: str


Part = TypeVar("Part", invoices.InvoiceDay, invoices.InvoiceRegister)
Progress = Callable[[int, int], object]


def verify(session: Session, progress: Progress = lambda _done, _total: None) -> list[Finding]:
    """Return every invariant that is broken, none where all is well."""
    invoice_ids = session.scalars(select(invoices.Invoice.id).order_by(invoices.Invoice.id)).all()
    site_ids = session.scalars(select(customers.Site.id).order_by(customers.Site.id)).all()
    total, done = len(invoice_ids) + len(site_ids), 0
    findings = [*_runs(session), *(Finding(*found) for found in find_breaks(session))]
    findings += [Finding("I6", *broken) for broken in find_broken(session)]
    findings += [Finding(*found) for found in find_mail_breaks(session)]
    for chunk in in_chunks(invoice_ids, CHUNK):
        findings += _bills(session, chunk)
        done += len(chunk)
        progress(done, total)
    for sites in in_chunks(site_ids, SITES):
        findings += _boundaries(session, sites)
        done += len(sites)
        progress(done, total)
    return findings


def _runs(session: Session) -> Iterator[Finding]:
    """I1: bills exist only in months for which a run was applied."""
    run, invoice = invoices.BillRun, invoices.Invoice
    due = set(session.scalars(select(run.month).distinct()))
    months = session.execute(select(invoice.month, func.count()).group_by(invoice.month))
    for month, count in months:
        if month not in due:
            yield Finding("I1", str(month_of(month)), f"{count} bills and no run of the month")


def _bills(session: Session, invoice_ids: Sequence[int]) -> Iterator[Finding]:
    invoice, customer = invoices.Invoice, customers.Customer
    rows = session.execute(
        select(invoice, customer.customer_no)
        .join(customer, customer.id == invoice.customer_id)
        .where(invoice.id.in_(invoice_ids))
    ).all()
    days = _by_invoice(
        session.scalars(
            select(invoices.InvoiceDay).where(invoices.InvoiceDay.invoice_id.in_(invoice_ids))
        )
    )
    registers = _by_invoice(
        session.scalars(
            select(invoices.InvoiceRegister)
            .where(invoices.InvoiceRegister.invoice_id.in_(invoice_ids))
            .order_by(invoices.InvoiceRegister.seq)
        )
    )
    for row, customer_no in rows:
        yield from _number(row, customer_no)
        yield from _sums(row, days[row.id])
        yield from _registers(row, registers[row.id])
        yield from _opening(session, row, registers[row.id])
    session.expunge_all()


def _by_invoice(parts: Iterable[Part]) -> dict[int, list[Part]]:
    found: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        found[part.invoice_id].append(part)
    return found


def _number(row: invoices.Invoice, customer_no: str) -> Iterator[Finding]:
    """I2: a bill's number is its month, its customer and its revision."""
    expected = invoice_no(month_of(row.month), customer_no, row.revision)
    if row.invoice_no != expected:
        yield Finding("I2", row.invoice_no, f"the number should be {expected}")


def _sums(row: invoices.Invoice, days: Sequence[invoices.InvoiceDay]) -> Iterator[Finding]:
    """I3 and I4: days add up to the bill, and use is generation less export on each."""
    known = [day for day in days if day.use_wh is not None]
    for day in known:
        if day.use_wh != (day.pv_wh or 0) - (day.export_wh or 0):
            yield Finding("I4", row.invoice_no, f"{day.day}: use is not generation - export")
    if row.use_wh is None:
        return
    for name in ("pv_wh", "export_wh", "use_wh"):
        total = sum(getattr(day, name) for day in known)
        if total != getattr(row, name):
            yield Finding("I3", row.invoice_no, f"{name}: days {total}, bill {getattr(row, name)}")
    for name, fines in (("use_yen", "use_fine"), ("export_yen", "export_fine")):
        stored, told = getattr(row, name), [getattr(day, fines) for day in known]
        if stored is not None and None not in told and max(0, yen(sum(told))) != stored:
            yield Finding("I3", row.invoice_no, f"{name}: days {yen(sum(told))}, bill {stored}")
    parts = (row.base_yen or 0) + (row.use_yen or 0)
    if row.total_yen is not None and row.total_yen != parts:
        yield Finding("I3", row.invoice_no, "total is not base fee + use charge")


def _registers(
    row: invoices.Invoice, registers: Sequence[invoices.InvoiceRegister]
) -> Iterator[Finding]:
    """I5: registers tell the energy of their channel, one meter's difference unless it wrapped.

    An open bill goes as far as both channels are known, its registers each as far as they are.
    """
    if row.state == OPEN:
        return
    for name, total in (("pv", row.pv_wh), ("export", row.export_wh)):
        rows = [register for register in registers if register.quantity == name]
        energies = [r.energy_wh for r in rows if r.energy_wh is not None]
        if total is None or len(energies) < len(rows) or not rows:
            continue
        if sum(energies) != total:
            yield Finding(
                "I5", row.invoice_no, f"{name}: registers tell {sum(energies)} Wh, bill {total}"
            )
        for register in rows:
            if register.opening_wh is None or register.closing_wh is None:
                continue
            step = take_down(register.closing_wh) - take_down(register.opening_wh)
            if step >= 0 and step != register.energy_wh:
                yield Finding(
                    "I5", row.invoice_no, f"{name}: {step} Wh on meter {register.serial!r}"
                )


def _opening(
    session: Session, row: invoices.Invoice, registers: Sequence[invoices.InvoiceRegister]
) -> Iterator[Finding]:
    """N3: an issued bill opens with the registers that the issued bill before it closed with.

    While the proposal that a revision before it made is open, it is known not to (decision 16).
    """
    if row.state != ISSUED:
        return
    invoice, register = invoices.Invoice, invoices.InvoiceRegister
    before = session.execute(
        select(register)
        .join(invoice, invoice.id == register.invoice_id)
        .where(
            invoice.customer_id == row.customer_id,
            invoice.period_end == row.period_start,
            invoice.state == ISSUED,
        )
        .order_by(register.seq)
    ).scalars()
    closings = {r.quantity: r for r in before}
    openings = {r.quantity: r for r in reversed(registers)}
    for name, opening in openings.items():
        closing = closings.get(name)
        if closing is None or closing.meter_at != opening.meter_at:
            continue
        if opening.opening_how == How.FIRST or opening.opening_wh == closing.closing_wh:
            continue
        if not _is_undecided(session, row.id):
            yield Finding(
                "I5",
                row.invoice_no,
                f"{name}: opens {opening.opening_wh}, last closed {closing.closing_wh}",
            )


def _is_undecided(session: Session, invoice_id: int) -> bool:
    proposal = invoices.Proposal
    wanted = select(proposal.id).where(proposal.invoice_id == invoice_id, proposal.state == "open")
    return session.scalar(wanted) is not None


def _boundaries(session: Session, site_ids: Sequence[int]) -> Iterator[Finding]:
    """I5: stored boundaries are those that all stored readings give, where nothing is stale."""
    stale = set(
        session.scalars(
            select(telemetry.StaleSite.site_id).where(telemetry.StaleSite.site_id.in_(site_ids))
        )
    )
    sites = find_site_channels(session, [i for i in site_ids if i not in stale])
    channel_ids = [c for site in sites.values() for c in site.channel_ids.values()]
    table = telemetry.Boundary
    stored: dict[int, dict[date, tuple[object, ...]]] = defaultdict(dict)
    for row in session.execute(select(table.__table__).where(table.channel_id.in_(channel_ids))):
        stored[row.channel_id][row.day] = tuple(row)
    readings = find_readings(session, channel_ids, 0)
    for site in sites.values():
        ledgers = judge(site.with_readings(readings)).ledgers
        for quantity, channel_id in site.channel_ids.items():
            wanted = {b.day: boundary_row(channel_id, b) for b in boundaries(ledgers[quantity])}
            if wanted != stored.get(channel_id, {}):
                days = {
                    d
                    for d in wanted.keys() | stored[channel_id].keys()
                    if wanted.get(d) != stored[channel_id].get(d)
                }
                yield Finding(
                    "I5",
                    f"site {site.site_id} {quantity}",
                    f"{len(days)} boundaries differ from {min(days)} on",
                )
