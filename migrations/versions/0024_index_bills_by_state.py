"""Find held bills, and the bill that another replaced, without reading all."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_invoice_state", "invoice", ["state", "month", "id"])
    op.create_index("ix_invoice_successor_id", "invoice", ["successor_id"])


def downgrade() -> None:
    """Drop the indexes."""
    op.drop_index("ix_invoice_successor_id", "invoice")
    op.drop_index("ix_invoice_state", "invoice")
