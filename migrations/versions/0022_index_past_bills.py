"""Find the old system's bills of a customer without reading everybody's."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_past_bill_customer_id", "past_bill", ["customer_id"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_past_bill_customer_id", "past_bill")
