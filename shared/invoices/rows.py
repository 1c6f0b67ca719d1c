"""What lists and pages know of a bill, and what one may ask of a list."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Generic, TypeVar

from shared.models import invoices
from shared.models.invoices import Invoice
from shared.months import Month, month_of

STATES = ("open", "held", "closed", "issued", "void")
QUALITIES = ("A", "B", "C")
PAST = "past"
FIGURES = invoices.FIGURES
SORT_KEYS = ("month", "invoice_no", "customer_no", "name", "state", "quality", *FIGURES)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BillRow:
    """One bill in a list; figures that are unknown are None, never 0.

    A bill of the system before ours has the state `past`, no quality and no days of its own.
    """

    invoice_no: str
    customer_no: str
    name: str
    month: Month
    period_start: date | None
    period_end: date | None
    state: str
    quality: str
    issued_on: date | None
    base_yen: int | None
    pv_wh: int | None
    export_wh: int | None
    use_wh: int | None
    export_yen: int | None
    use_yen: int | None
    total_yen: int | None

    @property
    def is_revision(self) -> bool:
        """Say whether it replaced another: its number ends in -2, -3 … (domain.md D2)."""
        return "-" in self.invoice_no


def bill_row(invoice: Invoice, customer_no: str) -> BillRow:
    """Return a stored bill as a list shows it."""
    own = {
        field.name: getattr(invoice, field.name)
        for field in fields(BillRow)
        if field.name not in ("customer_no", "month")
    }
    return BillRow(customer_no=customer_no, month=month_of(invoice.month), **own)


def past_row(past: Any, customer_no: str) -> BillRow:  # noqa: ANN401 - a row of such columns
    """Return a bill of the system before ours (`PastBill`) as a list shows it."""
    return BillRow(
        past.invoice_no, customer_no, past.name, month_of(past.month),
        period_start=None, period_end=None, state=PAST, quality="", issued_on=None,
        **{figure: getattr(past, figure) for figure in FIGURES},
    )  # fmt: skip


def version_of(row: Invoice) -> str:
    """Return what names a bill's state and inputs, for a form to carry back."""
    return f"{row.state}.{row.inputs[:16]}"


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """What a list of bills is narrowed to; all bounds are inclusive (interfaces.md, Lists).

    `number` is a part of the bill's own number, `reason` one that holds it; `picked` are the
    numbers ticked in the list; `undelivered` are bills whose mail was refused.
    """

    q: str = ""
    number: str = ""
    customer_no: str | None = None
    month: Month | None = None
    state: str | None = None
    quality: str | None = None
    from_day: date | None = None
    to_day: date | None = None
    min_yen: int | None = None
    max_yen: int | None = None
    reason: str | None = None
    undelivered: bool = False
    picked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and how many the filter finds in all."""

    rows: list[T]
    total: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a filter, void bills left out; `count` is of all its bills."""

    count: int
    base_yen: int
    pv_wh: int
    export_wh: int
    use_wh: int
    export_yen: int
    use_yen: int
    total_yen: int
