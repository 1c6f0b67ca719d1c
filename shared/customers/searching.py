"""Which customers a list, a file or a selection is about, and in which order."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, TypeVarTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, select
from sqlalchemy.orm import Session

from shared.models.customers import Customer, Term
from shared.search import folded

ONLY: Final = ("contract_missing", "ending", "no_email", "left", "archived")
"""What a list may be narrowed to; without one it holds all but archived customers."""
ENDING_DAYS: Final = 180
"""A contract ends soon when its last day is no further away."""
SORT_KEYS: Final = (
    "customer_no",
    "name",
    "base_fee",
    "export_price",
    "use_price",
    "contract_to",
    "email",
)
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """A word, a kind of ONLY, or some numbers; terms are those that hold on `today`."""

    today: date
    q: str = ""
    only: str | None = None
    picked: tuple[str, ...] = field(default=())


def narrowed(query: Select[*Ts], wanted: CustomerFilter) -> Select[*Ts]:
    """Return a query over customers with a filter; `%` and `_` are themselves.

    The search goes over number, name, kana and mail, folded.
    """
    if wanted.picked:
        return query.where(Customer.customer_no.in_(wanted.picked))
    if wanted.q:
        query = query.where(Customer.search_text.contains(folded(wanted.q), autoescape=True))
    return query.where(_is_only(wanted.only, wanted.today))


def _is_only(only: str | None, today: date) -> ColumnElement[bool]:
    kept = Customer.archived_at.is_(None)
    last = _term(Term.end_day, "contract", today)
    rules: dict[str, ColumnElement[bool]] = {
        "contract_missing": and_(
            kept, Customer.left_on.is_(None), _term(Term.start_day, "contract", today).is_(None)
        ),
        "ending": and_(
            kept,
            Customer.left_on.is_(None),
            last >= today,
            last <= today + timedelta(days=ENDING_DAYS),
        ),
        "no_email": and_(kept, Customer.email == ""),
        "left": and_(kept, Customer.left_on.is_not(None)),
        "archived": Customer.archived_at.is_not(None),
    }
    return rules.get(only or "", kept)


def _term(column: Any, kind: str, today: date) -> ScalarSelect[Any]:  # noqa: ANN401 - any column
    """Return what holds of one kind on a day, as terms_on decides it: newest start, then record."""
    return (
        select(column)
        .where(
            Term.customer_id == Customer.id,
            Term.kind == kind,
            Term.valid_from <= today,
            Term.withdrawn_at.is_(None),
        )
        .order_by(Term.valid_from.desc(), Term.recorded_at.desc(), Term.id.desc())
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )


def in_order(query: Select[*Ts], sort: str, today: date) -> Select[*Ts]:
    """Return a query in the order of a key of SORT_KEYS, `-` before it reverses; blanks last."""
    keys: dict[str, Any] = {
        "customer_no": Customer.customer_no,
        "name": Customer.kana,
        "email": Customer.email,
        "contract_to": _term(Term.end_day, "contract", today),
        **{kind: _term(Term.figure, kind, today) for kind in ("base_fee", "export_price")},
        "use_price": _term(Term.figure, "use_price", today),
    }
    key = keys[sort.removeprefix("-")]
    ordered = key.desc() if sort.startswith("-") else key.asc()
    if sort.removeprefix("-") != "customer_no":
        ordered = ordered.nulls_last()
    return query.order_by(ordered, Customer.id.desc())


def count_each(session: Session, wanted: CustomerFilter) -> dict[str, int]:
    """Return how many customers of a word each kind of ONLY would leave."""
    counts = [func.count(Customer.id).filter(_is_only(only, wanted.today)) for only in ONLY]
    query = select(*counts)
    if wanted.q:
        query = query.where(Customer.search_text.contains(folded(wanted.q), autoescape=True))
    return dict(zip(ONLY, session.execute(query).one(), strict=True))


def find_numbers(session: Session, wanted: CustomerFilter) -> list[str]:
    """Return the numbers of all customers that a filter finds, in order."""
    query = narrowed(select(Customer.customer_no), wanted).order_by(Customer.customer_no)
    return list(session.scalars(query))


def count_customers(session: Session, wanted: CustomerFilter) -> int:
    """Return how many customers a filter finds."""
    return session.scalar(narrowed(select(func.count(Customer.id)), wanted)) or 0
