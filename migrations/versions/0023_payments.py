"""Keep which bills are paid."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, and the guards anew for it."""
    triggers.drop(op.get_bind())
    op.create_table(
        "payment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("invoice_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount_yen", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('paid', 'taken_back')", name=op.f("ck_payment_kind")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_payment_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
    )
    op.create_index(op.f("ix_payment_invoice_id"), "payment", ["invoice_id"])
    op.create_index(op.f("ix_payment_external_id"), "payment", ["external_id"])
    triggers.create(op.get_bind())


def downgrade() -> None:
    """Take it away again."""
    triggers.drop(op.get_bind())
    op.drop_table("payment")
    triggers.create(op.get_bind())
