"""Bills as computed, and as issued: snapshots that never change afterwards."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Key

FIGURES = ("base_yen", "pv_wh", "export_wh", "use_wh", "export_yen", "use_yen", "total_yen")
"""What a list tells of each bill, and its sums of all."""


class BillRun(Base):
    """A run of a month, asked for by a page, the command line or the scheduler.

    An applied one makes the month due (decision 11). `report` is JSON: counts, totals, changes;
    whoever works on it holds the lease, and `after` is the last number that is done.
    """

    __tablename__ = "bill_run"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(default="run")
    month: Mapped[date] = mapped_column(index=True)
    as_of: Mapped[int]
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    requested_at: Mapped[int]
    started_at: Mapped[int | None]
    finished_at: Mapped[int | None]
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    after: Mapped[str] = mapped_column(default="")
    items: Mapped[int] = mapped_column(default=0)
    report: Mapped[str] = mapped_column(default="{}")
    error: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        CheckConstraint("kind IN ('dry', 'run', 'issue')", name="kind"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'stopped')", name="state"),
        Index(
            "ix_bill_run_unfinished",
            "month",
            "id",
            sqlite_where=text("state IN ('waiting', 'running')"),
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
    )


class BillItem(Base):
    """What a run found of one bill: held, waiting for another, or failed; `detail` is JSON."""

    __tablename__ = "bill_item"
    run_id: Mapped[int] = mapped_column(ForeignKey("bill_run.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    invoice_no: Mapped[str]
    customer_no: Mapped[str]
    detail: Mapped[str]
    __table_args__ = ({"sqlite_with_rowid": False},)


class IssueRequest(Base):
    """A person's wish to issue a month's closed bills, for another person to approve.

    `digest` names the bills as they were then; changed ones have to be asked for anew.
    """

    __tablename__ = "issue_request"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    month: Mapped[date]
    digest: Mapped[str]
    bills: Mapped[int]
    total_yen: Mapped[int]
    asked_by: Mapped[str]
    asked_at: Mapped[int]
    state: Mapped[str] = mapped_column(default="open")
    decided_by: Mapped[str | None]
    decided_at: Mapped[int | None]
    __table_args__ = (
        CheckConstraint("state IN ('open', 'approved', 'withdrawn')", name="state"),
        Index(
            "uq_issue_request_open",
            "month",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class Invoice(Base):
    """One customer's bill of one month; at most one that is not void (decision 39).

    `snapshot` is JSON: the terms used and the explanation; `inputs` is the digest of all that the
    figures rest on, to which a release is bound (decision 22). Unknown figures are NULL, never 0.
    `person_digest` is keyed: it tells whose bill it was issued as, and nobody without the key.
    """

    __tablename__ = "invoice"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    month: Mapped[date]
    revision: Mapped[int] = mapped_column(SmallInteger, default=1)
    invoice_no: Mapped[str] = mapped_column(unique=True)
    period_start: Mapped[date]
    period_end: Mapped[date]
    state: Mapped[str]
    quality: Mapped[str]
    name: Mapped[str]
    base_yen: Mapped[int | None]
    pv_wh: Mapped[int | None]
    export_wh: Mapped[int | None]
    use_wh: Mapped[int | None]
    export_yen: Mapped[int | None]
    use_yen: Mapped[int | None]
    total_yen: Mapped[int | None]
    tax_yen: Mapped[int | None]
    inputs: Mapped[str]
    snapshot: Mapped[str]
    computed_at: Mapped[int]
    issued_at: Mapped[int | None]
    issued_on: Mapped[date | None]
    person_digest: Mapped[str | None]
    hash: Mapped[str | None]
    voided_at: Mapped[int | None]
    voided_by: Mapped[str | None]
    void_reason: Mapped[str | None]
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"))
    __table_args__ = (
        CheckConstraint("state IN ('open', 'held', 'closed', 'issued', 'void')", name="state"),
        CheckConstraint("quality IN ('A', 'B', 'C')", name="quality"),
        Index(
            "uq_invoice_live",
            "customer_id",
            "month",
            unique=True,
            sqlite_where=text("state <> 'void'"),
            postgresql_where=text("state <> 'void'"),
        ),
        Index(
            "ix_invoice_list",  # a list of a month is made from this index alone, but its page
            "month",
            "id",
            "state",
            "quality",
            "customer_id",
            "issued_on",
            "period_end",
            *FIGURES,
        ),
        Index("ix_invoice_state", "state", "month", "id"),
        Index("ix_invoice_name", "name", "id", "state", "quality"),
        *(Index(f"ix_invoice_{name}", name, "id", "state", "quality") for name in FIGURES),
        Index("ix_invoice_successor_id", "successor_id"),
        Index("ix_invoice_customer_id", "customer_id", "month", "id"),
        Index(
            "ix_invoice_revised",
            "id",
            sqlite_where=text("revision > 1"),
            postgresql_where=text("revision > 1"),
        ),
    )


class Summed:
    """How many bills there are of some keys, and their known figures; kept by triggers."""

    bills: Mapped[int]
    base_yen: Mapped[int]
    pv_wh: Mapped[int]
    export_wh: Mapped[int]
    use_wh: Mapped[int]
    export_yen: Mapped[int]
    use_yen: Mapped[int]
    total_yen: Mapped[int]
    __table_args__ = ({"sqlite_with_rowid": False},)


class InvoiceSum(Summed, Base):
    """The bills of a month in one state and quality."""

    __tablename__ = "invoice_sum"
    month: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    quality: Mapped[str] = mapped_column(primary_key=True)


class BandSum(Summed, Base):
    """The same by day and by band of amounts (shared/tallies.py), for ranges of both."""

    __tablename__ = "band_sum"
    month: Mapped[date] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    quality: Mapped[str] = mapped_column(primary_key=True)
    band: Mapped[int] = mapped_column(primary_key=True)


class OwnerSum(Summed, Base):
    """The same of each customer, in one state and quality, for searches."""

    __tablename__ = "owner_sum"
    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(primary_key=True)
    quality: Mapped[str] = mapped_column(primary_key=True)


class InvoiceDay(Base):
    """One day of a bill; amounts in 1/100,000 yen (decision 14), blank where unknown."""

    __tablename__ = "invoice_day"
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    pv_wh: Mapped[int | None]
    export_wh: Mapped[int | None]
    use_wh: Mapped[int | None]
    export_fine: Mapped[int | None]
    use_fine: Mapped[int | None]
    quality: Mapped[str]
    __table_args__ = ({"sqlite_with_rowid": False},)


class InvoiceRegister(Base):
    """The opening and closing register of one meter in place during a bill, raw (decision 16)."""

    __tablename__ = "invoice_register"
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    quantity: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    serial: Mapped[str]
    certified_until: Mapped[date | None]
    meter_at: Mapped[int]
    opening_wh: Mapped[int | None]
    opening_at: Mapped[int | None]
    opening_how: Mapped[str]
    closing_wh: Mapped[int | None]
    closing_at: Mapped[int | None]
    closing_how: Mapped[str]
    energy_wh: Mapped[int | None]
    __table_args__ = ({"sqlite_with_rowid": False},)


class Hold(Base):
    """A reason for which a bill does not go out, or a warning beside it (decision 21)."""

    __tablename__ = "hold"
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    detail: Mapped[str] = mapped_column(default="")
    __table_args__ = ({"sqlite_with_rowid": False},)


class Settlement(Base):
    """A person's word that a bill may go out, bound to its inputs (decision 22); append-only."""

    __tablename__ = "settlement"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    inputs: Mapped[str]
    reason: Mapped[str]
    at: Mapped[int]
    actor: Mapped[str]


class InvoiceEvent(Base):
    """What happened to a bill: issued, void, released; append-only.

    `detail` is JSON; of `issued` and `void` it holds the hash and the one it is chained to.
    """

    __tablename__ = "invoice_event"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    kind: Mapped[str]
    at: Mapped[int]
    actor: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")


class Proposal(Base):
    """An issued bill that would come out otherwise today, and what was decided (decision 16).

    `old`, `new` and `causes` are JSON; `digest` names the new figures, to which a refusal is
    bound. Open, it may be accepted, refused, or overtaken by what became known since.
    """

    __tablename__ = "proposal"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    digest: Mapped[str]
    old: Mapped[str]
    new: Mapped[str]
    causes: Mapped[str]
    found_at: Mapped[int]
    state: Mapped[str] = mapped_column(default="open")
    decided_at: Mapped[int | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("state IN ('open', 'accepted', 'refused', 'overtaken')", name="state"),
        Index(
            "uq_proposal_open",
            "invoice_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class Estimate(Base):
    """A register that nobody read, put in place of one with a reason; append-only.

    It stands for 00:00 JST of `day` as long as nothing is known there; the newest counts.
    """

    __tablename__ = "estimate"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), index=True)
    day: Mapped[date]
    wh: Mapped[int]
    reason: Mapped[str]
    recorded_at: Mapped[int]
    recorded_by: Mapped[str]


class PastBill(Base):
    """A bill of the system before ours, as its list told it: shown, never due, pinning nothing."""

    __tablename__ = "past_bill"
    invoice_no: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    month: Mapped[date] = mapped_column(index=True)
    name: Mapped[str]
    base_yen: Mapped[int | None]
    pv_wh: Mapped[int | None]
    export_wh: Mapped[int | None]
    use_wh: Mapped[int | None]
    export_yen: Mapped[int | None]
    use_yen: Mapped[int | None]
    total_yen: Mapped[int | None]
    imported_at: Mapped[int]
