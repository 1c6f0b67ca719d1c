"""Many bills released at once, where one reason alone holds them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.billing.checks import WARNINGS, Reason
from shared.errors import InputRefused, NotFound, Refused
from shared.invoices.chaining import Act
from shared.invoices.documents import get_invoice
from shared.invoices.drafting import HELD
from shared.invoices.issuing import BINDING, release
from shared.invoices.rows import version_of
from shared.models import invoices
from shared.months import Month

STALE = "stale"
"""Why nothing was decided where a bill is no longer as it was shown."""


@dataclass(slots=True)
class Released:
    """The bills that were released, and those that something else holds too."""

    released: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one bill of many; `refused` names why not, empty where it was done."""

    invoice_no: str
    refused: str = ""


def decide_each(
    session: Session, picked: Sequence[tuple[str, str]], decide: Callable[[str], object]
) -> list[Outcome]:
    """Decide each (number, version as it was shown) alone; one that may not stays as it is.

    `stale` is refused where a bill is not as it was shown, else what `decide` refuses.
    """
    return [Outcome(number, _refusal(session, number, seen, decide)) for number, seen in picked]


def _refusal(session: Session, number: str, seen: str, decide: Callable[[str], object]) -> str:
    try:
        if version_of(get_invoice(session, number)) != seen:
            return STALE
        with session.begin_nested():
            decide(number)
    except NotFound:
        return STALE
    except Refused as refused:
        return refused.kind or STALE
    return ""


def release_kind(session: Session, month: Month, kind: str, reason: str, act: Act) -> Released:
    """Release every bill of a month that is held for one reason alone and has an amount.

    Raises InputRefused for a reason that is none, or that no word settles.
    """
    kinds = {r.value for r in Reason} - {w.value for w in WARNINGS} - BINDING
    kinds -= {Reason.WAITING.value, Reason.BOUNDARY_UNKNOWN.value, Reason.TERMS_MISSING.value}
    if kind not in kinds:
        raise InputRefused(f"--kind: {kind!r} is none of {', '.join(sorted(kinds))}")
    invoice, hold = invoices.Invoice, invoices.Hold
    rows = session.execute(
        select(invoice.invoice_no, invoice.total_yen, hold.reason)
        .join(hold, hold.invoice_id == invoice.id)
        .where(invoice.month == month.first(), invoice.state == HELD)
        .order_by(invoice.invoice_no)
    )
    reasons: dict[str, set[str]] = {}
    without_amount = set()
    for number, total, held_for in rows:
        if Reason(held_for) not in WARNINGS:
            reasons.setdefault(number, set()).add(held_for)
        if total is None:
            without_amount.add(number)
    done = Released()
    for number, found in reasons.items():
        if kind not in found:
            continue
        if found == {kind} and number not in without_amount:
            release(session, number, reason, act)
            done.released.append(number)
        else:
            done.kept.append(number)
    return done
