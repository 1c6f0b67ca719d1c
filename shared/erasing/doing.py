"""A person erased: looked at, done, and on a list that can be applied again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import audit
from shared.customers.registering import new_codes
from shared.erasing.going import count_parts, find_parts, take_parts
from shared.erasing.refusing import ErasureRefused, check_erasable, check_reason
from shared.erasing.retaining import Kept, erase_due, find_kept
from shared.errors import NotFound
from shared.invoices.drafting import ISSUED
from shared.invoices.locking import lock_bills
from shared.invoices.payments import are_in_use, find_payments
from shared.models.customers import Customer
from shared.models.documents import ERASED
from shared.models.invoices import Invoice
from shared.seal import seal

ERASED_ACTION = "customer_erased"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What erasing a person would do: rows that go at once, bills that name the person until when.

    `refused` says why it cannot be done now; `unpaid` bills have no payment on record.
    """

    counts: Mapping[str, int]
    kept: Sequence[Kept]
    unpaid: int
    refused: ErasureRefused | None


@dataclass(frozen=True, slots=True)
class Word:
    """Who erases, when and why, and the key under which the code is given up."""

    key: str
    now: int
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """A customer who was erased; `is_whole` once no bill names the person any more."""

    customer_no: str
    erased_at: int
    is_whole: bool


def foresee_erasure(session: Session, customer_no: str, now: int) -> Outlook:
    """Return what erasing a customer would do, and change nothing; raises NotFound."""
    customer = _get(session, customer_no)
    try:
        check_erasable(session, customer, now)
        refused = None
    except ErasureRefused as error:
        refused = error
    counts = count_parts(session, find_parts(session, customer, now))
    kept = find_kept(session, customer.id, now)
    return Outlook(counts, kept, _count_unpaid(session, customer.id), refused)


def erase(session: Session, customer_no: str, word: Word) -> Outlook:
    """Erase a person: at once what no bill needs, and what is past its term; audited.

    Returns what was done. Raises NotFound, and ErasureRefused with the reason.
    """
    lock_bills(session)
    customer = _get(session, customer_no, lock=True)
    check_erasable(session, customer, word.now)
    reason = check_reason(word.reason, customer)
    parts = find_parts(session, customer, word.now)
    done = Outlook(
        count_parts(session, parts),
        find_kept(session, customer.id, word.now),
        _count_unpaid(session, customer.id),
        None,
    )
    take_parts(session, customer, parts, word.now)
    ((customer.code_index, code),) = new_codes(session, word.key, 1)
    customer.code_sealed = seal(word.key, code, customer_no)
    told = {"reason": reason, "bills": len(done.kept)}
    audit.record(session, word.now, word.actor, ERASED_ACTION, customer_no, told)
    session.flush()
    erase_due(session, customer.id, word.now, word.actor)
    return done


def find_erasures(session: Session) -> list[Erasure]:
    """Return everybody who was erased, in the order in which it was done."""
    rows = session.execute(
        select(Customer.customer_no, Customer.erased_at, Customer.name)
        .where(Customer.erased_at.is_not(None))
        .order_by(Customer.erased_at, Customer.id)
    )
    return [Erasure(number, at, name == ERASED) for number, at, name in rows if at is not None]


def _get(session: Session, customer_no: str, *, lock: bool = False) -> Customer:
    query = select(Customer).where(Customer.customer_no == customer_no)
    customer = session.scalar(query.with_for_update() if lock else query)
    if customer is None:
        raise NotFound(f"there is no customer {customer_no[:40]!r}")
    return customer


def _count_unpaid(session: Session, customer_id: int) -> int:
    """Count issued bills above zero that are not paid, where payments are on record at all."""
    if not are_in_use(session):
        return 0
    bills = session.scalars(
        select(Invoice.id).where(
            Invoice.customer_id == customer_id, Invoice.state == ISSUED, Invoice.total_yen > 0
        )
    ).all()
    return len(bills) - len(find_payments(session, bills))
