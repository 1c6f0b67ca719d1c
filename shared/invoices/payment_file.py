"""A file of payments: looked at first, taken whole or not at all, harmless when repeated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.csvfile import Problems, read_rows
from shared.csvfile.opening import Source
from shared.customers.entries import parse_day
from shared.db import in_chunks
from shared.errors import ValueRefused
from shared.invoices.payments import PAID, Word, find_payments
from shared.models.invoices import Invoice
from shared.models.payments import Payment
from shared.months import day_of
from shared.units import parse_yen

REQUIRED: Final = ("invoice_no", "paid_on", "amount_yen")
OPTIONAL: Final = ("external_id",)
LONGEST_ID: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One payment of a file."""

    line: int
    invoice_no: str
    paid_on: date
    amount_yen: int
    external_id: str


@dataclass(slots=True)
class PaymentPlan:
    """What a file would do: its rows that are new, and how many are on record already."""

    new: list[Row] = field(default_factory=list)
    same: int = 0
    bill_ids: dict[str, int] = field(default_factory=dict)


def plan_payments(session: Session, source: Source, name: str, now: int) -> PaymentPlan:
    """Read a file and hold each row against the bills; raises FileRefused naming every fault."""
    problems = Problems(name)
    rows = [
        row
        for line, cells in read_rows(source, name, REQUIRED, OPTIONAL, problems=problems)
        if (row := _read(line, cells, problems, day_of(now))) is not None
    ]
    bills = _find_bills(session, [row.invoice_no for row in rows])
    paid = find_payments(session, [bill.id for bill in bills.values()])
    known = _find_ids(session, [row.external_id for row in rows if row.external_id])
    plan = PaymentPlan(bill_ids={number: bill.id for number, bill in bills.items()})
    seen: dict[str, int] = {}
    for row in rows:
        bill = bills.get(row.invoice_no)
        before = paid.get(bill.id) if bill else None
        if bill is None:
            number = row.invoice_no[:40]
            problems.add(row.line, "invoice_no", f"there is no bill {number!r}", "no_bill", number)
        elif row.invoice_no in seen:
            sentence = f"paid in line {seen[row.invoice_no]} already"
            problems.add(row.line, "invoice_no", sentence, "bill_twice", row.invoice_no)
        elif before is not None and _is_same(before, row):
            plan.same += 1
        elif not _has_fault(row, bill, before, known, problems):
            plan.new.append(row)
        seen.setdefault(row.invoice_no, row.line)
        if row.external_id and bill is not None:
            known.setdefault(row.external_id, bill.id)
    problems.check()
    return plan


def _read(line: int, cells: tuple[str | None, ...], problems: Problems, today: date) -> Row | None:
    """Return a row whose cells can be read; notes each that cannot."""
    number, day_text, yen_text, external_id = ((cell or "").strip() for cell in cells)
    try:
        paid_on = parse_day(day_text)
    except ValueRefused as error:
        problems.add(line, "paid_on", str(error), "no_day", day_text)
        return None
    if paid_on > today:
        problems.add(line, "paid_on", f"{day_text} is still to come", "day_to_come", day_text)
        return None
    try:
        amount = parse_yen(yen_text)
    except ValueRefused as error:
        problems.add(line, "amount_yen", str(error), "no_yen", yen_text)
        return None
    if len(external_id) > LONGEST_ID:
        sentence = f"has more than {LONGEST_ID} characters"
        problems.add(line, "external_id", sentence, "id_long", external_id[:40])
        return None
    return Row(line, number, paid_on, amount, external_id)


def _has_fault(
    row: Row,
    bill: Invoice,
    before: Payment | None,
    known: Mapping[str, int],
    problems: Problems,
) -> bool:
    """Note why a row cannot be taken, where it cannot."""
    number, yen, paid_by = row.invoice_no, row.amount_yen, row.external_id
    faults = []
    if bill.state != "issued":
        sentence = f"{number} is {bill.state}: it is not to be paid"
        faults.append(("invoice_no", sentence, "not_payable", number))
    elif before is not None:
        sentence = f"{number} was paid on {before.paid_on} already"
        faults.append(("invoice_no", sentence, "paid_before", f"{number} ({before.paid_on})"))
    elif yen != bill.total_yen:
        sentence = f"{yen} yen, and the bill is {bill.total_yen} yen"
        faults.append(("amount_yen", sentence, "other_amount", f"{yen} ≠ {bill.total_yen}"))
    if paid_by and known.get(paid_by, bill.id) != bill.id:
        sentence = f"{paid_by!r} is the payment of another bill"
        faults.append(("external_id", sentence, "id_of_another", paid_by))
    for fault in faults:
        problems.add(row.line, *fault)
    return bool(faults)


def _is_same(before: Payment, row: Row) -> bool:
    return (before.paid_on, before.amount_yen, before.external_id) == (
        row.paid_on, row.amount_yen, row.external_id,
    )  # fmt: skip


def _find_bills(session: Session, numbers: list[str]) -> dict[str, Invoice]:
    found: dict[str, Invoice] = {}
    for chunk in in_chunks(dict.fromkeys(numbers), 500):
        for bill in session.scalars(select(Invoice).where(Invoice.invoice_no.in_(chunk))):
            found[bill.invoice_no] = bill
    return found


def _find_ids(session: Session, external_ids: list[str]) -> dict[str, int]:
    """Return of which bill each external id is the payment that stands."""
    found: dict[str, int] = {}
    for chunk in in_chunks(dict.fromkeys(external_ids), 500):
        query = select(Payment.invoice_id, Payment.external_id)
        rows = session.execute(query.where(Payment.external_id.in_(chunk))).all()
        standing = find_payments(session, [row.invoice_id for row in rows])
        for row in standing.values():
            found[row.external_id] = row.invoice_id
    return found


def apply_payments(session: Session, plan: PaymentPlan, name: str, word: Word) -> int:
    """Record what a file brought; returns how many are new; audited."""
    for row in plan.new:
        session.add(
            Payment(
                invoice_id=plan.bill_ids[row.invoice_no], kind=PAID, paid_on=row.paid_on,
                amount_yen=row.amount_yen, external_id=row.external_id, at=word.now,
                actor=word.actor,
            )
        )  # fmt: skip
    told = {"new": len(plan.new), "same": plan.same}
    audit.record(session, word.now, word.actor, "payment.import", name, told)
    return len(plan.new)
