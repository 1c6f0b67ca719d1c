"""Bills written in bulk: what has not changed is left alone, what is issued is never touched."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from shared.db import Row, copy_rows, rows_of
from shared.invoices.drafting import CLOSED, HELD, VOID, Draft
from shared.models import invoices
from shared.months import Month, invoice_no, month_of

DAY_COLUMNS = (
    "invoice_id", "day", "pv_wh", "export_wh", "use_wh", "export_fine", "use_fine", "quality",
)  # fmt: skip
REGISTER_COLUMNS = (
    "invoice_id", "quantity", "seq", "serial", "certified_until", "meter_at", "opening_wh",
    "opening_at", "opening_how", "closing_wh", "closing_at", "closing_how", "energy_wh",
)  # fmt: skip


class Asked(Protocol):
    """The parts of a run that writing needs."""

    @property
    def month(self) -> Month:
        """Return the month that is billed."""

    @property
    def now(self) -> int:
        """Return the instant of writing."""

    @property
    def apply(self) -> bool:
        """Say whether to write at all."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A customer's live bill as stored, with the inputs that somebody has settled."""

    id: int
    invoice_no: str
    revision: int
    state: str
    inputs: str
    settled: frozenset[str]
    base_yen: int | None
    pv_wh: int | None
    export_wh: int | None
    use_wh: int | None
    export_yen: int | None
    use_yen: int | None
    total_yen: int | None


_STORED: Final = (
    select(
        invoices.Invoice.customer_id, invoices.Settlement.inputs.label("settled"),
        invoices.Invoice.id, invoices.Invoice.invoice_no, invoices.Invoice.revision,
        invoices.Invoice.state, invoices.Invoice.inputs,
        *(getattr(invoices.Invoice, name) for name in invoices.FIGURES),
    )
    .outerjoin(invoices.Settlement, invoices.Settlement.invoice_id == invoices.Invoice.id)
    .where(
        invoices.Invoice.customer_id.in_(bindparam("customer_ids", expanding=True)),
        invoices.Invoice.month == bindparam("month"),
    )
    .order_by(invoices.Invoice.revision)
)  # fmt: skip


def find_stored(session: Session, customer_ids: Collection[int], month: Month) -> dict[int, Stored]:
    """Return the live bill of a month by customer; a void one only lends its revision."""
    rows = rows_of(session, _STORED, {"customer_ids": customer_ids, "month": month.first()})
    settled: dict[int, set[str | None]] = {}
    for row in rows:
        settled.setdefault(row.id, set()).add(row.settled)
    return {row.customer_id: _stored(row, settled[row.id]) for row in rows}


def _stored(row: Any, settled: set[str | None]) -> Stored:  # noqa: ANN401 - a row of _STORED
    return Stored(
        row.id, row.invoice_no, row.revision, row.state, row.inputs,
        frozenset(filter(None, settled)), *row[7:],
    )  # fmt: skip


def write_drafts(
    session: Session, drafts: Sequence[Draft], stored: Mapping[int, Stored], run: Asked
) -> list[tuple[Draft, str, str]]:
    """Write bills that are new or have changed; return each with its number and state."""
    outcomes, changed, new = [], [], []
    for made in drafts:
        live = stored.get(made.home.customer_id)
        void = live is not None and live.state == VOID
        state = made.state
        if live and not void and state == HELD and made.inputs in live.settled:
            state = CLOSED
        revision = 1 if live is None else live.revision + (1 if void else 0)
        number = invoice_no(run.month, made.home.customer_no, revision)
        outcomes.append((made, number, state))
        if live is None or void:
            new.append((made, number, state, revision))
        elif (live.inputs, live.state) != (made.inputs, state):
            changed.append((live.id, made, state))
    if run.apply:
        written = _insert(session, new, run) + _update(session, changed, run)
        _write_parts(session, written)
    return outcomes


def write_revision(session: Session, made: Draft, of: invoices.Invoice, now: int) -> int:
    """Write a draft as the next revision of a bill's number, closed; return its id."""
    number = invoice_no(month_of(of.month), made.home.customer_no, of.revision + 1)
    written = _insert(
        session,
        [(made, number, CLOSED, of.revision + 1)],
        Revision(month_of(of.month), now),
    )
    _write_parts(session, written)
    return written[0][0]


@dataclass(frozen=True, slots=True)
class Revision:
    """What writing needs to know of a revision: its month, and when it is written."""

    month: Month
    now: int
    apply: bool = True


def _columns(made: Draft, state: str, run: Asked) -> dict[str, object]:
    figures = made.bill.figures
    return {
        "state": state,
        "quality": made.bill.grade.value,
        "name": made.home.name,
        "period_start": made.bill.period.start,
        "period_end": made.bill.period.end,
        "base_yen": figures.base_yen,
        "pv_wh": figures.pv_wh,
        "export_wh": figures.export_wh,
        "use_wh": figures.use_wh,
        "export_yen": figures.export_yen,
        "use_yen": figures.use_yen,
        "total_yen": figures.total_yen,
        "tax_yen": made.tax_yen,
        "inputs": made.inputs,
        "snapshot": made.snapshot,
        "computed_at": run.now,
    }


def _insert(
    session: Session, new: Sequence[tuple[Draft, str, str, int]], run: Asked
) -> list[tuple[int, Draft]]:
    if not new:
        return []
    rows = [
        {
            **_columns(made, state, run),
            "customer_id": made.home.customer_id,
            "site_id": made.home.site_id,
            "month": run.month.first(),
            "revision": revision,
            "invoice_no": number,
        }
        for made, number, state, revision in new
    ]
    ids = dict(
        session.execute(
            insert(invoices.Invoice).returning(invoices.Invoice.customer_id, invoices.Invoice.id),
            rows,
        ).all()
    )
    return [(ids[made.home.customer_id], made) for made, *_ in new]


def _update(
    session: Session, changed: Sequence[tuple[int, Draft, str]], run: Asked
) -> list[tuple[int, Draft]]:
    if not changed:
        return []
    session.execute(
        update(invoices.Invoice),
        [{"id": invoice_id, **_columns(made, state, run)} for invoice_id, made, state in changed],
    )
    ids = [invoice_id for invoice_id, *_ in changed]
    for part in (invoices.InvoiceDay, invoices.InvoiceRegister, invoices.Hold):
        session.execute(delete(part).where(part.invoice_id.in_(ids)))
    return [(invoice_id, made) for invoice_id, made, _ in changed]


def _write_parts(session: Session, written: Sequence[tuple[int, Draft]]) -> None:
    copy_rows(session, invoices.InvoiceDay, DAY_COLUMNS, _day_rows(written))
    copy_rows(session, invoices.InvoiceRegister, REGISTER_COLUMNS, _register_rows(written))
    copy_rows(
        session,
        invoices.Hold,
        ("invoice_id", "reason", "detail"),
        [(i, f.reason.value, f.detail) for i, made in written for f in made.findings],
    )


def _day_rows(written: Sequence[tuple[int, Draft]]) -> list[Row]:
    return [
        (
            i, d.day, d.pv_wh, d.export_wh, d.use_wh, d.export_fine, d.use_fine, d.quality.value,
        )
        for i, made in written
        for d in made.bill.days
    ]  # fmt: skip


def _register_rows(written: Sequence[tuple[int, Draft]]) -> list[Row]:
    return [
        (
            i, name, seq, r.serial, r.certified_until, r.meter_at, r.opening_wh, r.opening_at,
            r.opening_how or "", r.closing_wh, r.closing_at, r.closing_how or "", r.energy_wh,
        )
        for i, made in written
        for name, channel in (("pv", made.bill.pv), ("export", made.bill.export))
        for seq, r in enumerate(channel.registers)
    ]  # fmt: skip
