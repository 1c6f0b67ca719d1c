"""One customer's bills, each in itself and beside the others: I1 to I7 of security.md 3.1."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from typing import Any

from shared.billing.bill import NEGATIVE_DAY_WH
from shared.billing.checks import Reason
from shared.energy.boundaries import How
from shared.energy.periods import DayQuality
from shared.invoices.chaining import void_hash
from shared.invoices.contents import REGISTERS, Cells, Content
from shared.invoices.drafting import CLOSED, ISSUED, OPEN, VOID
from shared.months import Month, invoice_no
from shared.units import take_down, yen
from shared.verify.findings import Finding
from shared.verify.histories import NO_HOLDS, Bill, Parts

DAY, PV, EXPORT, USE, EXPORT_FINE, USE_FINE, QUALITY = range(7)
QUANTITY, SERIAL, METER_AT = (REGISTERS.index(n) for n in ("quantity", "serial", "meter_at"))
OPENING, OPENING_HOW = REGISTERS.index("opening_wh"), REGISTERS.index("opening_how")
CLOSING, ENERGY = REGISTERS.index("closing_wh"), REGISTERS.index("energy_wh")
FINAL = (ISSUED, VOID)
GOES_OUT = (CLOSED, *FINAL)


def check_history(customer_no: str, bills: Sequence[Bill], parts: Parts) -> Iterator[Finding]:
    """Yield what is wrong with a customer's bills, given in order of month and revision."""
    for _, of_month in groupby(bills, key=attrgetter("month")):
        yield from _revisions(list(of_month))
    live = sorted((bill for bill in bills if bill.is_live), key=attrgetter("period_start"))
    for before, bill in pairwise(live):
        if before.period_end > bill.period_start:
            told = f"its days begin before those of {before.invoice_no} end"
            yield Finding("I5", bill.invoice_no, told)
    closing = {bill.period_end: bill for bill in bills if bill.state == ISSUED}
    for bill in bills:
        content = parts.contents[bill.id]
        expected = invoice_no(_month(bill.month), customer_no, bill.revision)
        if bill.invoice_no != expected:
            yield Finding("I2", bill.invoice_no, f"the number should be {expected}")
        yield from _sums(bill, content.days)
        yield from _goes_out(bill, content.days, parts)
        yield from _registers(bill, content.registers)
        yield from _link(bill, content, parts)
        before_it = closing.get(bill.period_start)
        if bill.state == ISSUED and before_it is not None and bill.id not in parts.undecided:
            yield from _opening(bill, content, parts.contents[before_it.id])


@lru_cache(maxsize=1000)
def _month(text: str) -> Month:
    return Month(int(text[:4]), int(text[5:7]))


def _revisions(bills: Sequence[Bill]) -> Iterator[Finding]:
    """I1, I2 and I7: one live bill a month, revisions without a gap, void ones naming the next."""
    for n, bill in enumerate(bills, 1):
        if bill.revision != n:
            yield Finding(
                "I2", bill.invoice_no, f"revision {bill.revision} stands where {n} should"
            )
    if sum(bill.is_live for bill in bills) > 1:
        yield Finding("I1", bills[-1].invoice_no, "more than one bill of its month is not void")
    for n, bill in enumerate(bills):
        after = bills[n + 1] if n + 1 < len(bills) else None
        is_replaced = after is not None and after.issued_at is not None
        heir = after.id if after is not None and is_replaced else None
        if bill.successor_id not in (None, heir):
            yield Finding("I7", bill.invoice_no, "its successor is not its next revision")
        elif bill.successor_id is None and is_replaced and bill.state == VOID:
            yield Finding("I7", bill.invoice_no, "it does not name the bill that took its place")
        elif bill.successor_id is not None and bill.state != VOID:
            yield Finding("I7", bill.invoice_no, "it has a successor and is not void")


def _sums(bill: Bill, days: Sequence[Cells]) -> Iterator[Finding]:
    """I3 and I4: days add up to the bill, and use is generation less export on each."""
    known = [day for day in days if day[USE] is not None]
    for day in known:
        if day[USE] != (day[PV] or 0) - (day[EXPORT] or 0):
            yield Finding("I4", bill.invoice_no, f"{day[DAY]}: use is not generation - export")
    if bill.use_wh is None:
        return
    for name, place, stored in (
        ("pv_wh", PV, bill.pv_wh), ("export_wh", EXPORT, bill.export_wh),
        ("use_wh", USE, bill.use_wh),
    ):  # fmt: skip
        total = sum(map(itemgetter(place), known))
        if total != stored:
            yield Finding("I3", bill.invoice_no, f"{name}: days {total}, bill {stored}")
    for name, place, stored in (
        ("use_yen", USE_FINE, bill.use_yen), ("export_yen", EXPORT_FINE, bill.export_yen),
    ):  # fmt: skip
        told = [day[place] for day in known]
        if stored is not None and None not in told and max(0, yen(sum(told))) != stored:
            yield Finding("I3", bill.invoice_no, f"{name}: days {yen(sum(told))}, bill {stored}")
    parts = (bill.base_yen or 0) + (bill.use_yen or 0)
    if bill.total_yen is not None and bill.total_yen != parts:
        yield Finding("I3", bill.invoice_no, "total is not base fee + use charge")


def _goes_out(bill: Bill, days: Sequence[Cells], parts: Parts) -> Iterator[Finding]:
    """I4: a bill goes out with every hold settled, negative use held before (decision 15).

    A word settles the inputs it was given for; those of a closed bill are the stored ones.
    """
    if bill.state not in GOES_OUT:
        return
    holds = [reason for reason in parts.holds.get(bill.id, ()) if reason not in NO_HOLDS]
    if holds and bill.inputs not in parts.settled.get(bill.id, ()):
        yield Finding("I4", bill.invoice_no, f"{bill.state} with {', '.join(holds)} not settled")
    if Reason.USE_NEGATIVE.value in holds:
        return
    for first, used_wh in _measured_stretches(days):
        if used_wh < NEGATIVE_DAY_WH:
            yield Finding("I4", bill.invoice_no, f"{first}: {used_wh} Wh used and not held")


def _measured_stretches(days: Sequence[Cells]) -> Iterator[tuple[str, int]]:
    """Yield (first day, Wh used) of each measured day, and of days in a row that are not.

    Of the days of a gap only the sum was measured: how they share it is a guess.
    """
    known = (day for day in days if day[USE] is not None)
    for is_measured, run in groupby(known, key=lambda day: day[QUALITY] == DayQuality.MEASURED):
        together = list(run)
        for stretch in [[day] for day in together] if is_measured else [together]:
            yield stretch[0][DAY], sum(map(itemgetter(USE), stretch))


def _registers(bill: Bill, registers: Sequence[Cells]) -> Iterator[Finding]:
    """I5: registers tell the energy of their channel, one meter's difference unless it wrapped.

    An open bill goes as far as both channels are known, its registers each as far as they are.
    """
    if bill.state == OPEN:
        return
    for name, total in (("pv", bill.pv_wh), ("export", bill.export_wh)):
        rows = [register for register in registers if register[QUANTITY] == name]
        energies = [row[ENERGY] for row in rows if row[ENERGY] is not None]
        if total is None or len(energies) < len(rows) or not rows:
            continue
        if sum(energies) != total:
            told = f"{name}: registers tell {sum(energies)} Wh, bill {total}"
            yield Finding("I5", bill.invoice_no, told)
        for row in rows:
            if row[OPENING] is None or row[CLOSING] is None:
                continue
            step = take_down(row[CLOSING]) - take_down(row[OPENING])
            if step >= 0 and step != row[ENERGY]:
                yield Finding("I5", bill.invoice_no, f"{name}: {step} Wh on meter {row[SERIAL]!r}")


def _opening(bill: Bill, content: Content, before: Content) -> Iterator[Finding]:
    """N3: an issued bill opens with the registers that the issued bill before it closed with.

    While the proposal that a revision before it made is open, it is known not to (decision 16).
    """
    closings = {row[QUANTITY]: row for row in before.registers}
    openings = {row[QUANTITY]: row for row in reversed(content.registers)}
    for name, opening in openings.items():
        closing = closings.get(name)
        if closing is None or closing[METER_AT] != opening[METER_AT]:
            continue
        if opening[OPENING_HOW] != How.FIRST and opening[OPENING] != closing[CLOSING]:
            told = f"{name}: opens {opening[OPENING]}, last closed {closing[CLOSING]}"
            yield Finding("I5", bill.invoice_no, told)


def _link(bill: Bill, content: Content, parts: Parts) -> Iterator[Finding]:
    """I6: what was issued or made void is one link of the chain, and still what was hashed."""
    links = parts.links.get(bill.id, ())
    for kind, wanted in ((ISSUED, bill.state in FINAL), (VOID, bill.state == VOID)):
        told = [link for of_kind, link in links if of_kind == kind]
        if len(told) != wanted:
            count = f"{len(told)} times" if told else "outside the chain"
            yield Finding("I6", bill.invoice_no, f"it is {bill.state}, and {kind} {count}")
            continue
        for link in told:
            if not _is_true(bill, content, kind, link):
                told_of = f"the stored rows are not those that were {kind}"
                yield Finding("I6", bill.invoice_no, told_of)


def _is_true(bill: Bill, content: Content, kind: str, link: Mapping[str, Any]) -> bool:
    """Say whether a link's hash is that of the rows as they are stored now."""
    if kind == ISSUED:
        return bool(bill.hash == link["hash"] == content.digest(link["previous"]))
    void = {
        "at": bill.voided_at, "by": bill.voided_by, "reason": bill.void_reason,
        "successor": link["successor"],
    }  # fmt: skip
    return bool(link["hash"] == void_hash(bill.invoice_no, void, link["previous"]))
