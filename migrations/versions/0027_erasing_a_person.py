"""Let the data of a person who asks be erased: once, and nothing else of what is final."""

import sqlalchemy as sa
from alembic import op

from shared import triggers

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = ("customer", "audit", "mail_event")
ERASED = sa.text("erased_at IS NOT NULL")


def upgrade() -> None:
    """Make the columns; the guards let exactly the erasing through."""
    triggers.drop(op.get_bind())
    for table in TABLES:
        op.add_column(table, sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_customer_erased_at",
        "customer",
        ["erased_at"],
        sqlite_where=ERASED,
        postgresql_where=ERASED,
    )
    triggers.create(op.get_bind())


def downgrade() -> None:
    """Take them away; what was erased stays so."""
    triggers.drop(op.get_bind())
    op.drop_index("ix_customer_erased_at", "customer")
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("erased_at")
    triggers.create(op.get_bind())
