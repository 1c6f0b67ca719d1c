"""Find a customer's bills without reading everybody's."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_invoice_customer_id", "invoice", ["customer_id", "month"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_invoice_customer_id", "invoice")
