"""Let operators choose their password by a link, and come in with a second step."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the columns and the table of links."""
    op.add_column("operator", sa.Column("totp_sealed", sa.LargeBinary(), nullable=True))
    op.add_column(
        "operator", sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_table(
        "operator_link",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operator_id", KEY, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name=op.f("fk_operator_link_operator_id_operator")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_operator_link_token_hash")),
    )
    op.create_index(op.f("ix_operator_link_operator_id"), "operator_link", ["operator_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("operator_link")
    with op.batch_alter_table("operator") as batch:
        batch.drop_column("totp_step")
        batch.drop_column("totp_sealed")
