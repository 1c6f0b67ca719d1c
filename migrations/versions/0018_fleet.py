"""Keep what is asked of devices, their octets, who saw them read rightly, and photos of meters."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and make the tables; nothing is known of the past."""
    triggers.drop(op.get_bind())
    op.add_column("meter_event", sa.Column("reference", sa.Text(), nullable=True))
    op.add_column("gateway", sa.Column("commissioned_at", sa.BigInteger(), nullable=True))
    op.add_column("gateway", sa.Column("commissioned_by", sa.Text(), nullable=True))
    op.create_table(
        "gateway_traffic",
        sa.Column("gateway_id", KEY, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("octets", sa.BigInteger(), nullable=False),
        sa.Column("asks", sa.BigInteger(), nullable=False),
        _of_gateway("gateway_traffic"),
        sa.PrimaryKeyConstraint("gateway_id", "month", name=op.f("pk_gateway_traffic")),
    )
    op.create_table(
        "gateway_request",
        sa.Column("id", KEY, nullable=False),
        sa.Column("gateway_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('read', 'poll', 'backfill')", name=op.f("ck_gateway_request_kind")
        ),
        _of_gateway("gateway_request"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_request")),
    )
    op.create_index("ix_gateway_request_gateway_id", "gateway_request", ["gateway_id", "id"])
    op.create_index(op.f("ix_gateway_request_ended_at"), "gateway_request", ["ended_at"])
    triggers.create(op.get_bind())


def _of_gateway(table: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        ["gateway_id"],
        ["gateway.id"],
        name=op.f(f"fk_{table}_gateway_id_gateway"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    """Take them away."""
    triggers.drop(op.get_bind())
    op.drop_table("gateway_request")
    op.drop_table("gateway_traffic")
    for table, columns in (
        ("gateway", ("commissioned_at", "commissioned_by")),
        ("meter_event", ("reference",)),
    ):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
    triggers.create(op.get_bind())
