"""Let a session be one that a mailed link opened, for one bill."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("session") as batch:
        batch.add_column(sa.Column("bill_link_id", KEY, nullable=True))
        batch.create_foreign_key(
            op.f("fk_session_bill_link_id_bill_link"), "bill_link", ["bill_link_id"], ["id"]
        )


def downgrade() -> None:
    """Drop it; the sessions of links end."""
    op.execute("DELETE FROM session WHERE bill_link_id IS NOT NULL")
    with op.batch_alter_table("session") as batch:
        batch.drop_constraint(op.f("fk_session_bill_link_id_bill_link"), type_="foreignkey")
        batch.drop_column("bill_link_id")
