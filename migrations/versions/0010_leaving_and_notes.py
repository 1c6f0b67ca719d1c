"""Note what happens at a customer's: leaving, being shut out, equipment, dated notes."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the columns and the table of notes; unpriced terms go with their customer."""
    triggers.drop(op.get_bind())
    op.add_column("site", sa.Column("pcs", sa.Text(), nullable=False, server_default=""))
    op.add_column("site", sa.Column("pcs_w", sa.BigInteger(), nullable=True))
    op.add_column("customer", sa.Column("left_on", sa.Date(), nullable=True))
    op.add_column("customer", sa.Column("disabled_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "customer_note",
        sa.Column("id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_note_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_note")),
    )
    op.create_index(op.f("ix_customer_note_customer_id"), "customer_note", ["customer_id"])
    triggers.create(op.get_bind())


def downgrade() -> None:
    """Take them away."""
    triggers.drop(op.get_bind())
    op.drop_table("customer_note")
    for table, columns in (("customer", ("disabled_at", "left_on")), ("site", ("pcs_w", "pcs"))):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
    triggers.create(op.get_bind())
