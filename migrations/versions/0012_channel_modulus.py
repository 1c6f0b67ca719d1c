"""Remember of each channel where its register wraps, as the device tells."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing is known of the past."""
    op.add_column("channel", sa.Column("modulus_wh", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Take it away."""
    triggers.drop(op.get_bind())
    with op.batch_alter_table("channel") as batch:
        batch.drop_column("modulus_wh")
    triggers.create(op.get_bind())
