"""Make the table of what gateways said of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "gateway_word",
        sa.Column("gateway_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("clock_error_s", sa.BigInteger(), nullable=True),
        sa.Column("firmware", sa.Text(), nullable=False),
        sa.Column("sale_sen", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["gateway_id"],
            ["gateway.id"],
            name=op.f("fk_gateway_word_gateway_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_gateway_word")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("gateway_word")
