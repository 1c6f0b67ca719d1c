"""Make the tables of gateways, feeds and polls."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of gateways, feeds and polls."""
    op.create_table(
        "gateway",
        sa.Column("id", KEY, nullable=False),
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("profile_text", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("last_ok_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "driver IN ('modbus', 'sunspec', 'aiseg2', 'echonet')", name=op.f("ck_gateway_driver")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_gateway_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway")),
        sa.UniqueConstraint(
            "site_id",
            "driver",
            "address",
            "unit",
            "profile",
            name=op.f("uq_gateway_site_id_driver_address_unit_profile"),
        ),
    )
    op.create_index(op.f("ix_gateway_site_id"), "gateway", ["site_id"], unique=False)
    op.create_table(
        "feed",
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("gateway_id", KEY, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("metrology", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "metrology IN ('', 'certified', 'special', 'ct', 'inverter')",
            name=op.f("ck_feed_metrology"),
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_feed_channel_id")),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_feed_gateway_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_feed")),
    )
    op.create_index(op.f("ix_feed_gateway_id"), "feed", ["gateway_id"], unique=False)
    op.create_table(
        "poll",
        sa.Column("gateway_id", KEY, nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateway.id"], name=op.f("fk_poll_gateway_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("gateway_id", "slot", name=op.f("pk_poll")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_poll_slot"), "poll", ["slot"], unique=False)


def downgrade() -> None:
    """Take the tables away."""
    op.drop_table("poll")
    op.drop_table("feed")
    op.drop_table("gateway")
