"""Keep the sums of bills by month, state and quality, and find revised bills by an index."""

import sqlalchemy as sa
from alembic import op

from shared import tallies, triggers

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, count what is there, and have the triggers keep it so."""
    triggers.drop(op.get_bind())
    op.create_table(
        "invoice_sum",
        sa.Column("month", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("state", "quality")),
        sa.Column("bills", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in tallies.FIGURES),
        sa.PrimaryKeyConstraint("month", "state", "quality", name=op.f("pk_invoice_sum")),
        sqlite_with_rowid=False,
    )
    op.execute(tallies.fill("invoice_sum", op.get_bind().dialect.name))
    op.create_index(
        "ix_invoice_revised",
        "invoice",
        ["id"],
        sqlite_where=sa.text("revision > 1"),
        postgresql_where=sa.text("revision > 1"),
    )
    triggers.create(op.get_bind())


def downgrade() -> None:
    """Take both away."""
    triggers.drop(op.get_bind())
    op.drop_index("ix_invoice_revised", "invoice")
    op.drop_table("invoice_sum")
    triggers.create(op.get_bind())
