"""Make proposals, estimates and the bills of the system before."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and the guards anew for them."""
    triggers.drop(op.get_bind())
    op.add_column("invoice", sa.Column("person_digest", sa.Text(), nullable=True))
    op.create_table(
        "proposal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("invoice_id", KEY, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("digest", "old", "new", "causes")
        ),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'refused', 'overtaken')",
            name=op.f("ck_proposal_state"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_proposal_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_invoice_id"), "proposal", ["invoice_id"])
    op.create_index(
        "uq_proposal_open",
        "proposal",
        ["invoice_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "estimate",
        sa.Column("id", KEY, nullable=False),
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wh", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_estimate_channel_id_channel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estimate")),
    )
    op.create_index(op.f("ix_estimate_channel_id"), "estimate", ["channel_id"])
    figures = (
        "base_yen", "pv_wh", "export_wh", "use_wh", "export_yen", "use_yen", "total_yen",
    )  # fmt: skip
    op.create_table(
        "past_bill",
        sa.Column("invoice_no", sa.Text(), nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in figures),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_past_bill_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("invoice_no", name=op.f("pk_past_bill")),
    )
    op.create_index(op.f("ix_past_bill_month"), "past_bill", ["month"])
    triggers.create(op.get_bind())


def downgrade() -> None:
    """Take them away again."""
    triggers.drop(op.get_bind())
    op.drop_table("past_bill")
    op.drop_table("estimate")
    op.drop_table("proposal")
    op.drop_column("invoice", "person_digest")
    triggers.create(op.get_bind())
